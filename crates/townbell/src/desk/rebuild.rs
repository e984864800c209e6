//! Starting again: the picture and the watcher's state out of what is stored.

use std::sync::Arc;

use city::time::TIME_MAX;
use city::{FeedKind, Record, Seq, Span, Time};
use watch::Context;
use watch::kept::RuleText;

use super::clerk::Clerk;
use crate::config::City;
use crate::limits::{ALERTS_PER_PAGE_MAX, REBUILD_BATCH, REBUILD_SPAN, RESOLVED_SHOWN};
use crate::picture::{Changes, Picture};
use crate::tell::views::LatestValue;

/// How far back official warnings are read: a forecast of the season is in force for three months.
const WARNINGS_SPAN: Span = Span::h(24 * 100);

impl Clerk {
    pub(super) fn rebuild(&mut self, city: &City, now: Time) -> anyhow::Result<()> {
        for feed in &city.feeds {
            if let Some(stored) = self.store.read().timetable(&feed.contract.feed)? {
                self.timetable(&feed.contract.feed, Arc::new(stored.tables));
            }
        }
        self.rewatch(city, now)?;
        let picture = Arc::clone(&self.picture);
        let mut picture = picture.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        redraw(&mut picture, self.store.read(), city, now)?;
        picture.take_calls(self.watcher.calls(&city.roles));
        Ok(())
    }

    /// From the last snapshot over every row since, to where the watcher stood, by the rules of then: it misses nothing,
    /// and what it rang already is not rung again. Only then the rules of the folder take over.
    fn rewatch(&mut self, city: &City, now: Time) -> anyhow::Result<()> {
        let known = self.store.read().watch_state()?;
        let mut seq = Seq(0);
        let mut anew = known.is_some();
        let mut newer = None;
        if let Some((position, snapshot)) = known.as_ref().and_then(|known| known.snapshot.as_ref()) {
            match self.watcher.restore(*position, snapshot) {
                Ok(in_force) => {
                    (seq, anew) = (position.seq, false);
                    newer = self.go_back(city, &in_force);
                }
                // The journal has all that it was made from.
                Err(error) => tracing::warn!(%error, "the watch goes over the whole journal again"),
            }
        }
        let mut caught_up = known.is_none();
        loop {
            let rows = self.store.read().journal_after(seq, REBUILD_BATCH)?;
            let Some(last) = rows.last() else { break };
            seq = last.seq;
            for row in rows {
                if let Some(known) = known.as_ref().filter(|known| !caught_up && row.seq > known.position.seq) {
                    // Ticks that had run after the last row it saw come first, or they would count as new.
                    self.watcher.tick(known.position.time);
                    caught_up = true;
                }
                self.watcher.row(row.seq, row.received, &row.feed, row.records);
            }
            self.watcher.save(&mut self.store, true)?;
        }
        if let Some(known) = known.as_ref().filter(|_| !caught_up) {
            self.watcher.tick(known.position.time);
            self.watcher.save(&mut self.store, false)?;
        }
        if let Some(known) = known.filter(|_| anew) {
            let told = self.store.read().standing_alerts(TIME_MAX, usize::MAX)?;
            let after_all = self.watcher.now().unwrap_or(known.position.time).max(known.position.time) + Span::ms(1);
            self.watcher.settle(told, now.max(after_all));
            self.watcher.save(&mut self.store, true)?;
        }
        if let Some(newer) = newer {
            self.watcher.adopt(newer);
            self.watcher.save(&mut self.store, true)?;
        }
        Ok(())
    }

    /// Puts the rules in force that were so when the program stopped, where they are others than now; gives those of
    /// now.
    fn go_back(&mut self, city: &City, in_force: &[RuleText]) -> Option<Context> {
        if self.watcher.has_rules(in_force) {
            return None;
        }
        let texts: Vec<(String, String)> =
            in_force.iter().map(|rule| (format!("{}.toml", rule.id), rule.text.clone())).collect();
        match city.parse_rules(&texts) {
            Ok(rules) => Some(self.watcher.adopt(Context::new(city.parts(rules)))),
            Err(errors) => {
                let first = errors.first().map(ToString::to_string);
                tracing::warn!(
                    first,
                    "what came since the watch was last kept is seen by the rules of now: those of then do not fit the city any more"
                );
                None
            }
        }
    }
}

fn redraw(picture: &mut Picture, reader: &store::Reader, city: &City, now: Time) -> anyhow::Result<()> {
    let mut unseen = Changes::default();
    for datastream in &city.datastreams {
        for point in reader.range(datastream.id, now - Span::h(3), now + Span::ms(1))? {
            picture.take_value(datastream.id, LatestValue { phenomenon_time: point.time, result: point.result });
        }
    }
    for latest in reader.latest()? {
        let value = LatestValue { phenomenon_time: latest.point.time, result: latest.point.result };
        picture.take_latest(latest.datastream, value);
    }
    let warns = |kind| matches!(kind, FeedKind::CapAtom | FeedKind::CapFiles);
    for feed in city.feeds.iter().filter(|feed| warns(feed.contract.kind)) {
        for row in reader.journal_of(&feed.contract.feed, now - WARNINGS_SPAN)? {
            picture.take(row.seq.0, &row.feed, row.received, &row.records, &mut unseen);
        }
    }
    reader.journal_besides_observations(now - REBUILD_SPAN, now + Span::ms(1), |row| {
        let recent = |record: &Record| !matches!(record, Record::Warning(_));
        let records: Vec<Record> = row.records.into_iter().filter(recent).collect();
        picture.take(row.seq.0, &row.feed, row.received, &records, &mut unseen);
        Ok::<(), store::StoreError>(())
    })?;
    for (feed, account) in reader.accounts()? {
        picture.take_account(&feed, account);
    }
    for alert in reader.standing_alerts(now - RESOLVED_SHOWN, ALERTS_PER_PAGE_MAX)? {
        picture.put_alert(alert);
    }
    picture.grow_old(now);
    // Nobody listens yet; the first browser gets a snapshot.
    let _told = picture.tick(now, unseen);
    Ok(())
}
