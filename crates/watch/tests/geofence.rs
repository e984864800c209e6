//! Things of the city inside a place, or outside of it: truth, timers, what cannot be known, and a plain look at all
//! that was ever told of them.
#![allow(clippy::expect_used, clippy::panic, reason = "a helper that fails has failed the test")]

mod town;

use std::collections::BTreeMap;

use city::alert::AlertChangeKind::{self, Blinded, Opened, Resolved, Sighted};
use city::record::Entry;
use city::{
    AlertChange, Entity, EntityBody, EntityChange, EntityId, EntityKind, Position, Properties, Record, Shape, Time,
};
use proptest::prelude::*;
use town::{HEAD, at, beat, context, load_bare, reading, sentence, told};
use watch::{Parts, State, Trial, run};

/// Three pumps: so many or more outside of the centre.
fn rule(open: &str, close: &str) -> String {
    format!(
        "damped = false\nkind = \"geofence\"\nzone = \"centre\"\nthings = [11, 12, 13]\nfeed = \"water\"\nwhere = \"outside\"\n\
         [open]\n{open}\n[close]\n{close}\n"
    )
}

fn number(id: i64) -> EntityId {
    EntityId::Number(id)
}

fn entity(id: i64, name: &str, body: EntityBody) -> EntityChange {
    let description = String::new();
    EntityChange::Put(Entity {
        id: number(id),
        name: name.into(),
        description,
        properties: Properties::default(),
        body,
    })
}

/// A location: in the middle of the centre, or well out of it.
fn location(id: i64, inside: bool) -> EntityChange {
    let longitude = if inside { -51.2 } else { -51.3 };
    let location = Shape::Point(Position { longitude, latitude: -30.0 });
    entity(id, "Yard", EntityBody::Location { encoding_type: "application/geo+json".to_owned(), location })
}

fn pump(id: i64, at: i64) -> EntityChange {
    let name = format!("Pump {id}");
    entity(id, &name, EntityBody::Thing { locations: vec![number(at)], feature_of_interest: None })
}

fn told_at(minute: i64, changes: Vec<EntityChange>) -> Entry {
    Entry { feed: "water".into(), received: at(minute), record: Record::Entities(changes) }
}

/// The pumps 11 to 13 at the locations 21 to 23, all inside.
fn set_up() -> Entry {
    told_at(0, (1..=3).flat_map(|k| [location(20 + k, true), pump(10 + k, 20 + k)]).collect())
}

/// With a word of the feed every ten minutes.
fn heard(mut entries: Vec<Entry>, until: i64) -> Vec<Entry> {
    entries.extend((0..=until / 10).map(|k| beat("water", at(k * 10), true)));
    entries.sort_by_key(|entry| entry.received);
    entries
}

fn rings(rule: &str, entries: &[Entry], until: i64) -> Vec<AlertChange> {
    run(&mut State::default(), &context(&[("rule", rule)]), entries, Some(at(until)))
}

fn turns(changes: &[AlertChange]) -> Vec<(i64, AlertChangeKind)> {
    let turns = told(changes).into_iter().filter(|(_, kind, _)| *kind != AlertChangeKind::Updated);
    turns.map(|(minute, kind, _)| (minute, kind)).collect()
}

#[test]
fn a_thing_that_is_carried_off_rings_for_the_place_and_ends_when_it_is_back() {
    let at_once = rule("things = 1", "things_below = 1");
    let moves = vec![set_up(), told_at(33, vec![location(22, false)]), told_at(50, vec![pump(12, 21)])];
    let changes = rings(&at_once, &heard(moves, 100), 100);
    assert_eq!(turns(&changes), [(33, Opened), (50, Resolved)], "by its location, and by another location");
    assert_eq!(changes[0].alert.title, "Pump 12 is outside the centre");
    assert_eq!(changes[0].alert.key.subject, "place:centre");

    let two = rule("things = 2\nfor = \"5 min\"", "things_below = 2\nfor = \"10 min\"");
    let moves = vec![
        set_up(),
        told_at(20, vec![location(21, false), location(22, false)]),
        told_at(23, vec![location(21, true)]),
        told_at(40, vec![location(21, false)]),
        told_at(60, vec![location(22, true)]),
    ];
    let changes = rings(&two, &heard(moves, 100), 100);
    assert_eq!(turns(&changes), [(45, Opened), (70, Resolved)], "three minutes are too short");
    assert_eq!(
        (changes[0].alert.title.as_str(), changes[0].alert.detail.as_str()),
        ("2 things are outside the centre", "Pump 11 and Pump 12.")
    );
}

#[test]
fn what_nobody_knows_the_place_of_neither_opens_nor_closes() {
    let (one, none) = (rule("things = 1", "things_below = 1"), rule("things_below = 1", "things = 1"));
    let unknown = heard(vec![told_at(0, vec![location(21, true), pump(11, 21)])], 60);
    assert_eq!(turns(&rings(&one, &unknown, 60)), [], "two pumps were never placed");
    assert_eq!(turns(&rings(&none, &unknown, 60)), [], "nor is it known that none is outside");
    let sure = heard(vec![told_at(0, vec![location(21, false), pump(11, 21)])], 60);
    assert_eq!(turns(&rings(&one, &sure, 60)), [(0, Opened)], "one is, whatever of the others");
    // One that is taken away, or whose location is, is nowhere: the alert stands.
    for gone in
        [EntityChange::Delete(EntityKind::Thing, number(12)), EntityChange::Delete(EntityKind::Location, number(22))]
    {
        let moves = vec![set_up(), told_at(10, vec![location(22, false)]), told_at(20, vec![gone])];
        let changes = rings(&one, &heard(moves, 60), 60);
        assert_eq!(turns(&changes), [(10, Opened)]);
        assert_eq!(changes[1].alert.title, "Nobody knows where 1 of 3 things is, and none is outside the centre");
    }
    // A silent feed may have moved it.
    let moves = vec![set_up(), told_at(10, vec![location(22, false)])];
    let mut entries = heard(moves, 30);
    entries.push(beat("water", at(90), true));
    assert_eq!(turns(&rings(&one, &entries, 95)), [(10, Opened), (51, Blinded), (91, Sighted)]);
}

#[test]
fn a_thing_of_the_configuration_stands_where_that_says_and_conditions_are_joined() {
    let text = "kind = \"combined\"\nwhat = \"High water at the gauge\"\n[condition.lake]\nkind = \"threshold\"\n\
                datastream = 1\nstatistic = \"last\"\nabove = 2.5\n[condition.there]\nkind = \"geofence\"\n\
                zone = \"centre\"\nthing = 1\nfeed = \"water\"\nwhere = \"inside\"\n[condition.there.open]\nthings = 1\n\
                [open]\nwhen = { all = [\"lake\", \"there\"] }\n";
    let entries = vec![reading(1, at(0), 2.0), reading(1, at(10), 2.6), reading(1, at(20), 2.2)];
    assert_eq!(turns(&rings(text, &entries, 25)), [(10, Opened), (20, Resolved)]);
}

#[test]
fn a_rule_on_things_says_what_it_looks_at_and_what_is_wrong() {
    let load = |text: &str| load_bare(&[("rules/x.toml", &format!("{HEAD}{text}"))]);
    let rules = load(&rule("things = 2\nfor = \"5 min\"", "things_below = 2").replace("[11, 12, 13]", "[1, 2, 77]"));
    assert_eq!(
        sentence(&rules.expect("it loads")[0], &[]),
        "Rings when 2 or more of Quay gauge, Bridge gauge and thing 77 are outside the centre for 5 min (by Level of \
         the lake), and stops when fewer than 2 are so; the water desk acts within 15 min."
    );
    let right = rule("things = 1", "things_below = 1");
    let wrong = [
        (right.replace("zone = \"centre\"", "zone = \"town\""), "has no outline"),
        (right.replace("things = [11, 12, 13]\n", ""), "`things` is missing"),
        (right.replace("\"water\"", "\"positions\""), "no feed that fits here"),
        (right.replace("things_below = 1", "things_below = 3"), "`things_below` of at most 1"),
        (right.replace("where = \"outside\"", "where = \"near\""), "\"inside\""),
        (right.replace("things = 1", "things = 4"), "asks for 4 things of 3"),
        (right.replace("[11, 12, 13]", "[11, 12, 11]"), "11 stands in `things` twice; name it once"),
        (right.replace("[11, 12, 13]", "[11, 3]"), "thing 3 is not of the feed water, but of weather"),
    ];
    for (text, message) in wrong {
        let errors = load(&text).expect_err(message);
        assert!(errors.iter().any(|error| error.message.contains(message)), "{message}: {errors:?}");
    }
}

/// All that was ever told, looked at anew: how many of the three pumps are surely outside, and how many may be.
fn plain(history: &[EntityChange]) -> (usize, usize) {
    let (mut points, mut pumps) = (BTreeMap::new(), BTreeMap::new());
    for change in history {
        match change {
            EntityChange::Put(entity) => match &entity.body {
                EntityBody::Location { location: Shape::Point(point), .. } => {
                    points.insert(entity.id.clone(), point.longitude < -51.25);
                }
                EntityBody::Thing { locations, .. } => _ = pumps.insert(entity.id.clone(), locations.clone()),
                _ => {}
            },
            EntityChange::Delete(EntityKind::Thing, id) => _ = pumps.remove(id),
            EntityChange::Delete(_, id) => _ = points.remove(id),
        }
    }
    let outside = |id: i64| pumps.get(&number(id)).and_then(|at| at.iter().find_map(|at| points.get(at)).copied());
    let all: Vec<Option<bool>> = (11..=13).map(outside).collect();
    let sure = all.iter().filter(|outside| **outside == Some(true)).count();
    (sure, sure + all.iter().filter(|outside| outside.is_none()).count())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn things_are_counted_as_all_of_history_says(
        steps in prop::collection::vec((0_u8..7, 0_i64..3, 0_i64..3, any::<bool>()), 1..80),
        least in 1_usize..=3,
        cut in any::<prop::sample::Index>(),
    ) {
        // A step a minute; the rule has no `for`, so it turns with the step.
        let text = rule(&format!("things = {least}"), &format!("things_below = {least}"));
        let context = context(&[("rule", &text)]);
        let mut history = Vec::new();
        let (mut entries, mut wanted, mut stands) = (vec![set_up()], Vec::new(), false);
        if let Record::Entities(changes) = &entries[0].record {
            history.extend(changes.clone());
        }
        for (minute, (how, which, other, inside)) in (1..).zip(&steps) {
            let change = match how {
                0..=3 => location(21 + which, *inside),
                4 | 5 => pump(11 + which, 21 + other),
                _ if *inside => EntityChange::Delete(EntityKind::Thing, number(11 + which)),
                _ => EntityChange::Delete(EntityKind::Location, number(21 + which)),
            };
            history.push(change.clone());
            entries.push(told_at(minute, vec![change]));
            let (sure, may) = plain(&history);
            let turn = if stands { may < least } else { sure >= least };
            if turn {
                stands = !stands;
                wanted.push((at(minute), stands));
            }
        }
        let mut state = State::default();
        let cut = cut.index(entries.len());
        let mut changes = run(&mut state, &context, &entries[..cut], None);
        // A restart in the middle changes nothing.
        let kept: State = postcard::from_bytes(&postcard::to_stdvec(&state).expect("bytes")).expect("a state");
        prop_assert_eq!(&kept, &state);
        state = kept;
        changes.extend(run(&mut state, &context, &entries[cut..], None));
        prop_assume!(changes.iter().all(|change| !change.alert.flapping));
        let found: Vec<(Time, bool)> = changes
            .iter()
            .filter(|change| matches!(change.kind, Opened | Resolved))
            .map(|change| (change.at, change.kind == Opened))
            .collect();
        prop_assert_eq!(found, wanted);
    }
}

#[test]
fn a_trial_of_a_stretch_knows_where_things_were_before_it() {
    let rule = rule("things = 1", "things_below = 1");
    let away = told_at(5, vec![location(21, false)]);
    let heard: Vec<Entry> = (60..=70).map(|minute| beat("water", at(minute), true)).collect();
    let rings = |before: &[Entry]| {
        let rules = town::load(&[("rule", &rule)]).expect("the rule loads");
        let mut trial = Trial::new(Parts { rules, ..town::parts() }, &"rule".into(), None).expect("the rule is there");
        assert!(trial.asks_where_things_are());
        for entry in before {
            let Record::Entities(changes) = &entry.record else { panic!("not of things") };
            trial.things_were(changes);
        }
        for entry in &heard {
            trial.entry(entry);
        }
        trial.finish(Some(at(71))).rings.len()
    };
    assert_eq!(rings(&[set_up(), away]), 1);
    assert_eq!(rings(&[set_up()]), 0);
    assert_eq!(rings(&[]), 0, "nobody knows");
}

#[test]
fn a_rule_on_things_has_tests_as_text_beside_it() {
    let rule = rule("things = 1\nfor = \"5 min\"", "things_below = 1");
    let rules = load_bare(&[("rules/pumps.toml", &format!("{HEAD}{rule}"))]).expect("it loads");
    let parts = watch::Parts { rules, ..town::parts() };
    let text = r#"
[[test]]
name = "a pump that is carried off rings after five minutes, and ends when it is back"
until = "30 min"
things = [
  { feed = "water", thing = 11, name = "Pump 11", place = "centre" },
  { feed = "water", thing = 12, place = "centre" },
  { feed = "water", thing = 13, place = "centre" },
  { feed = "water", thing = 11, name = "Pump 11", at = "10 min", longitude = -51.3, latitude = -30.0 },
  { feed = "water", thing = 11, name = "Pump 11", at = "25 min", place = "centre" },
]
[[test.beats]]
feed = "water"
every = "5 min"
to = "30 min"
[[test.expect]]
at = "15 min"
kind = "opened"
subject = "place:centre"
title = "Pump 11 is outside the centre"
[[test.expect]]
at = "25 min"
kind = "resolved"

[[test]]
name = "one that nobody knows the place of does not"
until = "30 min"
things = [
  { feed = "water", thing = 11, place = "centre" },
  { feed = "water", thing = 12, place = "centre" },
  { feed = "water", thing = 13, place = "centre" },
  { feed = "water", thing = 13, at = "10 min", gone = true },
]
[[test.beats]]
feed = "water"
every = "5 min"
to = "30 min"
"#;
    assert_eq!(watch::rule_test::run("rules/pumps.test.toml", text, &parts), Ok(2));
    let wrong = text.replace("at = \"15 min\"", "at = \"16 min\"");
    let found = watch::rule_test::run("rules/pumps.test.toml", &wrong, &parts).expect_err("it came earlier");
    assert!(found[0].message.contains("it came as opened at \"15 min\""), "{found:?}");
    let nowhere = text.replace("longitude = -51.3, ", "");
    let found = watch::rule_test::run("rules/pumps.test.toml", &nowhere, &parts).expect_err("half a position");
    assert!(found[0].message.contains("`longitude` is missing"), "{found:?}");
}
