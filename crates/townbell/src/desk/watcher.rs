//! The watcher at the desk: the pure engine of `watch`, its state, and what it did since that was last saved.

use std::sync::Arc;

use city::record::Entry;
use city::{AlertChange, FeedId, Record, RuleId, Seq, Time, Timetable};
use store::{Store, StoreError, WatchPosition, WatchStep};
use watch::standing::TruthNow;
use watch::{Context, Done, Rule, State};

use crate::config::City;
use crate::tell::calls::Calls;

pub(super) struct Watcher {
    context: Context,
    state: State,
    position: Option<WatchPosition>,
    steps: Vec<WatchStep>,
    snapshot_seq: u64,
}

impl Watcher {
    pub(super) fn new(city: &City, rules: Vec<Rule>) -> Self {
        let context = Context::new(city.parts(rules));
        Self { context, state: State::default(), position: None, steps: Vec::new(), snapshot_seq: 0 }
    }

    /// Goes on from a snapshot.
    pub(super) fn restore(&mut self, position: WatchPosition, snapshot: &[u8]) -> Result<(), postcard::Error> {
        self.state = postcard::from_bytes(snapshot)?;
        self.position = Some(position);
        self.snapshot_seq = position.seq.0;
        Ok(())
    }

    /// Other rules: the next step moves the state over to them, as it does after a start with other rules.
    pub(super) fn adopt(&mut self, mut context: Context) {
        context.take_timetables(&self.context);
        self.context = context;
    }

    pub(super) fn timetable(&mut self, feed: &FeedId, tables: &Arc<Timetable>) {
        self.context.set_timetable(feed.clone(), Arc::clone(tables));
    }

    /// Steps over one row of the journal, with the ticks of the grid before it.
    pub(super) fn row(&mut self, seq: Seq, received: Time, feed: &FeedId, records: Vec<Record>) {
        let entry = |record| Entry { feed: feed.clone(), received, record };
        let entries: Vec<Entry> = records.into_iter().map(entry).collect();
        let done = watch::run_with_calls(&mut self.state, &self.context, &entries, None);
        self.done(WatchPosition { seq, time: received }, done);
    }

    /// Time has come to `now`: the ticks of the grid until then.
    pub(super) fn tick(&mut self, now: Time) {
        let done = watch::run_with_calls(&mut self.state, &self.context, [], Some(now));
        let seq = self.position.map_or(Seq(0), |position| position.seq);
        self.done(WatchPosition { seq, time: now }, done);
    }

    fn done(&mut self, position: WatchPosition, done: Done) {
        self.position = Some(position);
        let Done { changes, notifications } = done;
        if changes.is_empty() && notifications.is_empty() {
            // Only the newest position without changes is worth keeping.
            let empty = |last: &&mut WatchStep| last.changes.is_empty() && last.notifications.is_empty();
            if let Some(last) = self.steps.last_mut().filter(empty) {
                last.position = position;
                return;
            }
        }
        self.steps.push(WatchStep { position, changes, notifications });
    }

    /// What is kept quiet, and who is called.
    pub(super) fn calls(&self, roles: &[String]) -> Calls {
        let now = self.now().or(self.state.now()).unwrap_or_default();
        Calls::of(self.state.notify(), &self.context.calls(), roles, now)
    }

    /// What every rule makes of what it looks at now.
    pub(super) fn truths(&self) -> Vec<(RuleId, TruthNow)> {
        watch::standing::truths(&self.state, &self.context)
    }

    /// Journal entries since the last snapshot.
    pub(super) fn unsaved(&self) -> u64 {
        self.position.map_or(0, |position| position.seq.0).saturating_sub(self.snapshot_seq)
    }

    /// The newest entry that is in the last snapshot.
    pub(super) fn covered(&self) -> Seq {
        Seq(self.snapshot_seq)
    }

    pub(super) fn position(&self) -> Option<WatchPosition> {
        self.position
    }

    pub(super) fn now(&self) -> Option<Time> {
        self.position.map(|position| position.time)
    }

    /// Keeps what happened, with a snapshot when asked. Gives the changes that were not kept before. Without changes
    /// and without a snapshot nothing is written: the position alone is found again by stepping.
    pub(super) fn save(&mut self, store: &mut Store, snapshot: bool) -> Result<Vec<AlertChange>, StoreError> {
        let idle = |step: &WatchStep| step.changes.is_empty() && step.notifications.is_empty();
        if !snapshot && self.steps.iter().all(idle) {
            return Ok(Vec::new());
        }
        let bytes = if snapshot { postcard::to_stdvec(&self.state).ok() } else { None };
        if let (Some(_), Some(position)) = (&bytes, self.position) {
            self.snapshot_seq = position.seq.0;
            if self.steps.is_empty() {
                self.steps.push(WatchStep { position, changes: Vec::new(), notifications: Vec::new() });
            }
        }
        let new = store.save_watch(&self.steps, bytes.as_deref())?;
        self.steps.clear();
        Ok(new)
    }
}
