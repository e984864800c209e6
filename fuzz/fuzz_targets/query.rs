//! Any query string is read, printed back as the same query, and answered for one row; nothing panics.
#![no_main]

#[path = "../../crates/sensorthings/tests/town/mod.rs"]
mod town;

use city::Time;
use libfuzzer_sys::fuzz_target;
use sensorthings::model::ENTITY_TYPES;
use sensorthings::{Budget, Filter, Options, Order};
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let entity = ENTITY_TYPES[usize::from(*first) % ENTITY_TYPES.len()];
    if let Ok(options) = Options::parse(text, entity) {
        let again = Options::parse(&options.query_string(), entity);
        // What is printed can be longer than what was read, and only that may stop it from being read.
        assert!(again.as_ref() == Ok(&options) || options.query_string().len() > 16 * 1024, "{text}\n{again:?}");
        answer(options.filter.as_ref());
        let now = Time::from_ms(1_767_409_200_000).expect("an instant");
        let json = row();
        let _ = Order::prepare(&options.order, now).keys(&town::JsonRow { json: &json }, &Budget::new(1_000));
    }
    answer(Filter::parse(text, entity).ok().as_ref());
});

fn answer(filter: Option<&Filter>) {
    let Some(filter) = filter else { return };
    let prepared = filter.prepare(Time::from_ms(1_767_409_200_000).expect("an instant"));
    let json = row();
    let row = town::JsonRow { json: &json };
    if prepared.matches(&row, &Budget::new(1_000)) == Ok(true) {
        assert!(town::lies_in(&row, &prepared.bounds()), "{filter}");
    }
}

/// A row that has a little of every type.
fn row() -> serde_json::Value {
    let place = json!({"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 0]]]});
    let mut row = json!({
        "@iot.id": 1, "name": "a", "description": "it's ä", "properties": {"a": {"b": 1}, "flag": true},
        "result": 2.5, "phenomenonTime": "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z",
        "resultTime": "2026-01-03T03:00:00.250Z", "validTime": null, "time": "2026-01-01T00:00:00Z",
        "location": place, "feature": {"type": "Point", "coordinates": [1, 1]}, "observedArea": null,
    });
    let related = row.clone();
    for one in ["Thing", "Datastream", "Sensor", "ObservedProperty", "FeatureOfInterest"] {
        row[one] = related.clone();
    }
    for many in ["Things", "Locations", "Datastreams", "Observations"] {
        row[many] = json!([related, related]);
    }
    row
}
