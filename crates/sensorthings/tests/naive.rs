//! Any query over any city gives, page after page, what the plainest evaluation gives: every entity once, in order.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod plain;
mod support;

use std::cmp::Ordering;

use city::{Detail, EntityBody, ObservationType, Primitive};
use plain::{Key, Test, key, natural};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{City, Memory, entity, point, stream, time};

/// Choices out of one number, so that a case can be told again by it.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        let at = usize::try_from(self.below(of.len() as u64)).expect("small");
        of[at].clone()
    }

    fn sometimes(&mut self) -> bool {
        self.below(2) == 0
    }
}

const NAMES: [&str; 5] = ["Oven", "Shed", "Ova", "it's", "Zoo"];
const START: i64 = 1_714_618_800_000;

fn city(dice: &mut Dice) -> City {
    let mut entities = vec![
        entity(1, "Sensor", EntityBody::Sensor { encoding_type: "text/plain".to_owned(), metadata: String::new() }),
        entity("t", "Temperature", EntityBody::ObservedProperty { definition: "http://example.org/t".to_owned() }),
    ];
    let things = 1 + dice.below(6);
    for id in 1..=things {
        let mut thing = entity(
            i64::try_from(id * 3).expect("small"),
            dice.one(&NAMES),
            EntityBody::Thing { locations: vec![1.into()], feature_of_interest: None },
        );
        if dice.sometimes() {
            thing.properties.set("floor", Primitive::Integer(i64::try_from(dice.below(4)).expect("small")));
        }
        entities.push(thing);
    }
    entities.push(entity(1, "Place", EntityBody::Location { encoding_type: String::new(), location: point(1.0, 2.0) }));
    let mut series = Memory::default();
    for id in 1..=dice.below(7) {
        let thing = i64::try_from((1 + dice.below(things)) * 3).expect("small");
        let kind = dice.one(&[ObservationType::Measurement, ObservationType::Truth, ObservationType::Category]);
        entities.push(stream(i64::try_from(id).expect("small"), dice.one(&NAMES), thing, "t", kind));
        for _ in 0..dice.below(12) {
            observe(&mut series, u32::try_from(id).expect("small"), kind, dice);
        }
    }
    entities.push(entity(
        1,
        "Feature",
        EntityBody::FeatureOfInterest { encoding_type: String::new(), feature: point(1.0, 2.0) },
    ));
    let mut city = City::new(entities, series);
    city.page_max = usize::try_from(1 + dice.below(6)).expect("small");
    city.expand_page_max = usize::try_from(1 + dice.below(4)).expect("small");
    city
}

fn minute(dice: &mut Dice) -> i64 {
    START + i64::try_from(dice.below(10)).expect("small") * 60_000
}

fn observe(series: &mut Memory, datastream: u32, kind: ObservationType, dice: &mut Dice) {
    let at = minute(dice);
    let result = if kind == ObservationType::Truth { dice.below(2) as f64 } else { dice.below(8) as f64 / 2.0 };
    let mut detail = Detail::default();
    if dice.below(3) == 0 {
        detail.result_time = Some(time(minute(dice)));
    }
    if dice.below(4) == 0 {
        detail.phenomenon_end = Some(time(at + 90_000));
    }
    if kind == ObservationType::Category && dice.sometimes() {
        detail.result = Some(Primitive::Text(dice.one(&NAMES).into()));
    }
    series.put(datastream, time(at), result, Some(detail), time(START));
}

/// One level of a query.
#[derive(Clone, Debug)]
struct Asked {
    set: &'static str,
    filter: Option<Test>,
    order: Vec<(&'static str, bool)>,
    top: Option<u64>,
    skip: Option<u64>,
    count: bool,
    expand: Vec<(&'static str, Asked)>,
}

const OPERATORS: [&str; 6] = ["eq", "ne", "gt", "ge", "lt", "le"];

fn condition(set: &str, depth: u64, dice: &mut Dice) -> Test {
    if depth > 0 && dice.below(3) > 0 {
        let mut inner = || Box::new(condition(set, depth - 1, dice));
        let (a, b) = (inner(), inner());
        return match dice.below(3) {
            0 => Test::And(a, b),
            1 => Test::Or(a, b),
            _ => Test::Not(a),
        };
    }
    let operator = dice.one(&OPERATORS);
    let name = json!(dice.one(&NAMES));
    let number = json!(dice.below(8) as f64 / 2.0);
    let id = json!(dice.below(18));
    match (set, dice.below(5)) {
        ("Observations", 0) => Test::Own(vec!["result"], operator, number),
        ("Observations", 1) => Test::Time(dice.one(&["lt", "ge"]), time(minute(dice)).to_string()),
        ("Observations", 2) => Test::Behind("Datastream", vec!["name"], operator, name),
        ("Observations", 3) => Test::Behind("Datastream", vec!["@iot.id"], operator, id),
        ("Observations", _) => {
            Test::Own(vec!["@iot.id"], "eq", json!(format!("{}-{}", 1 + dice.below(3), minute(dice))))
        }
        (_, 0) => Test::Own(vec!["name"], operator, name),
        (_, 1) => Test::Own(vec!["@iot.id"], operator, id),
        (_, 2) => Test::Begins("name", dice.one(&["O", "Ov", "it'", "x"]).to_owned()),
        ("Things", 3) => Test::Own(vec!["properties", "floor"], operator, number),
        ("Things", _) => Test::Behind("Datastreams", vec!["name"], operator, name),
        ("Datastreams", 3) => Test::Behind("Observations", vec!["result"], operator, number),
        (_, _) => Test::Behind("Thing", vec!["name"], operator, name),
    }
}

/// Two relations in one filter would be two rows at once; the plain evaluation knows one.
fn filter(set: &str, dice: &mut Dice) -> Option<Test> {
    for _ in 0..8 {
        let test = condition(set, 3, dice);
        let mut relations = Vec::new();
        collect(&test, &mut relations);
        relations.dedup();
        if relations.iter().all(|relation| *relation == relations[0]) {
            return Some(test);
        }
    }
    None
}

fn collect(test: &Test, relations: &mut Vec<&'static str>) {
    match test {
        Test::And(a, b) | Test::Or(a, b) => {
            collect(a, relations);
            collect(b, relations);
        }
        Test::Not(a) => collect(a, relations),
        other => relations.extend(other.relation()),
    }
}

fn asked(set: &'static str, depth: u64, dice: &mut Dice) -> Asked {
    let keys: &[&str] = match set {
        "Observations" => &["phenomenonTime", "result", "resultTime", "@iot.id"],
        _ => &["name", "@iot.id", "description"],
    };
    let order = match dice.below(3) {
        0 => Vec::new(),
        1 => vec![(dice.one(keys), dice.sometimes())],
        _ => vec![(dice.one(keys), dice.sometimes()), (dice.one(keys), dice.sometimes())],
    };
    let behind: &[&str] = match set {
        "Things" => &["Datastreams"],
        "Datastreams" => &["Observations", "Thing"],
        "Observations" => &["Datastream"],
        _ => &[],
    };
    let expand = if depth > 0 && dice.sometimes() { vec![dice.one(behind)] } else { Vec::new() };
    let expand = expand.into_iter().map(|name| {
        let mut inner = asked(
            if name == "Thing" {
                "Things"
            } else if name == "Datastream" {
                "Datastreams"
            } else {
                name
            },
            depth - 1,
            dice,
        );
        if !name.ends_with('s') {
            inner = Asked { filter: None, order: Vec::new(), top: None, skip: None, count: false, ..inner };
        }
        (name, inner)
    });
    let expand = expand.collect();
    Asked {
        set,
        filter: if dice.sometimes() { filter(set, dice) } else { None },
        order,
        top: (dice.below(3) == 0).then(|| 1 + dice.below(5)),
        skip: (dice.below(3) == 0).then(|| dice.below(6)),
        count: dice.sometimes(),
        expand,
    }
}

impl Asked {
    fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        options.extend(self.filter.as_ref().map(|filter| format!("$filter={}", filter.text())));
        if !self.order.is_empty() {
            let key = |(name, descending): &(&str, bool)| format!("{name}{}", if *descending { " desc" } else { "" });
            options.push(format!("$orderby={}", self.order.iter().map(key).collect::<Vec<_>>().join(",")));
        }
        options.extend(self.top.map(|top| format!("$top={top}")));
        options.extend(self.skip.map(|skip| format!("$skip={skip}")));
        options.extend(self.count.then(|| "$count=true".to_owned()));
        if !self.expand.is_empty() {
            let expand = |(name, inner): &(&str, Asked)| match inner.options() {
                options if options.is_empty() => (*name).to_owned(),
                options => format!("{name}({})", options.join(";")),
            };
            options.push(format!("$expand={}", self.expand.iter().map(expand).collect::<Vec<_>>().join(",")));
        }
        options
    }

    /// What is asked for of `rows`, and how many there are before `$skip`.
    fn plain(&self, city: &City, rows: &[Value]) -> (Vec<Value>, usize) {
        let matches = |row: &&Value| {
            let Some(filter) = &self.filter else { return true };
            let behind = filter.relation().map_or_else(Vec::new, |relation| related(city, row, relation));
            if behind.is_empty() {
                filter.holds(row, &Value::Null)
            } else {
                behind.iter().any(|other| filter.holds(row, other))
            }
        };
        let mut found: Vec<Value> = rows.iter().filter(matches).cloned().collect();
        found.sort_by(|a, b| self.compare(a, b));
        let count = found.len();
        let skip = usize::try_from(self.skip.unwrap_or(0)).expect("small");
        let told = found.into_iter().skip(skip).map(|row| self.expanded(city, row));
        (told.collect(), count)
    }

    fn compare(&self, a: &Value, b: &Value) -> Ordering {
        let by_id = natural(a).cmp(&natural(b));
        let is_time = |name: &str| name.ends_with("Time");
        let by_time = |value: &Value| (natural(value).1, natural(value));
        match self.order.as_slice() {
            [("@iot.id", descending)] => return turned(by_id, *descending),
            [("phenomenonTime", descending)] => return turned(by_time(a).cmp(&by_time(b)), *descending),
            [("phenomenonTime", first), ("@iot.id", second)] if first == second => {
                return turned(by_time(a).cmp(&by_time(b)), *first);
            }
            _ => {}
        }
        let of = |value: &Value, name: &str| -> Key { key(&value[name], is_time(name)) };
        let keys = self
            .order
            .iter()
            .map(|(name, descending)| turned(of(a, name).partial_cmp(&of(b, name)).expect("an order"), *descending));
        keys.fold(Ordering::Equal, Ordering::then).then(by_id)
    }

    fn expanded(&self, city: &City, mut row: Value) -> Value {
        for (name, inner) in &self.expand {
            let behind = related(city, &row, name);
            let (told, count) = inner.plain(city, &behind);
            let many = name.ends_with('s');
            let object = row.as_object_mut().expect("an object");
            object.remove(&format!("{name}@iot.navigationLink"));
            if inner.count {
                object.insert(format!("{name}@iot.count"), json!(count));
            }
            object.insert((*name).to_owned(), if many { Value::Array(told) } else { told[0].clone() });
        }
        row
    }

    /// The service's answer with every nested next link followed and put into its place.
    fn whole(&self, city: &City, rows: &mut [Value]) {
        for row in rows {
            for (name, inner) in &self.expand {
                let object = row.as_object_mut().expect("an object");
                let next = object.remove(&format!("{name}@iot.nextLink"));
                let mut told = object.remove(*name).expect("what is expanded");
                match told.as_array_mut() {
                    Some(list) => {
                        if let Some(next) = next {
                            list.extend(city.pages(next.as_str().expect("a link")));
                        }
                        inner.whole(city, list);
                    }
                    None => inner.whole(city, std::slice::from_mut(&mut told)),
                }
                object.insert((*name).to_owned(), told);
            }
        }
    }
}

fn turned(order: Ordering, descending: bool) -> Ordering {
    if descending { order.reverse() } else { order }
}

/// What a relation leads to, told whole: by its link, with nothing asked.
fn related(city: &City, row: &Value, relation: &str) -> Vec<Value> {
    let link = row["@iot.selfLink"].as_str().expect("a link");
    let address = format!("{link}/{relation}");
    if relation.ends_with('s') { city.pages(&address) } else { vec![city.json(&address)] }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn every_query_gives_what_the_plain_evaluation_gives(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let city = city(&mut dice);
        let asked = asked(dice.one(&["Things", "Datastreams", "Observations"]), 2, &mut dice);
        let address = format!("/{}?{}", asked.set, asked.options().join("&"));
        let (expected, count) = asked.plain(&city, &city.pages(&format!("/{}", asked.set)));
        let mut told = city.pages(&address);
        asked.whole(&city, &mut told);
        prop_assert_eq!(&told, &expected, "{}", address);
        if asked.count {
            prop_assert_eq!(&city.json(&address)["@iot.count"], &json!(count), "{}", address);
        }
        // The collections of single entities too, which are read another way.
        for datastream in city.pages("/Datastreams") {
            let asked = Asked { set: "Observations", ..self::asked("Observations", 1, &mut dice) };
            let link = datastream["Observations@iot.navigationLink"].as_str().expect("a link");
            let address = format!("{link}?{}", asked.options().join("&"));
            let (expected, _) = asked.plain(&city, &city.pages(link));
            let mut told = city.pages(&address);
            asked.whole(&city, &mut told);
            prop_assert_eq!(&told, &expected, "{}", address);
        }
    }

    #[test]
    fn every_observation_is_in_the_collection_once(seed in any::<u64>()) {
        let city = city(&mut Dice(seed));
        let mut ids: Vec<String> = city.pages("/Observations").iter().map(|row| row["@iot.id"].to_string()).collect();
        prop_assert_eq!(ids.len(), city.series.keys().count());
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), city.series.keys().count());
    }

    #[test]
    fn nothing_that_is_asked_stops_the_program(
        path in "(/?(Things|Datastreams|Observations|Locations)?(\\(('?[0-9a-z']{0,3}'?)\\))?(/(Thing|Datastreams|name|\\$ref|\\$value|result|Observations)){0,4}|\\PC{0,40})",
        query in "(&?(\\$(top|skip|filter|expand|orderby|select|count|skiptoken|resultFormat)|asOf)=(name|result|id|1|-5|18446744073709551615|Datastreams|dataArray|CSV|true|phenomenonTime desc|Observations\\(\\$top=2;\\$skip=1\\)|name eq 'a'|1-1714618800000|'a'|\\PC{0,12})){0,4}",
    ) {
        let city = city(&mut Dice(7));
        match city.get(&format!("{path}?{query}")) {
            Ok(answer) => prop_assert!([200, 204].contains(&answer.status)),
            Err(problem) => prop_assert!([400, 404, 405, 501].contains(&problem.status), "{}", problem),
        }
    }
}
