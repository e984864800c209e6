//! Deleting, with what cannot be without (18-088 table 25).

use city::{EntityId, EntityKind as K};
use sensorthings::model::Navigation as N;
use serde_json::json;

use crate::world::{World, datastream, location, no, point, station};

/// Two stations of which the second has two datastreams, an observation in each.
fn world() -> World {
    let mut world = World::sandbox();
    world.made("Things", &station("OM_Measurement"));
    let mut second = station("OM_Measurement");
    second["Locations"] = json!([location(2.0)]);
    world.made("Things", &second);
    world.made("Things(2)/Datastreams", &datastream("OM_Measurement"));
    for id in 1..=3 {
        world.made(&format!("Datastreams({id})/Observations"), &json!({ "result": id }));
    }
    world
}

fn counts(world: &World) -> [usize; 8] {
    let mut counts = [0; 8];
    for (count, kind) in counts.iter_mut().zip(K::ALL) {
        *count = world.count(kind);
    }
    counts[7] = world.series.0.len();
    counts
}

#[test]
fn each_kind_takes_along_what_cannot_be_without_it() {
    assert_eq!(counts(&world()), [2, 2, 2, 3, 3, 3, 2, 3]);
    let cases = [
        ("Things(2)", [1, 2, 1, 1, 3, 3, 2, 1]),
        ("Locations(2)", [2, 1, 1, 3, 3, 3, 2, 3]),
        ("HistoricalLocations(1)", [2, 2, 1, 3, 3, 3, 2, 3]),
        ("Datastreams(2)", [2, 2, 2, 2, 3, 3, 2, 2]),
        ("Sensors(3)", [2, 2, 2, 2, 2, 3, 2, 2]),
        ("ObservedProperties(1)", [2, 2, 2, 2, 3, 2, 2, 2]),
        ("FeaturesOfInterest(2)", [2, 2, 2, 3, 3, 3, 1, 1]),
        ("Observations('1-1714654800000')", [2, 2, 2, 3, 3, 3, 2, 2]),
        ("Things(2)/Datastreams(3)", [2, 2, 2, 2, 3, 3, 2, 2]),
        ("Datastreams(3)/Thing", [1, 2, 1, 1, 3, 3, 2, 1]),
    ];
    for (path, wanted) in cases {
        let mut world = world();
        assert_eq!(world.delete(path), Ok(()), "{path}");
        assert_eq!(counts(&world), wanted, "{path}");
    }
}

#[test]
fn a_location_that_goes_leaves_its_things_without_place() {
    let mut world = world();
    assert_eq!(world.delete("Locations(2)"), Ok(()));
    assert_eq!(world.related(K::Thing, 2, N::Locations), []);
    world.made("Datastreams(2)/Observations", &json!({ "result": 1, "phenomenonTime": "2024-05-02T00:00:00Z" }));
}

#[test]
fn a_feature_takes_its_own_observations_and_no_others() {
    let mut world = world();
    let named = json!({ "result": 5, "phenomenonTime": "2024-05-01T00:00:00Z", "FeatureOfInterest": {
        "name": "F", "description": "D", "encodingType": "application/geo+json", "feature": point(7.0, 7.0)
    } });
    world.made("Datastreams(1)/Observations", &named);
    assert_eq!(world.delete("FeaturesOfInterest(3)"), Ok(()));
    assert_eq!(world.series.0.len(), 3, "only the one that names it");
    world.made("Datastreams(1)/Observations", &named);
    assert_eq!(world.delete("FeaturesOfInterest(1)"), Ok(()));
    let left: Vec<u32> = world.series.0.keys().map(|key| key.datastream.0).collect();
    assert_eq!(left, [1, 2, 3], "the one that names another stays");
    world.made("Datastreams(1)/Observations", &json!({ "result": 1 }));
    assert_eq!(world.count(K::FeatureOfInterest), 3, "the place has a feature again");
}

#[test]
fn what_is_not_there_and_what_is_too_much_is_not_deleted() {
    let mut world = world();
    for path in [
        "Things(9)",
        "Things(1)/Datastreams(2)",
        "Observations('1-5')",
        "Observations('1-1714654800001')",
        "Observations(1)",
        "Nothing(1)",
    ] {
        assert_eq!(world.delete(path), no(404, ""), "{path}");
    }
    assert_eq!(world.delete("Things"), no(405, ""));
    assert_eq!(world.delete("Datastreams(1)/Observations"), no(405, ""));
    assert_eq!(world.delete("Things(1)/name"), no(405, ""));
    assert_eq!(counts(&world), [2, 2, 2, 3, 3, 3, 2, 3]);
}

#[test]
fn an_id_is_not_given_twice() {
    let mut world = world();
    assert_eq!(world.delete("Things(2)"), Ok(()));
    assert_eq!(world.made("Things", &json!({ "name": "T", "description": "D" })), EntityId::Number(3));
}
