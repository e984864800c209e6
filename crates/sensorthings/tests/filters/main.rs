//! Any filter over random data gives the same answer as a plain evaluation of it, written without the crate's own.
//!
//! A tape of random bytes is turned into an expression and into data; the expression is printed as a client would write
//! it, and read by the crate. The plain evaluation works on the tree that was made from the tape and on the JSON itself.
#![allow(clippy::expect_used, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]

#[path = "../town/mod.rs"]
mod town;

mod generate;
mod plain;
mod print;

use city::Time;
use generate::Tape;
use plain::Plain;
use proptest::prelude::*;
use sensorthings::{Budget, EntityType, Filter, Navigation, Options, Order, Resource};
use town::{JsonRow, lies_in};

/// The instant of the request: the third of the instants that data are made of.
const NOW_MS: i64 = 1_767_409_200_000;

fn now() -> Time {
    Time::from_ms(NOW_MS).expect("an instant of this century")
}

fn tape() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (prop::collection::vec(any::<u8>(), 0..160), prop::collection::vec(any::<u8>(), 0..200))
}

fn parse(text: &str, entity: EntityType) -> Filter {
    match Filter::parse(text, entity) {
        Ok(filter) => filter,
        Err(error) => panic!("{text}\n{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn a_filter_answers_as_a_plain_evaluation((expression, data) in tape()) {
        for entity in [EntityType::Thing, EntityType::Observation] {
            let wanted = Tape::new(&expression).condition(entity, 4);
            let text = print::condition(&wanted);
            let json = Tape::new(&data).entity(entity);
            let row = JsonRow { json: &json };
            let prepared = parse(&text, entity).prepare(now());
            let answer = prepared.matches(&row, &Budget::default()).expect("within the budget");
            let plain = Plain { now_ms: NOW_MS, root: &json }.matches(&wanted);
            prop_assert_eq!(answer, plain, "{}\n{:#}", text, json);
            if answer {
                prop_assert!(lies_in(&row, &prepared.bounds()), "{}\n{:?}\n{:#}", text, prepared.bounds(), json);
                let path = if entity == EntityType::Thing { Navigation::Datastreams } else { Navigation::Datastream };
                if let Some(related) = sensorthings::Row::one(&row, path) {
                    prop_assert!(lies_in(&*related, &prepared.bounds_of(&[path])), "{}", text);
                }
            }
        }
    }

    #[test]
    fn what_is_printed_is_read_back_the_same((expression, _) in tape()) {
        for entity in [EntityType::Thing, EntityType::Observation] {
            let text = print::condition(&Tape::new(&expression).condition(entity, 5));
            let filter = parse(&text, entity);
            let again = parse(&filter.to_string(), entity);
            prop_assert_eq!(&filter, &again, "{}\n{}", text, filter);
            prop_assert_eq!(filter.to_string(), again.to_string());
        }
    }

    #[test]
    fn an_order_is_total_and_that_of_the_plain_keys(
        rows in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8),
        is_descending in any::<bool>(),
    ) {
        let rows: Vec<_> = rows.iter().map(|data| Tape::new(data).entity(EntityType::Observation)).collect();
        let query = if is_descending { "$orderby=result desc,resultTime" } else { "$orderby=result,resultTime desc" };
        let options = Options::parse(query, EntityType::Observation).expect("an order");
        let order = Order::prepare(&options.order, now());
        let mut keyed: Vec<_> = rows
            .iter()
            .map(|json| {
                let row = JsonRow { json };
                (order.keys(&row, &Budget::default()).expect("within the budget"), json)
            })
            .collect();
        keyed.sort_by(|(a, _), (b, _)| order.compare(a, b));
        let plain: Vec<_> = keyed.iter().map(|(_, json)| plain::order_key(json)).collect();
        for pair in plain.windows(2) {
            let [(result_a, time_a), (result_b, time_b)] = pair else { continue };
            let by_result = result_a.partial_cmp(result_b).expect("no NaN");
            let by_time = time_a.cmp(time_b);
            let ordering = if is_descending {
                by_result.reverse().then(by_time)
            } else {
                by_result.then(by_time.reverse())
            };
            prop_assert!(ordering.is_le(), "{:?}", plain);
        }
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in ".{0,200}", words in words()) {
        for text in [&text, &words] {
            for entity in sensorthings::model::ENTITY_TYPES {
                let _ = Filter::parse(text, entity);
                let _ = Options::parse(text, entity);
                for option in ["$filter", "$expand", "$orderby", "$select", "$top", "asOf"] {
                    if let Ok(options) = Options::parse(&format!("{option}={text}"), entity) {
                        let again = Options::parse(&options.query_string(), entity);
                        prop_assert_eq!(again.as_ref(), Ok(&options));
                    }
                }
            }
            let _ = Resource::parse(text);
        }
    }

    #[test]
    fn no_geometry_makes_a_relation_panic((first, second) in tape()) {
        let mut shapes = [&first, &second].into_iter().map(|tape| Tape::new(tape).any_shape());
        let (a, b) = (shapes.next().expect("one"), shapes.next().expect("two"));
        let relations = [
            "equals", "disjoint", "touches", "within", "overlaps", "crosses", "intersects", "contains",
        ];
        for relation in relations {
            let text = format!("st_{relation}(geography'{a}',geography'{b}')");
            if let Ok(filter) = Filter::parse(&text, EntityType::Location) {
                let row = JsonRow { json: &serde_json::Value::Null };
                let _ = filter.prepare(now()).matches(&row, &Budget::default());
            }
        }
    }
}

/// Words of the grammar in any order, which reach further into the parser than any text does.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "result",
        "phenomenonTime",
        "Datastream",
        "Datastreams",
        "/",
        "id",
        "name",
        "properties",
        "eq",
        "and",
        "or",
        "not",
        "add",
        "mul",
        "(",
        ")",
        ",",
        ";",
        "=",
        "$filter",
        "$expand",
        "$top",
        "-",
        "5",
        "1e5",
        "'a'",
        "'",
        "null",
        "true",
        "2010-06-01T00:00:00Z",
        "2010-06-01T00:00:00 02:00",
        "2010-06-01",
        "12:00:00",
        "duration'P1D'",
        "length",
        "now",
        "geography'POINT (1 2)'",
        "geography'POLYGON ((0 0,1 0,1 1,0 0))'",
        "st_within",
        "substring",
        "desc",
        "%3B",
    ]);
    prop::collection::vec(word, 0..30).prop_map(|words| words.join(" ").replace(" / ", "/"))
}
