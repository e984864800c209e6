//! What came, what became of it, and whether the broker is there. Counts and times; nothing of any message.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use city::{Reason, Time};
use serde::Serialize;
use utoipa::ToSchema;

/// Whether the broker is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BrokerLink)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Link {
    /// Since then.
    Connected {
        /// When it welcomed us.
        since: Time,
    },
    /// Since then. What is stored is not touched by it; devices' messages wait at the broker.
    Silent {
        /// When it was lost, or first not found.
        since: Time,
        /// Why, in words of ours.
        why: &'static str,
    },
}

/// All counts since the program began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BrokerAccount)]
pub struct Account {
    /// Messages that came and were settled: created + duplicate + refused + echo.
    pub received: u64,
    /// Messages whose observation is on the disk.
    pub created: u64,
    /// Messages whose observation was there already.
    pub duplicate: u64,
    /// Messages that were refused and acknowledged, by reason.
    pub refused: BTreeMap<Reason, u64>,
    /// Messages of our own that came back, and were passed over.
    pub echo: u64,
    /// Times that a message had to wait because the store could not take it.
    pub postponed: u64,
    /// Messages that the broker acknowledged.
    pub published: u64,
    /// Messages that the broker did not take, or could not.
    pub turned_away: u64,
    /// Updates that were not told because the broker was slow or away; they are in the store.
    pub dropped: u64,
}

/// An account with the state of the link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BrokerStatus)]
pub struct Status {
    /// The broker.
    pub link: Link,
    /// The counts.
    pub account: Account,
}

/// Where the session counts; shared with whoever shows it.
#[derive(Debug)]
pub struct Counters {
    created: AtomicU64,
    duplicate: AtomicU64,
    refused: [AtomicU64; Reason::ALL.len()],
    echo: AtomicU64,
    postponed: AtomicU64,
    published: AtomicU64,
    turned_away: AtomicU64,
    dropped: AtomicU64,
    link: Mutex<Link>,
}

/// One of the counts that have no reason.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    Created,
    Duplicate,
    Echo,
    Postponed,
    Published,
    TurnedAway,
    Dropped,
}

impl Counters {
    /// All at nought, and no broker yet.
    pub fn new(now: Time) -> Self {
        Self {
            created: AtomicU64::new(0),
            duplicate: AtomicU64::new(0),
            refused: std::array::from_fn(|_| AtomicU64::new(0)),
            echo: AtomicU64::new(0),
            postponed: AtomicU64::new(0),
            published: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            link: Mutex::new(Link::Silent { since: now, why: "not connected yet" }),
        }
    }

    /// As it stands.
    pub fn status(&self) -> Status {
        let read = |count: Count| self.of(count).load(Ordering::Relaxed);
        let refused = Reason::ALL.into_iter().zip(&self.refused);
        let mut account = Account {
            received: 0,
            created: read(Count::Created),
            duplicate: read(Count::Duplicate),
            refused: refused
                .map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            echo: read(Count::Echo),
            postponed: read(Count::Postponed),
            published: read(Count::Published),
            turned_away: read(Count::TurnedAway),
            dropped: read(Count::Dropped),
        };
        let refused: u64 = account.refused.values().sum();
        account.received = account.created + account.duplicate + refused + account.echo;
        Status { link: *self.link.lock().unwrap_or_else(PoisonError::into_inner), account }
    }

    pub(super) fn add(&self, count: Count, by: u64) {
        self.of(count).fetch_add(by, Ordering::Relaxed);
    }

    pub(super) fn refuse(&self, reason: Reason) {
        let place = Reason::ALL.iter().position(|other| *other == reason);
        if let Some(count) = place.and_then(|place| self.refused.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn connected(&self, now: Time) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Link::Connected { since: now };
    }

    /// Keeps the time at which silence began; true when it begins now.
    pub(super) fn silent(&self, now: Time, why: &'static str) -> bool {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, begins) = match *link {
            Link::Connected { .. } => (now, true),
            Link::Silent { since, why: before } => (since, before != why),
        };
        *link = Link::Silent { since, why };
        begins
    }

    fn of(&self, count: Count) -> &AtomicU64 {
        match count {
            Count::Created => &self.created,
            Count::Duplicate => &self.duplicate,
            Count::Echo => &self.echo,
            Count::Postponed => &self.postponed,
            Count::Published => &self.published,
            Count::TurnedAway => &self.turned_away,
            Count::Dropped => &self.dropped,
        }
    }
}
