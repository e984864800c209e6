//! More residents' requests than are read at one poll: counts are "at least". They open, and nothing closes by them.
#![allow(clippy::expect_used, reason = "a helper that fails has failed the test")]

mod town;

use city::alert::AlertChangeKind::{self, Opened, Resolved, Updated};
use city::record::{Entry, RequestsCut};
use city::{Record, ServiceRequest, Span, Time};
use town::{at, beat, context, request, told};
use watch::{State, run};

const RULE: &str = "kind = \"requests\"\nwhat = \"Flooded streets\"\nfeed = \"requests\"\nservice = \"flood\"\n\
                    window = \"2 h\"\n[open]\nrequests = 12\n[close]\nrequests_below = 4\n";

fn cut(when: Time) -> Entry {
    let record = Record::RequestsCut(RequestsCut { hour: ServiceRequest::hour_of(when) });
    Entry { feed: "requests".into(), received: when, record }
}

/// So many tickets that come in a minute.
fn floods(count: u32, minute: i64) -> impl Iterator<Item = Entry> {
    let first = u32::try_from(minute).expect("a minute") * 100;
    (first..first + count).map(move |id| request(id, "flood", at(minute), Span::default(), 0.0, 0.0))
}

/// Turns and last words of the rule, on polls every quarter of an hour.
fn turns(mut entries: Vec<Entry>, until: i64) -> (Vec<(i64, AlertChangeKind)>, Option<String>) {
    entries.extend((0..=until / 15).map(|poll| beat("requests", at(poll * 15), true)));
    entries.sort_by_key(|entry| entry.received);
    let changes = run(&mut State::default(), &context(&[("floods", RULE)]), &entries, Some(at(until)));
    let turns = told(&changes).into_iter().filter(|(_, kind, _)| *kind != Updated);
    (turns.map(|(minute, kind, _)| (minute, kind)).collect(), changes.last().map(|last| last.alert.title.clone()))
}

#[test]
fn what_is_over_the_line_opens_and_says_at_least() {
    let polled: Vec<Entry> = [cut(at(60))].into_iter().chain(floods(15, 60)).collect();
    let (turned, words) = turns(polled, 90);
    assert_eq!(turned, [(60, Opened)]);
    assert_eq!(words.as_deref(), Some("Flooded streets: at least 12 requests in 2 h, altogether"));
}

#[test]
fn what_is_below_the_line_may_be_over_it() {
    let polled: Vec<Entry> = [cut(at(60))].into_iter().chain(floods(11, 60)).collect();
    assert_eq!(turns(polled, 90).0, [], "at least eleven are not twelve");
}

#[test]
fn nothing_closes_before_the_hour_that_was_cut_has_left_the_window() {
    let whole: Vec<Entry> = floods(15, 60).collect();
    assert_eq!(turns(whole.clone(), 600).0, [(60, Opened), (240, Resolved)], "the hour from 01:00 leaves at 04:00");
    let polled: Vec<Entry> = whole.into_iter().chain([cut(at(150))]).collect();
    assert_eq!(turns(polled, 600).0, [(60, Opened), (300, Resolved)], "the poll of 02:30 did not read them all");
}
