//! What each rule makes of now: true, false and unknown, by subject; since when and why; and nothing is changed by asking.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use city::Time;
use city::record::Entry;
use town::{at, beat, context, reading, request};
use watch::standing::{TruthNow, UNSEEN_TOLD_MAX, truths};
use watch::{State, run};

const RULES: [(&str, &str); 6] = [
    (
        "above",
        "kind = \"threshold\"\nwhat = \"The lake\"\ndatastreams = [1, 2]\nstatistic = \"last\"\n[open]\nabove = 2.4\nfor = \"2 h\"\n\
         [close]\nbelow = 2.35\n",
    ),
    (
        "both",
        "kind = \"combined\"\nwhat = \"Trouble at the lake\"\n[condition.high]\nkind = \"threshold\"\ndatastream = 1\n\
         statistic = \"last\"\nabove = 2.4\n[condition.rain]\nkind = \"threshold\"\ndatastream = 3\nstatistic = \"last\"\n\
         above = 5.0\n[open]\nwhen = { all = [\"high\", \"rain\"] }\n",
    ),
    ("gauges", "kind = \"absence\"\nthings = [1, 2]\nafter = \"25 min\"\n"),
    (
        "mean",
        "kind = \"threshold\"\nwhat = \"The lake\"\ndatastream = 1\nstatistic = \"mean\"\nwindow = \"1 h\"\n\
         [open]\nabove = 2.45\n[close]\nbelow = 2.4\n",
    ),
    (
        "night",
        "kind = \"threshold\"\nwhat = \"The lake\"\ndatastream = 1\nstatistic = \"last\"\n[open]\nabove = 2.4\n\
         [close]\nbelow = 2.35\n[guard]\nwhen = \"hour >= 22\"\n",
    ),
    (
        "reports",
        "kind = \"requests\"\nwhat = \"Floods\"\nfeed = \"requests\"\nservice = \"flood\"\nwindow = \"2 h\"\neach = \"cell\"\n\
         [open]\nrequests = 3\n",
    ),
];

struct Watched {
    state: State,
    context: watch::Context,
}

impl Watched {
    fn over(entries: &[Entry], until: Time) -> Self {
        let context = context(&RULES);
        let mut state = State::default();
        run(&mut state, &context, entries, Some(until));
        Self { state, context }
    }

    fn of(&self, rule: &str) -> TruthNow {
        let before = self.state.clone();
        let all = truths(&self.state, &self.context);
        assert_eq!(self.state, before, "asking changes nothing");
        assert_eq!(all.len(), RULES.len());
        all.into_iter().find(|(id, _)| id.as_str() == rule).map(|(_, truth)| truth).expect("the rule")
    }

    fn counts(&self, rule: &str) -> (usize, usize, usize) {
        let TruthNow { is_true, is_false, unknown, .. } = self.of(rule);
        (is_true, is_false, unknown)
    }
}

/// Both gauges every ten minutes, the first above the line and the second below, and one reading of rain.
fn day(until: i64) -> Vec<Entry> {
    let mut entries = vec![reading(3, at(1), 9.0)];
    entries.extend((0..=until / 10).flat_map(|k| {
        let now = at(k * 10 + 2);
        [reading(1, now, 2.6), reading(2, now, 2.2), beat("requests", now, true)]
    }));
    entries.sort_by_key(|entry| entry.received);
    entries
}

#[test]
fn truth_is_told_by_subject_before_the_timers() {
    let watched = Watched::over(&day(80), at(85));
    assert_eq!(watched.counts("above"), (1, 1, 0), "it has not held for two hours, and it holds");
    assert_eq!(watched.counts("both"), (1, 0, 0));
    assert_eq!(watched.counts("gauges"), (0, 2, 0));
    assert_eq!(watched.counts("mean"), (1, 0, 0));
    assert_eq!(watched.counts("night"), (0, 1, 0), "it is high, and the guard says no");
    assert_eq!(watched.counts("reports"), (0, 0, 0), "nobody reported anything");
}

#[test]
fn what_is_silent_is_unknown_since_when_and_says_why() {
    // The last readings are of 01:22; the lake's feed has a beat of 20 min, a gauge one of 30 min.
    let watched = Watched::over(&day(80), at(110));
    let above = watched.of("above");
    assert_eq!((above.is_true, above.is_false, above.unknown), (0, 0, 2));
    let names: Vec<&str> = above.unseen.iter().map(|unseen| unseen.name.as_str()).collect();
    assert_eq!(names, ["Lake at the bridge", "Lake at the quay"]);
    for unseen in &above.unseen {
        assert_eq!(unseen.since, Some(at(82)));
        assert_eq!(unseen.why, "the feed Level of the lake is silent");
    }
    let both = watched.of("both");
    assert_eq!((both.is_true, both.is_false, both.unknown), (0, 0, 1), "rain alone says nothing");
    assert_eq!(
        (both.unseen[0].since, both.unseen[0].why.as_str()),
        (Some(at(82)), "the feed Level of the lake is silent")
    );
    assert_eq!(watched.counts("gauges"), (0, 0, 2), "behind a silent feed nobody knows");
}

#[test]
fn a_window_that_is_not_full_is_unknown_without_a_time() {
    let watched = Watched::over(&[reading(1, at(1), 2.3)], at(5));
    let mean = watched.of("mean");
    assert_eq!((mean.unknown, mean.unseen[0].since), (1, None), "{mean:?}");
    assert_eq!(watched.counts("above"), (0, 1, 1), "the second gauge was never heard");
}

#[test]
fn counts_of_residents_are_told_by_place_and_a_silent_feed_once() {
    let mut entries = day(80);
    for id in 0..4 {
        entries.push(request(id, "flood", at(70), city::Span::default(), 0.0, 0.0));
    }
    entries.push(request(9, "flood", at(71), city::Span::default(), 0.03, 0.0));
    entries.sort_by_key(|entry| entry.received);
    assert_eq!(Watched::over(&entries, at(85)).counts("reports"), (1, 1, 0));
    let silent = Watched::over(&entries, at(160)).of("reports");
    assert_eq!((silent.is_true, silent.is_false, silent.unknown), (0, 0, 1), "{silent:?}");
    assert_eq!(silent.unseen[0].name, "City requests");
    assert!(silent.unseen.len() <= UNSEEN_TOLD_MAX);
}

#[test]
fn other_rules_are_told_of_after_their_first_step() {
    let Watched { mut state, .. } = Watched::over(&day(80), at(85));
    let other = context(&[RULES[0], RULES[3]]);
    assert_eq!(truths(&state, &other), [], "the state is of the rules before");
    run(&mut state, &other, &[reading(1, at(92), 2.6)], None);
    assert_eq!(truths(&state, &other).len(), 2);
}

#[test]
fn of_another_line_nobody_knows_before_the_next_reading() {
    let rule = |above: &str| {
        format!(
            "kind = \"threshold\"\nwhat = \"The lake\"\ndatastream = 1\nstatistic = \"last\"\n[open]\nabove = {above}\n[close]\nbelow = 2\n"
        )
    };
    let truth = |state: &State, context: &watch::Context| {
        let (_, now) = truths(state, context).remove(0);
        (now.is_true, now.is_false, now.unknown)
    };
    let mut state = State::default();
    let before = context(&[("high", &rule("2.4"))]);
    run(&mut state, &before, &[reading(1, at(0), 2.6)], Some(at(1)));
    assert_eq!(truth(&state, &before), (1, 0, 0));
    let after = context(&[("high", &rule("12"))]);
    run(&mut state, &after, &[], Some(at(2)));
    assert_eq!(truth(&state, &after), (0, 0, 1));
    run(&mut state, &after, &[reading(1, at(3), 2.6)], Some(at(4)));
    assert_eq!(truth(&state, &after), (0, 1, 0));
}
