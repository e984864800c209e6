//! Rules on where public vehicles are, on a virtual clock: zones, bunches and gaps. A word that comes on the full
//! minute is counted at the next.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use city::alert::AlertChangeKind::{self, Blinded, Opened, Resolved, Sighted, Updated};
use city::record::Entry;
use city::{AlertChange, Position, Record, ScheduleRelationship, Span, Timetable};
use town::{at, context, context_with, live, load, position_at, timetable, told, update};
use watch::{State, run};

const ZONE: &str = r#"
kind = "zone"
zone = "centre"
timetable = "timetable"
feed = "positions"
where = "inside"
[open]
vehicles = 2
for = "3 min"
[close]
vehicles_below = 1
for = "5 min"
"#;

/// A run that is seen every minute, `east` of the middle of the centre, whose edge is at 0.01.
fn stays(number: u32, minutes: std::ops::Range<i64>, east: f64) -> Vec<Entry> {
    minutes.map(|minute| position_at(number, at(minute), east, 0.0)).collect()
}

fn run_live(rules: &[(&str, &str)], entries: Vec<Entry>, until: i64, silent: std::ops::Range<i64>) -> Vec<AlertChange> {
    run(&mut State::default(), &context(rules), &live(entries, until, silent), Some(at(until)))
}

fn kinds(changes: &[AlertChange]) -> Vec<(i64, AlertChangeKind)> {
    told(changes).iter().map(|(minute, kind, _)| (*minute, *kind)).collect()
}

#[test]
fn vehicles_in_a_zone_ring_once_for_the_zone_and_name_no_vehicle() {
    // Both are in from 06:05; one leaves at 06:12 and the other at 06:15.
    let entries = [
        stays(0, 361..365, 0.02),
        stays(0, 365..372, 0.0),
        stays(0, 372..400, 0.02),
        stays(1, 362..375, 0.005),
        stays(1, 375..400, 0.02),
    ];
    let changes = run_live(&[("zone", ZONE)], entries.concat(), 400, 0..0);
    assert_eq!(
        told(&changes),
        [(369, Opened, "2 vehicles are inside the centre"), (381, Resolved, "No vehicle is inside the centre"),]
    );
    let alert = &changes[0].alert;
    assert_eq!((alert.key.subject.as_str(), alert.detail.as_str()), ("place:centre", "Of T1."));
    assert_eq!(alert.place.as_ref().map(city::PlaceId::as_str), Some("centre"));
    let told = serde_json::to_string(&changes).expect("JSON");
    assert!(!told.contains("t0") && !told.contains("t1"), "no run is named: {told}");
}

#[test]
fn one_vehicle_or_two_that_are_never_in_it_together_do_not_ring() {
    assert!(run_live(&[("zone", ZONE)], stays(0, 361..400, 0.0), 400, 0..0).is_empty());
    let by_turns =
        [stays(0, 361..370, 0.0), stays(0, 370..400, 0.02), stays(1, 361..370, 0.02), stays(1, 370..400, 0.0)];
    assert!(run_live(&[("zone", ZONE)], by_turns.concat(), 400, 0..0).is_empty());
}

#[test]
fn a_vehicle_must_have_stayed_and_a_hole_in_its_positions_is_no_stay() {
    let rule = ZONE
        .replace("where = \"inside\"", "where = \"inside\"\nstay = \"10 min\"")
        .replace("vehicles = 2", "vehicles = 1");
    let opened = |entries: Vec<Entry>| kinds(&run_live(&[("zone", &rule)], entries, 420, 0..0)).first().copied();
    // In from 06:01, for 10 min at 06:11, and that for 3 min.
    assert_eq!(opened(stays(0, 361..420, 0.0)), Some((374, Opened)));
    assert_eq!(opened([stays(0, 361..370, 0.0), stays(0, 370..371, 0.02), stays(0, 371..379, 0.0)].concat()), None);
    // Not seen for more than 5 min: it may have been out and back.
    let hole = [stays(0, 361..365, 0.0), stays(0, 371..378, 0.0)].concat();
    assert_eq!(opened(hole), None);
}

#[test]
fn an_older_position_that_comes_late_does_not_move_a_vehicle_back() {
    let rule = ZONE.replace("vehicles = 2", "vehicles = 1");
    let mut entries = stays(0, 361..380, 0.0);
    for minute in 361..380 {
        let mut late = position_at(0, at(minute - 3), 0.02, 0.0);
        late.received = at(minute) + Span::s(20);
        entries.push(late);
    }
    assert_eq!(kinds(&run_live(&[("zone", &rule)], entries, 380, 0..0)), [(365, Opened)]);
}

#[test]
fn outside_and_below_look_at_the_other_side() {
    let rule = ZONE.replace("inside", "outside").replace("vehicles = 2", "vehicles = 1");
    assert!(run_live(&[("zone", &rule)], stays(0, 361..380, 0.0), 380, 0..0).is_empty());
    let changes = run_live(&[("zone", &rule)], stays(0, 361..380, 0.02), 380, 0..0);
    assert_eq!(told(&changes), [(365, Opened, "1 vehicle is outside the centre")]);
    // None of the line is in the centre, until one comes at 06:10.
    let empty = "kind = \"zone\"\nzone = \"centre\"\nroute = \"T1\"\ntimetable = \"timetable\"\nfeed = \"positions\"\n\
                 where = \"inside\"\n[open]\nvehicles_below = 1\nfor = \"5 min\"\n";
    let changes = run_live(&[("empty", empty)], stays(0, 370..380, 0.0), 380, 0..0);
    assert_eq!(
        told(&changes),
        [
            (306, Opened, "No vehicle of line T1 is inside the centre"),
            (371, Resolved, "1 vehicle of line T1 is inside the centre"),
        ]
    );
    assert_eq!(changes[0].alert.key.subject, "place:centre@route:T1");
    let other = empty.replace("route = \"T1\"", "route = \"T2\"");
    let changes = run_live(&[("empty", &other)], stays(0, 361..380, 0.0), 380, 0..0);
    assert_eq!(kinds(&changes), [(306, Opened)], "a vehicle of another line is none of this one");
}

#[test]
fn a_silent_feed_neither_opens_nor_closes_a_zone() {
    let both = [stays(0, 361..400, 0.0), stays(1, 361..400, 0.0)].concat();
    let before = |minute: i64, entries: &[Entry]| -> Vec<Entry> {
        entries.iter().filter(|entry| entry.received < at(minute)).cloned().collect()
    };
    // Silent from 06:10: whatever they do then, nobody sees them leave.
    let changes = run_live(&[("zone", ZONE)], before(370, &both), 420, 370..430);
    assert_eq!(kinds(&changes), [(365, Opened), (373, Blinded)]);
    // It speaks again at 06:40 and they are not there.
    let changes = run_live(&[("zone", ZONE)], before(370, &both), 420, 370..400);
    assert_eq!(kinds(&changes), [(365, Opened), (373, Blinded), (401, Sighted), (401, Updated), (406, Resolved)]);
    // They were in it for a minute when the feed died: not long enough, and nothing is known after.
    let changes = run_live(&[("zone", ZONE)], before(362, &both), 420, 362..430);
    assert!(changes.is_empty(), "{changes:?}");
}

const HEADWAY: &str = r#"
kind = "headway"
timetable = "timetable"
feeds = ["positions", "updates"]
[open]
bunched_below = 0.25
gap_above = 2.0
pairs = 1
for = "2 min"
[close]
pairs_below = 1
for = "5 min"
"#;

/// Delays told every minute.
fn delayed(number: u32, minutes: std::ops::Range<i64>, delay_s: i32) -> Vec<Entry> {
    minutes.map(|minute| update(number, at(minute), delay_s)).collect()
}

#[test]
fn a_bunch_rings_for_its_line_and_closes_when_they_are_apart_again() {
    // Departures at 06:00 and 06:10; the first is 9 min late, and makes up time at 06:20.
    let entries = [delayed(0, 360..380, 540), delayed(0, 380..400, 120), delayed(1, 370..400, 0)].concat();
    let changes = run_live(&[("headway", HEADWAY)], entries, 395, 0..0);
    assert_eq!(
        told(&changes),
        [
            (373, Opened, "Line T1: 2 buses 1 min apart where 10 are planned, at b"),
            (386, Resolved, "Line T1: the buses keep their distance"),
        ]
    );
    assert_eq!(changes[0].alert.key.subject, "route:T1");
    assert_eq!(changes[0].alert.detail, "1 min at b to Bridge, 10 planned; 1 in all.");
}

#[test]
fn a_gap_rings_and_a_planned_distance_does_not() {
    let changes =
        run_live(&[("headway", HEADWAY)], [delayed(0, 360..392, 0), delayed(1, 370..400, 660)].concat(), 392, 0..0);
    let first = told(&changes).first().copied();
    // The second leaves 11 min late, at 06:21, and that for 2 min.
    assert_eq!(first, Some((383, Opened, "Line T1: 21 min between buses where 10 are planned, at b")));
    let even = [delayed(0, 360..400, 60), delayed(1, 370..400, 0), delayed(2, 380..400, 300)].concat();
    assert!(run_live(&[("headway", HEADWAY)], even, 400, 0..0).is_empty());
    let only_bunches = HEADWAY.replace("gap_above = 2.0\n", "");
    let gap = [delayed(0, 360..392, 0), delayed(1, 370..400, 660)].concat();
    assert!(run_live(&[("headway", &only_bunches)], gap, 392, 0..0).is_empty());
}

#[test]
fn overtaking_counts_as_close_and_two_lines_are_not_one() {
    // The first is 10.5 min late: the second has passed it by half a minute.
    let changes =
        run_live(&[("headway", HEADWAY)], [delayed(0, 360..380, 630), delayed(1, 370..380, 0)].concat(), 380, 0..0);
    assert_eq!(kinds(&changes), [(373, Opened)]);
    // The same two runs on another way: they follow nobody.
    let mut other = timetable();
    other.stop_times.iter_mut().skip(2).take(2).zip([1, 0]).for_each(|(call, stop)| call.stop = stop);
    let bunch = [delayed(0, 360..380, 540), delayed(1, 370..380, 0)].concat();
    let context = context_with(&[("headway", HEADWAY)], other, 1);
    assert!(run(&mut State::default(), &context, &live(bunch, 380, 0..0), Some(at(380))).is_empty());
}

#[test]
fn old_delays_count_no_more_and_prove_no_calm() {
    // Both fall silent at 06:15, while their feed beats on: their delays are old from 06:29, and the alert stands
    // until both have arrived: 06:39 and 06:40.
    let entries = [delayed(0, 360..375, 540), delayed(1, 370..375, 0)].concat();
    let changes = run_live(&[("headway", HEADWAY)], entries.clone(), 430, 0..0);
    let told = kinds(&changes);
    assert_eq!((told[0], told.last().copied()), ((373, Opened), Some((406, Resolved))), "{told:?}");
    // Nor does a delay that is old open anything: here the second speaks only when the first's is old.
    let entries = [delayed(0, 360..362, 540), delayed(1, 378..390, 0)].concat();
    assert!(run_live(&[("headway", HEADWAY)], entries, 390, 0..0).is_empty());
}

#[test]
fn a_silent_feed_neither_opens_nor_closes_a_headway() {
    let bunch = [delayed(0, 360..375, 540), delayed(1, 370..375, 0)].concat();
    let changes = run_live(&[("headway", HEADWAY)], bunch, 490, 375..480);
    assert_eq!(kinds(&changes), [(373, Opened), (378, Blinded), (481, Sighted), (481, Updated), (486, Resolved)]);
}

#[test]
fn a_run_that_was_canceled_is_not_on_the_road() {
    let mut entries = [delayed(0, 360..390, 540), delayed(1, 370..390, 0)].concat();
    for entry in &mut entries {
        if let Record::TripUpdate(update) = &mut entry.record
            && update.trip == town::trip(1)
        {
            update.relationship = ScheduleRelationship::Canceled;
        }
    }
    assert!(run_live(&[("headway", HEADWAY)], entries, 390, 0..0).is_empty());
}

/// The town's line with its second stop 0.1 degrees (9.6 km) to the east.
fn long_line() -> Timetable {
    let mut table = timetable();
    table.stops[1].position = Position { longitude: -51.1, latitude: -30.0 };
    table
}

#[test]
fn where_only_positions_are_there_the_place_on_the_way_says_how_late() {
    let rule = HEADWAY.replace("[\"positions\", \"updates\"]", "[\"positions\"]");
    // 30 min for the way. The first stands at a third of it at 06:19 (9 min late), the second runs on time: at 06:20
    // they are at the same place. Before, they wait at the first stop, the first for 9 min too long.
    let mut entries = Vec::new();
    for minute in 360..385 {
        let share = |left: f64| 0.1 * ((minute as f64 - left) / 30.0).clamp(0.0, 1.0);
        entries.push(position_at(0, at(minute), share(369.0), 0.001));
        entries.push(position_at(1, at(minute), share(370.0), -0.001));
    }
    let context = context_with(&[("headway", &rule)], long_line(), 1);
    let changes = run(&mut State::default(), &context, &live(entries.clone(), 385, 0..0), Some(at(385)));
    let first = told(&changes).first().copied();
    assert_eq!(first, Some((372, Opened, "Line T1: 2 buses 1 min apart where 10 are planned, at b")));
    // A kilometre off the way nobody can say where on it they are.
    for entry in &mut entries {
        if let Record::VehiclePosition(seen) = &mut entry.record {
            seen.position.latitude += 0.01;
        }
    }
    assert!(run(&mut State::default(), &context, &live(entries, 385, 0..0), Some(at(385))).is_empty());
}

#[test]
fn a_combined_rule_joins_a_bunch_with_a_reading() {
    let rule = r#"
kind = "combined"
what = "Rain holds up the buses"
[condition.bunched]
kind = "headway"
timetable = "timetable"
feed = "updates"
[condition.bunched.open]
bunched_below = 0.25
pairs = 1
[condition.rain]
kind = "threshold"
datastream = 3
statistic = "last"
above = 10
[open]
when = { all = ["bunched", "rain"] }
"#;
    let bunch = [delayed(0, 360..395, 540), delayed(1, 370..395, 0)].concat();
    assert!(run_live(&[("both", rule)], bunch.clone(), 390, 0..0).is_empty(), "without rain");
    let rain = [town::reading(3, at(360), 20.0), town::reading(3, at(382), 0.0)].to_vec();
    let changes = run_live(&[("both", rule)], [bunch, rain].concat(), 390, 0..0);
    let told: Vec<_> = kinds(&changes).into_iter().filter(|(_, kind)| *kind != Updated).collect();
    assert_eq!(told, [(371, Opened), (382, Resolved)]);
}

#[test]
fn mistakes_in_zones_and_headways_are_told_with_their_place() {
    let mistakes = |text: &str| -> Vec<String> {
        let errors = load(&[("x", text)]).expect_err("the rule should not load");
        errors.iter().map(|error| error.to_string().replacen("rules/x.toml:", "", 1)).collect()
    };
    let cases = [
        (ZONE.replace("\"centre\"", "\"town\""), "10:8: the place \"town\" has no outline; these have one: centre"),
        (ZONE.replace("\"centre\"", "\"moon\""), "10:8: \"moon\" is no place; with an outline there are centre"),
        (
            ZONE.replace("\"positions\"", "\"updates\""),
            "12:8: \"updates\" is no feed that fits here; there are positions",
        ),
        (
            ZONE.replace("\"inside\"", "\"near\""),
            "13:9: `where` is \"near\"; it should be one of \"inside\", \"outside\"",
        ),
        (
            ZONE.replace("vehicles_below = 1", "vehicles_below = 3"),
            "17:1: [close] should be `vehicles_below` of at most 2;",
        ),
        (ZONE.replace("vehicles_below = 1", "vehicles = 1"), "17:1: [close] should be `vehicles_below`, as [open] has"),
        (
            ZONE.replace("vehicles = 2\n", ""),
            "14:1: [open] needs one of `vehicles` (so many or more) and `vehicles_below`",
        ),
        (
            HEADWAY.replace("0.25", "25"),
            "13:17: `bunched_below` is a share of the planned headway; it should be between",
        ),
        (
            HEADWAY.replace("2.0", "0.9"),
            "14:13: `gap_above` is a share of the planned headway; it should be more than 1",
        ),
        (HEADWAY.replace("pairs_below = 1", "pairs_below = 2"), "18:15: `pairs_below` should be at most 1;"),
        (
            HEADWAY.replace("bunched_below = 0.25\ngap_above = 2.0\n", ""),
            "12:1: [open] needs `bunched_below` (as 0.25) or `gap_above`",
        ),
    ];
    for (text, expected) in cases {
        let found = mistakes(&text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "\n{expected}\n{found:#?}");
    }
}
