//! One root cause, one call, whatever the order of arrival. Monitoring and the end of what was told go on.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod bell;

use bell::{Desk, ON_CALL};
use city::{Datastream, DatastreamId, FeedId, Link, Node, RuleId, Severity, Span, ThingId};
use watch::notify::{Graph, MarkKind};

fn link(from: u32, to: u32) -> Link {
    Link { from: Node::Thing(ThingId(from)), to: Node::Thing(ThingId(to)), kind: "powers".to_owned() }
}

/// A feeder (thing 1) that powers nine pumps (10 to 18), of which each keeps three streets dry (100 and on), and one
/// that stands apart (thing 200). With a gauge of its own at each pump and street: 36 things below, and the feed of
/// the first pump's gauge.
fn power() -> Graph {
    let mut links = vec![Link {
        from: Node::Thing(ThingId(10)),
        to: Node::Feed(FeedId::new("gauges")),
        kind: "carries".to_owned(),
    }];
    for pump in 10..19 {
        links.push(link(1, pump));
        links.extend((0..3).map(|street| link(pump, 100 + (pump - 10) * 3 + street)));
    }
    let stream = |id: u32| Datastream {
        id: DatastreamId(id),
        name: format!("Level {id}"),
        thing: ThingId(id),
        observed_property: "water_level".into(),
        feed: FeedId::new("gauges"),
        beat: Span::min(15),
    };
    Graph::new(&links, &[stream(10), stream(100), stream(200)], [RuleId::new("silent")])
}

fn desk() -> Desk {
    Desk::new(ON_CALL, power(), "UTC", "2026-05-04T12:00:00Z")
}

/// Everything that suffers from the feeder: nine pumps, 27 streets and a feed.
fn suffering() -> Vec<(String, String, Severity)> {
    let pumps = (10..19).map(|thing| ("pump-stands".to_owned(), format!("thing:{thing}"), Severity::Severe));
    let streets = (100..127).map(|thing| ("street-wet".to_owned(), format!("thing:{thing}"), Severity::Moderate));
    let feed = ("feed-silent".to_owned(), "feed:gauges".to_owned(), Severity::Minor);
    pumps.chain(streets).chain([feed]).collect()
}

#[test]
fn a_power_failure_is_one_call_with_37_nested_in_whatever_order() {
    for parent_at in [0, 18, 37] {
        let mut desk = desk();
        let mut parent = None;
        let mut children = Vec::new();
        for (at, (rule, subject, severity)) in suffering().iter().enumerate() {
            if at == parent_at {
                parent = Some(desk.open("feeder-off", "thing:1", Severity::Severe));
            }
            children.push(desk.open(rule, subject, *severity));
            desk.pass(Span::s(1));
        }
        let parent = parent.unwrap_or_else(|| desk.open("feeder-off", "thing:1", Severity::Severe));
        desk.pass(Span::min(3));
        assert_eq!(children.len(), 37);
        assert_eq!(desk.sent.len(), 1, "parent at {parent_at}: {:#?}", desk.lines());
        assert!(desk.lines().iter().all(|line| line.ends_with("opened water_desk 0 feeder-off on thing:1")));
        assert_eq!(desk.body(&parent).hides, 37, "parent at {parent_at}");
        assert!(children.iter().all(|child| desk.body(child).cause.as_ref() == Some(&parent)));
        // Who was told hears of the end; of what was hidden nobody does.
        desk.heard();
        for child in &children {
            desk.resolve(child);
        }
        assert_eq!(desk.body(&parent).hides, 0);
        desk.resolve(&parent);
        let lines = desk.heard();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines.iter().all(|line| line.ends_with("resolved water_desk 0 feeder-off on thing:1")));
    }
}

#[test]
fn what_outlives_its_cause_surfaces_and_rings() {
    let mut desk = desk();
    let parent = desk.open("feeder-off", "thing:1", Severity::Severe);
    let pump = desk.open("pump-stands", "thing:12", Severity::Severe);
    let street = desk.open("street-wet", "thing:106", Severity::Moderate);
    let other = desk.open("street-wet", "thing:100", Severity::Moderate);
    desk.pass(Span::min(2));
    assert_eq!(desk.body(&parent).hides, 3);
    desk.heard();
    desk.resolve(&parent);
    assert_eq!(desk.body(&pump).hides, 1, "the street below the pump goes under it");
    assert_eq!(desk.body(&street).cause, Some(pump.clone()));
    desk.heard();
    desk.pass(Span::min(4));
    assert_eq!(desk.heard(), [""; 0], "what follows its cause into health calls nobody");
    desk.resolve(&other);
    desk.pass(Span::min(1));
    assert_eq!(desk.heard(), ["12:07:00 surfaced water_desk 0 pump-stands on thing:12"]);
    assert_eq!(desk.body(&pump).cause, None);
    assert_eq!(desk.body(&pump).hides, 1);
}

#[test]
fn told_before_its_cause_came_it_is_hidden_and_its_end_is_told() {
    let mut desk = desk();
    let pump = desk.open("pump-stands", "thing:12", Severity::Severe);
    desk.pass(Span::min(2));
    assert_eq!(desk.heard().len(), 1);
    desk.open("feeder-off", "thing:1", Severity::Severe);
    desk.pass(Span::min(3));
    assert_eq!(desk.heard(), ["12:03:00 opened water_desk 0 feeder-off on thing:1"], "no reminder of the pump");
    desk.resolve(&pump);
    assert_eq!(desk.heard(), ["12:05:00 resolved water_desk 0 pump-stands on thing:12"]);
}

#[test]
fn nothing_hides_what_is_worse_and_nothing_hides_extreme() {
    let mut desk = desk();
    let parent = desk.open("feeder-warm", "thing:1", Severity::Minor);
    let pump = desk.open("pump-stands", "thing:12", Severity::Severe);
    let flood = desk.open("flood", "thing:106", Severity::Extreme);
    let street = desk.open("street-damp", "thing:107", Severity::Minor);
    assert_eq!(desk.heard(), ["12:00:00 opened water_desk 0 flood on thing:106"]);
    assert_eq!(desk.body(&pump).cause, None);
    assert_eq!(desk.body(&street).cause, Some(pump.clone()), "the worst above explains");
    // The feeder fails wholly: it explains the pump now, and everything under it, but not the flood.
    desk.severity(&parent, Severity::Extreme);
    assert_eq!(desk.body(&pump).cause, Some(parent.clone()));
    assert_eq!(desk.body(&street).cause, Some(parent.clone()));
    assert_eq!((desk.body(&parent).hides, desk.body(&pump).hides), (2, 0));
    assert_eq!(desk.body(&flood).cause, None);
    assert_eq!(desk.heard(), ["12:00:00 opened water_desk 0 feeder-warm on thing:1"], "at once, and not before told");
    // It is mended a little: what is worse than it calls for itself at once, and takes along what it explains.
    desk.severity(&parent, Severity::Minor);
    assert_eq!(desk.body(&pump).cause, None);
    assert_eq!(desk.heard(), ["12:00:00 surfaced water_desk 0 pump-stands on thing:12"]);
    assert_eq!(desk.body(&parent).hides + desk.body(&pump).hides, 1, "the street stays where it is explained");
}

#[test]
fn a_hidden_alert_that_becomes_extreme_calls_at_once() {
    let mut desk = desk();
    desk.open("feeder-off", "thing:1", Severity::Severe);
    let pump = desk.open("pump-stands", "thing:12", Severity::Severe);
    desk.pass(Span::min(2));
    desk.heard();
    desk.severity(&pump, Severity::Extreme);
    assert_eq!(desk.heard(), ["12:02:00 surfaced water_desk 0 pump-stands on thing:12"]);
    assert_eq!(desk.body(&pump).cause, None);
}

#[test]
fn a_silent_feed_explains_the_silence_of_its_gauges_and_nothing_else() {
    let mut desk = desk();
    desk.open("silent", "thing:200", Severity::Moderate);
    desk.open("silent", "datastream:200", Severity::Moderate);
    let level = desk.open("level-high", "datastream:200", Severity::Minor);
    let feed = desk.open("feed-silent", "feed:gauges", Severity::Severe);
    desk.pass(Span::min(2));
    assert_eq!(desk.body(&feed).hides, 2);
    assert_eq!(desk.body(&level).cause, None, "that the water is high is not explained by a silent feed");
    assert_eq!(
        desk.heard(),
        [
            "12:01:00 opened water_desk 0 level-high on datastream:200",
            "12:01:00 opened water_desk 0 feed-silent on feed:gauges"
        ]
    );
    // The pump that carries the feed fails: it explains the feed, and through it the gauges.
    let pump = desk.open("pump-stands", "thing:10", Severity::Severe);
    assert_eq!(desk.body(&feed).cause, Some(pump.clone()));
    assert_eq!(desk.body(&pump).hides, 3);
}

#[test]
fn without_the_link_both_call() {
    let mut desk = Desk::plain();
    desk.open("feeder-off", "thing:1", Severity::Severe);
    desk.open("pump-stands", "thing:12", Severity::Severe);
    desk.pass(Span::min(2));
    assert_eq!(desk.sent.len(), 2);
    assert!(desk.marks.is_empty(), "{:?}", desk.marks);
}

#[test]
fn a_circle_of_links_hides_one_under_the_other() {
    let graph = Graph::new(&[link(1, 2), link(2, 1)], &[], []);
    let mut desk = Desk::new(ON_CALL, graph, "UTC", "2026-05-04T12:00:00Z");
    let first = desk.open("a", "thing:1", Severity::Severe);
    let second = desk.open("b", "thing:2", Severity::Severe);
    desk.pass(Span::min(2));
    assert_eq!(desk.sent.len(), 1);
    assert_eq!(desk.body(&second).cause, Some(first.clone()));
    desk.resolve(&first);
    desk.pass(Span::min(6));
    assert_eq!(desk.heard().last().map(String::as_str), Some("12:07:00 surfaced water_desk 0 b on thing:2"));
    assert!(desk.marks.iter().any(|mark| mark.what == MarkKind::Surfaced));
}
