//! What should have rung: episodes that somebody labelled, as text beside the rule (`RULE.episodes.toml`), and what
//! became of each.
//!
//! ```toml
//! counts_within = "72 h"      # a ring so long before an episode still counts for it; 72 h when not said
//! [[episode]]
//! name = "Flood of May 2024"
//! from = 2024-05-02T13:00:00-03:00
//! until = 2024-06-01T00:00:00-03:00
//! ```

use city::{Span, Time};
use toml::de::{DeTable, DeValue};

use crate::backtest::{Backtest, Ring};
use crate::parse::RuleError;
use crate::reader::{Fields, Mistakes, describe};
use crate::score::COUNTS_WITHIN;

/// Most episodes that one rule is judged by: a year of daily ones.
pub const EPISODES_MAX: usize = 400;

/// A stretch of time in which the rule should have rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// What people call it.
    pub name: String,
    /// When it began.
    pub from: Time,
    /// When it was over.
    pub until: Time,
}

/// All episodes of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episodes {
    /// In the order of the file.
    pub episodes: Vec<Episode>,
    /// A ring so long before an episode still counts for it.
    pub counts_within: Span,
}

/// What became of an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The episode.
    pub episode: Episode,
    /// The first ring that stood in it, by its place among the rings.
    pub ring: Option<usize>,
    /// How long before its beginning that opened; negative: after. `None`: missed.
    pub lead: Option<Span>,
}

/// What a backtest comes to against labelled episodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Each episode that the backtest went over.
    pub judged: Vec<Judged>,
    /// Rings in no episode, by their places among the rings.
    pub for_nothing: Vec<usize>,
}

/// Counts of a [`Verdict`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Episodes in which a ring stood.
    pub caught: usize,
    /// Episodes without one.
    pub missed: usize,
    /// Rings in no episode.
    pub for_nothing: usize,
}

impl Verdict {
    /// How many.
    pub fn counts(&self) -> Counts {
        let caught = self.judged.iter().filter(|judged| judged.ring.is_some()).count();
        Counts { caught, missed: self.judged.len() - caught, for_nothing: self.for_nothing.len() }
    }
}

impl Episodes {
    /// Holds the rings of a backtest against them. An episode of which nothing lies in the backtest is left out, and so is
    /// one that began before it and has no ring: what rang for it may have rung before.
    pub fn judge(&self, done: &Backtest) -> Verdict {
        let (Some(from), Some(to)) = (done.from, done.to) else { return Verdict::default() };
        let stood_in = |ring: &Ring, episode: &Episode| {
            let opened_for_it =
                ring.opened >= episode.from - self.counts_within && ring.opened <= episode.until && ring.opened <= to;
            opened_for_it && ring.resolved.is_none_or(|resolved| resolved >= episode.from)
        };
        let met = self.episodes.iter().filter(|episode| episode.from <= to && episode.until >= from);
        let known = |judged: &Judged| judged.ring.is_some() || judged.episode.from >= from;
        let judge = |episode: &Episode| {
            let ring = done.rings.iter().position(|ring| stood_in(ring, episode));
            let lead = ring.and_then(|at| done.rings.get(at)).map(|ring| episode.from.since(ring.opened));
            Judged { episode: episode.clone(), ring, lead }
        };
        let in_none = |ring: &Ring| !self.episodes.iter().any(|episode| stood_in(ring, episode));
        Verdict {
            judged: met.map(judge).filter(known).collect(),
            for_nothing: (0..).zip(&done.rings).filter(|(_, ring)| in_none(ring)).map(|(at, _)| at).collect(),
        }
    }
}

/// Reads a file of episodes.
///
/// # Errors
/// Every mistake, with file, line, column and what would be right.
pub fn parse(path: &str, text: &str) -> Result<Episodes, Vec<RuleError>> {
    let mut mistakes = Mistakes::new(path, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        mistakes.at(error.span().map_or(0, |span| span.start), format!("not TOML: {}", error.message()));
    }
    if !errors.is_empty() {
        return Err(mistakes.found);
    }
    let mut fields = Fields::new(table.get_ref(), 0..0, "");
    let counts_within = fields.span_or("counts_within", COUNTS_WITHIN, &mut mistakes);
    let mut episodes = Vec::new();
    for mut table in fields.list("episode", &mut mistakes) {
        let name = table.text("name", "what people call it, as \"Flood of May 2024\"", &mut mistakes);
        let (from, until) = (time(&mut table, "from", &mut mistakes), time(&mut table, "until", &mut mistakes));
        let start = table.start();
        table.finish(&mut mistakes);
        let (Some(name), Some(from), Some(until)) = (name, from, until) else { continue };
        if from >= until {
            mistakes.at(start, format!("`from` {from} is not before `until` {until}"));
        }
        episodes.push(Episode { name: name.value, from, until });
    }
    if episodes.len() > EPISODES_MAX {
        mistakes.at(0, format!("{} episodes; at most {EPISODES_MAX} are judged", episodes.len()));
    }
    fields.finish(&mut mistakes);
    mistakes.found.sort();
    if mistakes.found.is_empty() { Ok(Episodes { episodes, counts_within }) } else { Err(mistakes.found) }
}

const TIME_WORDS: &str = "a time with its zone, as 2024-05-02T13:00:00-03:00";

/// A time that must be there, with quotes or without.
pub(crate) fn time(fields: &mut Fields<'_, '_>, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<Time> {
    let Some(found) = fields.value(key) else {
        mistakes.at(fields.start(), format!("`{key}` is missing: it should be {TIME_WORDS}"));
        return None;
    };
    let text = match found.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(instant) => instant.to_string(),
        other => describe(other),
    };
    let read = text.parse().ok();
    if read.is_none() {
        mistakes.at(found.span().start, format!("`{key}` is {text}; it should be {TIME_WORDS}"));
    }
    read
}
