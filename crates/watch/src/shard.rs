//! Readings into cells: the part of the engine that most observations never leave. A shard knows nothing of other
//! shards, of alerts, or of words; what matters to them is noted.

use city::{FeedId, Time};
use serde::{Deserialize, Serialize};

use crate::figure::{Memory, Seen, Taken};
use crate::life::UPDATE_EVERY;
use crate::plan::{Look, Part, SeriesPlan, ShardPlan, Wish};
use crate::rise::{self, Outlook};
use crate::timers::{Holding, Timers, Turn};
use crate::truth::Truth;

/// What is remembered of one shard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shard {
    /// One for each series of the plan.
    pub(crate) series: Vec<SeriesHeard>,
    /// One for each cell of the plan.
    pub(crate) cells: Vec<Cell>,
}

/// When a series was last heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SeriesHeard {
    /// When its newest reading was received.
    pub(crate) received: Option<Time>,
    /// It has been silent for longer than its beat, and that was noted.
    pub(crate) silent: bool,
}

/// What is remembered of one rule, or condition, on one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// What its figure needs.
    pub(crate) memory: Memory,
    /// How far it has come.
    pub(crate) timers: Timers,
    /// When the words of its alert were last sent out.
    pub(crate) told: Option<Time>,
    /// What it was with the last reading: for a condition with its `for`, for a rule without it.
    pub(crate) truth: Truth,
}

/// A reading on its way, with its place in the batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Its place in the batch.
    pub(crate) place: u32,
    pub(crate) series: u32,
    pub(crate) at: Time,
    pub(crate) value: f64,
}

/// The place of what happened when the time of the whole feed moved on: after every reading.
pub(crate) const AFTER_ALL: u32 = u32::MAX;

/// Something that others have to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    /// The place of its reading in the batch.
    pub(crate) row: u32,
    /// The cell, or the series where `what` says so.
    pub(crate) of: u32,
    pub(crate) what: Noted,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Noted {
    /// The series spoke again after a silence.
    Returned,
    /// The series spoke after a pause that only some rule on its silence may have noticed.
    Spoke,
    /// The alert of this episode can be seen again.
    Sighted(Time),
    /// An alert opens, stands with something to tell, or resolves; with the timers as they were then: later readings
    /// of the batch may have moved them on by the time that it is carried out.
    Turned(Turn, Evidence, Timers),
    /// A condition, or a rule with a guard, was seen.
    Seen(Evidence),
    /// A reading came late, for a time at which the alert of an episode stood that has resolved.
    Late(Time, Time),
}

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence {
    /// The instant that it is for.
    pub(crate) at: Time,
    /// The figure.
    pub(crate) figure: f64,
    /// What was to be expected.
    pub(crate) expected: Option<f64>,
    /// The reading that it came with.
    pub(crate) reading: (Time, f64),
    /// For a rise.
    pub(crate) outlook: Option<Outlook>,
    pub(crate) open: Truth,
    pub(crate) close: Truth,
    /// There was a hole before it.
    pub(crate) broken: bool,
}

impl Shard {
    /// Takes readings in order, all received at `now`.
    pub(crate) fn take(&mut self, plan: &ShardPlan, rows: &[Row], now: Time, notes: &mut Vec<Note>) {
        for row in rows {
            let (Some(series), Some(heard)) =
                (plan.series.get(row.series as usize), self.series.get_mut(row.series as usize))
            else {
                continue;
            };
            let before = heard.received.replace(now);
            // A rule that waits for less than a beat has noticed a silence that nobody else has.
            let noticed = series.gap < series.beat && before.is_none_or(|before| now.since(before) > series.gap);
            let returned = std::mem::take(&mut heard.silent);
            if returned || noticed {
                let what = if returned { Noted::Returned } else { Noted::Spoke };
                notes.push(Note { row: row.place, of: row.series, what });
            }
            for (place, wish) in plan.cells_of(series) {
                let Some(cell) = self.cells.get_mut(place as usize) else { continue };
                if let Some(episode) = cell.timers.episode.filter(|_| returned && cell.timers.stands) {
                    notes.push(Note { row: row.place, of: place, what: Noted::Sighted(episode) });
                }
                if let Some(what) = cell.take(wish, series, row, now) {
                    notes.push(Note { row: row.place, of: place, what });
                }
            }
            for place in &series.forecast_of {
                if let Some(cell) = self.cells.get_mut(*place as usize) {
                    cell.memory.expect(row.at, row.value);
                }
            }
        }
    }

    /// The time of a feed has come from `before` to `until`: stretches of the clock that were over a beat of their series
    /// ago give their figure. A series that speaks ends its stretch by itself; this is for those that do not, or that
    /// speak later than others of the feed. All cells are looked at when a stretch has ended; else only those that took
    /// a reading for an earlier one.
    pub(crate) fn over(
        &mut self,
        plan: &ShardPlan,
        feed: &FeedId,
        (before, until): (Option<Time>, Time),
        rows: &[Row],
        now: Time,
        notes: &mut Vec<Note>,
    ) {
        for ((window, beat), cells) in plan.tumbling.get(feed).into_iter().flatten() {
            let until = until - *beat;
            let running = until.floor(*window);
            if before.is_none_or(|before| (before - *beat).floor(*window) != running) {
                for place in cells {
                    self.end_stretch(plan, *place, until, now, notes);
                }
                continue;
            }
            for row in rows.iter().filter(|row| row.at < running) {
                let Some(series) = plan.series.get(row.series as usize) else { continue };
                for place in series.cells().filter(|place| cells.binary_search(place).is_ok()) {
                    self.end_stretch(plan, place, until, now, notes);
                }
            }
        }
    }

    fn end_stretch(&mut self, plan: &ShardPlan, place: u32, until: Time, now: Time, notes: &mut Vec<Note>) {
        let (Some((wish, _)), Some(cell)) = (plan.cell(place), self.cells.get_mut(place as usize)) else { return };
        let Look::Figure { figure, .. } = &wish.look else { return };
        if let Taken::Seen(seen) = cell.memory.over(*figure, until)
            && let Some(what) = cell.judge(wish, evidence(&wish.look, seen, (seen.at, seen.figure)), now)
        {
            notes.push(Note { row: AFTER_ALL, of: place, what });
        }
    }
}

fn evidence(look: &Look, seen: Seen, reading: (Time, f64)) -> Evidence {
    let (open, close) = match look {
        Look::Figure { open, close, .. } => (seen.truth(*open), seen.truth(*close)),
        Look::Rise(_) => (Truth::Unknown, Truth::Unknown),
    };
    Evidence {
        at: seen.at,
        figure: seen.figure,
        expected: seen.expected,
        reading,
        outlook: None,
        open,
        close,
        broken: seen.broken,
    }
}

impl Wish {
    /// What was seen, as timers take it.
    pub(crate) fn holding(&self, seen: &Evidence) -> Holding {
        Holding {
            at: seen.at,
            open: seen.open,
            open_for: self.open_for,
            close: seen.close,
            close_for: self.close_for,
            damped: self.damped,
        }
    }
}

impl Cell {
    fn take(&mut self, wish: &Wish, series: &SeriesPlan, row: &Row, now: Time) -> Option<Noted> {
        let reading = (row.at, row.value);
        match &wish.look {
            Look::Figure { figure, .. } => match self.memory.take(*figure, row.at, row.value, series.beat) {
                Taken::Seen(seen) => self.judge(wish, evidence(&wish.look, seen, reading), now),
                Taken::Nothing => None,
                Taken::Late => self.late(row.at),
            },
            Look::Rise(rise) => {
                let stands = self.timers.stands;
                let seen = rise::take(&mut self.memory, rise, row.at, row.value, series.beat, stands)?;
                self.judge(wish, seen, now)
            }
        }
    }

    fn late(&self, at: Time) -> Option<Noted> {
        let over = !self.timers.stands && self.timers.closed.is_some_and(|closed| at <= closed);
        let episode = self.timers.episode.filter(|episode| over && at >= *episode)?;
        Some(Noted::Late(at, episode))
    }

    fn judge(&mut self, wish: &Wish, seen: Evidence, now: Time) -> Option<Noted> {
        if matches!(wish.part, Part::Subject | Part::Guarded) {
            self.truth = seen.open;
        }
        match wish.part {
            Part::Input | Part::Guarded => Some(Noted::Seen(seen)),
            Part::Condition(_) => {
                if seen.broken {
                    self.timers.broken();
                }
                let truth = self.timers.holds(seen.open, wish.open_for, seen.at);
                (std::mem::replace(&mut self.truth, truth) != truth).then_some(Noted::Seen(seen))
            }
            Part::Subject => {
                if seen.broken {
                    self.timers.broken();
                }
                let turn = self.timers.advance(wish.holding(&seen));
                let due = || wish.steps || self.told.is_none_or(|told| now.since(told) >= UPDATE_EVERY);
                match turn {
                    Turn::Quiet => None,
                    Turn::Stands if !due() => None,
                    Turn::Stands | Turn::Opens | Turn::Resolves => Some(Noted::Turned(turn, seen, self.timers)),
                }
            }
        }
    }
}
