//! Silence beside an evaluator that asks all of history at every tick who was heard last.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod plain;
mod town;

use city::record::Entry;
use city::{Datastream, DatastreamId, Severity, Span, ThingId, Time};
use plain::{Book, Counts, Evaluator, Lines, Look, Maybe, Step, compare, in_some, is_silent, readings, words_of};
use proptest::prelude::*;
use town::{beat, load, midnight, parts};
use watch::{Context, Parts};

const RULES: [(&str, &str); 6] = [
    ("feed", "kind = \"absence\"\nfeed = \"water\"\n"),
    (
        "feeds",
        "kind = \"absence\"\nfeeds = [\"water\", \"weather\"]\nafter = \"7 min 30 s\"\ndamped = false\n\
         [[severity_after]]\nheld = \"10 min\"\nseverity = \"severe\"\n",
    ),
    ("things", "kind = \"absence\"\nthings = [1, 2]\nafter = \"25 min\"\n[close]\nfor = \"5 min\"\n"),
    (
        "series",
        "kind = \"absence\"\ndatastreams = [1, 3]\nafter = \"10 min\"\n[close]\nfor = \"4 min\"\n[[severity_after]]\n\
         held = \"5 min\"\nseverity = \"severe\"\n[[severity_after]]\ncalm = \"90 s\"\nseverity = \"minor\"\n",
    ),
    ("beats", "kind = \"absence\"\ndatastreams = [1, 2]\n"),
    (
        "unseen",
        "kind = \"threshold\"\nwhat = \"L\"\ndatastreams = [1, 2]\nstatistic = \"last\"\n[open]\nabove = 400\n[close]\n\
         below = 300\n[unseen]\nafter = \"6 min\"\nseverity = \"minor\"\n[[severity_after]]\n\
         held = \"3 min\"\nseverity = \"extreme\"\n",
    ),
];

const STEPS_FEEDS: [(bool, Span, Severity); 1] = [(true, Span::min(10), Severity::Severe)];
const STEPS_SERIES: [(bool, Span, Severity); 2] =
    [(true, Span::min(5), Severity::Severe), (false, Span::s(90), Severity::Minor)];

/// Series: number, feed, thing, beat in minutes. The fourth speaks for the first thing over another feed.
const SERIES: [(u32, &str, u32, i64); 4] =
    [(1, "water", 1, 30), (2, "water", 2, 30), (3, "weather", 3, 90), (4, "weather", 1, 15)];
const FEEDS: [(&str, i64); 2] = [("water", 20), ("weather", 90)];

fn context() -> Context {
    let mut parts = Parts { rules: load(&RULES).expect("the rules load"), ..parts() };
    parts.datastreams.push(Datastream {
        id: DatastreamId(4),
        name: "Battery of the quay gauge".into(),
        thing: ThingId(1),
        observed_property: "water_level".into(),
        feed: "weather".into(),
        beat: Span::min(15),
    });
    Context::new(parts)
}

/// What is known of a voice: silent, speaking, or neither.
struct Heard<'e> {
    entries: &'e [Entry],
    now: Time,
}

impl Heard<'_> {
    fn is_feed_silent(&self, feed: &str) -> bool {
        let beat = FEEDS.iter().find(|(name, _)| *name == feed).map_or(0, |(_, beat)| *beat);
        is_silent(words_of(self.entries, feed), self.entries, Span::min(beat), self.now)
    }

    /// "Silence of a feed": no good answer for so long.
    fn feed(&self, feed: &str, after: Span) -> Maybe {
        let silent = is_silent(words_of(self.entries, feed), self.entries, after, self.now);
        let ever = words_of(self.entries, feed).next().is_some();
        if silent { Some(true) } else { ever.then_some(false) }
    }

    /// "... a thing or a datastream": no reading of any of these series. Unknown while all feeds that carry them are
    /// silent, and while nothing was ever heard but could still come in time.
    fn series(&self, of: &[u32], after: Span) -> (Maybe, bool) {
        let mut words: Vec<Time> = of.iter().flat_map(|id| plain::words_of_series(self.entries, *id)).collect();
        words.sort_unstable();
        let ever = !words.is_empty();
        let silent = is_silent(words.into_iter(), self.entries, after, self.now);
        let feed_of = |id: &u32| SERIES.iter().find(|(known, ..)| known == id).map_or("", |(_, feed, ..)| *feed);
        let blind = of.iter().all(|id| self.is_feed_silent(feed_of(id)));
        let silent = if silent { Some(true) } else { ever.then_some(false) };
        (silent.filter(|_| !blind), blind)
    }

    /// `[unseen]`: the series or its feed has been over its beat for so long.
    fn unseen(&self, id: u32, after: Span) -> Maybe {
        let (_, feed, _, beat) = *SERIES.iter().find(|(known, ..)| *known == id).expect("a series");
        let feed_beat = FEEDS.iter().find(|(name, _)| *name == feed).map_or(0, |(_, beat)| *beat);
        let longer = |beat: i64| Span::ms(Span::min(beat).as_ms() + after.as_ms());
        let own = plain::words_of_series(self.entries, id);
        let own_silent = is_silent(own, self.entries, longer(beat), self.now);
        let feed_silent = is_silent(words_of(self.entries, feed), self.entries, longer(feed_beat), self.now);
        let ever = plain::words_of_series(self.entries, id).next().is_some();
        if own_silent || feed_silent { Some(true) } else { ever.then_some(false) }
    }
}

struct Silences;

impl Evaluator for Silences {
    fn judge(&self, entries: &[Entry], step: &Step<'_>, book: &mut Book) {
        if !step.is_tick() {
            return;
        }
        let now = step.now;
        let heard = Heard { entries, now };
        let mut say = |rule: &str, subject: &str, lines: &Lines, silent: Maybe, blind: bool, severity: Severity| {
            let look = Look { blind, severity, ..Look::new(now, silent, plain::not(silent)) };
            book.look(rule, subject, lines, now, look);
        };
        let (none, moderate) = (Lines::default(), Severity::Moderate);
        say("feed", "feed:water", &none, heard.feed("water", Span::min(20)), false, moderate);
        for (feed, _) in FEEDS {
            let lines = Lines { rings_each_time: true, severity_after: &STEPS_FEEDS, ..none };
            say("feeds", &format!("feed:{feed}"), &lines, heard.feed(feed, Span::s(450)), false, moderate);
        }
        for thing in [1, 2] {
            let of: Vec<u32> = SERIES.iter().filter(|(_, _, of, _)| *of == thing).map(|(id, ..)| *id).collect();
            let (silent, blind) = heard.series(&of, Span::min(25));
            let lines = Lines { close_for: Span::min(5), ..none };
            say("things", &format!("thing:{thing}"), &lines, silent, blind, moderate);
        }
        for id in [1, 3] {
            let (silent, blind) = heard.series(&[id], Span::min(10));
            let lines = Lines { close_for: Span::min(4), severity_after: &STEPS_SERIES, ..none };
            say("series", &format!("datastream:{id}"), &lines, silent, blind, moderate);
        }
        for id in [1, 2] {
            let (silent, blind) = heard.series(&[id], Span::min(30));
            say("beats", &format!("datastream:{id}"), &none, silent, blind, moderate);
            let unseen = heard.unseen(id, Span::min(6));
            say("unseen", &format!("unseen:datastream:{id}"), &none, unseen, false, Severity::Minor);
        }
    }
}

/// Readings, some of them late, and answers good and bad of two feeds, with silences of up to three quarters of an hour.
fn journal(steps: &[(u8, u8, u8)]) -> Vec<Entry> {
    let mut now = midnight() + Span::s(7);
    let mut entries = Vec::new();
    for (wait, which, change) in steps {
        let pause = if *wait > 230 { i64::from(*change) * 11 } else { i64::from(*wait) };
        now = now + Span::s(pause) + Span::ms(i64::from(*change) * 4);
        let late = now - Span::min(i64::from(change % 50));
        entries.push(match which % 16 {
            0..=3 => readings("water", now, &[(1, now, 2.0)]),
            4 => readings("water", now, &[(2, late, 2.0)]),
            5 => readings("water", now, &[(2, now, 2.0), (1, late, 2.1)]),
            6 => readings("weather", now, &[(3, now, 0.0)]),
            7 => readings("weather", now, &[(4, late, 12.0)]),
            8..=10 => beat("water", now, true),
            11 | 12 => beat("water", now, false),
            13 | 14 => beat("weather", now, true),
            _ => beat("weather", now, false),
        });
    }
    entries
}

fn checked(steps: &[(u8, u8, u8)], restart: usize) -> Result<Counts, TestCaseError> {
    let entries = journal(steps);
    let until = entries.last().map_or(midnight(), |entry| entry.received) + Span::min(50);
    compare(&context(), &entries, until, restart, &Silences)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn silence_is_what_all_of_history_says(steps in plain::small(70), restart in 1_usize..400) {
        checked(&steps, restart)?;
    }
}

/// The property above would hold of evaluators that never say anything; these do.
#[test]
fn there_is_something_to_say_of_silence() {
    let counts = in_some(200, |steps| checked(steps, 50));
    assert!(counts.opened > 20 && counts.resolved > 20 && counts.blinded > 5, "{counts:?}");
}
