//! How each feed does.

use city::{Contract, Record, Tally, Time};

use crate::tell::views::{FeedState, FeedStatus};

/// What is known about one feed.
#[derive(Debug, Default)]
pub(super) struct FeedLine {
    last_good: Option<Time>,
    pub(super) last_asked: Option<Time>,
    newest: Option<(Time, Time)>,
    pub(super) tally: Tally,
}

impl FeedLine {
    pub(super) fn take(&mut self, received: Time, record: &Record) {
        self.last_asked = self.last_asked.max(Some(received));
        let told = match record {
            Record::FeedBeat(beat) if !beat.good => return,
            Record::FeedBeat(_)
            | Record::RequestsCut(_)
            | Record::Unreached(_)
            | Record::Timetable(_)
            | Record::Acknowledgement(_)
            | Record::DeskAction(_)
            | Record::ServiceAlert(_)
            | Record::Entities(_)
            | Record::Erasure(_) => None,
            Record::Observations(rows) => rows.newest(),
            Record::VehiclePosition(p) => Some(p.time),
            Record::TripUpdate(u) => Some(u.time),
            Record::Warning(w) => Some(w.sent),
            Record::ServiceRequest(r) => Some(r.hour),
        };
        self.last_good = self.last_good.max(Some(received));
        if let Some(told) = told
            && self.newest.is_none_or(|(newest, _)| newest < told)
        {
            self.newest = Some((told, received));
        }
    }

    /// The account as the store has it, in place of what was counted so far.
    pub(super) fn put(&mut self, account: store::FeedAccount) {
        self.tally = account.tally;
        self.last_asked = self.last_asked.max(account.last_asked);
        self.last_good = self.last_good.max(account.last_good);
    }

    pub(super) fn state(&self, contract: &Contract, now: Time) -> FeedState {
        let silence = self.last_good.map(|good| now.since(good));
        let status = match silence {
            None => FeedStatus::Waiting,
            Some(silence) if silence > contract.beat => FeedStatus::Silent,
            Some(silence) if silence.as_ms() * 2 > contract.beat.as_ms() && silent_is_late(contract) => {
                FeedStatus::Late
            }
            Some(_) => FeedStatus::OnTime,
        };
        let received = self.tally.received;
        FeedState {
            id: contract.feed.to_string(),
            name: contract.name.clone(),
            kind: contract.kind,
            owner: contract.owner.clone(),
            licence: contract.licence.clone(),
            purpose: contract.purpose.clone(),
            beat_s: contract.beat.as_s(),
            retention_s: contract.retention.as_s(),
            caveat: contract.caveat.clone(),
            status,
            last_good: self.last_good,
            last_asked: self.last_asked,
            lag_s: self.newest.map(|(told, received)| received.since(told).as_s()),
            tally: self.tally.clone(),
            reject_share: if received == 0 { 0.0 } else { self.tally.rejected_total() as f64 / received as f64 },
        }
    }
}

/// Feeds that are sent to us come when they come: half a beat of silence means nothing yet.
fn silent_is_late(contract: &Contract) -> bool {
    contract.kind != city::FeedKind::SensorThings
}
