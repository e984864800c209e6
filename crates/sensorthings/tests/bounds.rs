//! Bounds never leave out a row that matches: every comparison and relation, of every small instant and interval, with
//! every other, from both sides.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod town;

use city::Time;
use sensorthings::{Budget, EntityType, Filter};
use serde_json::{Value as Json, json};
use town::{JsonRow, lies_in};

fn instant(index: usize) -> String {
    format!("2026-01-01T00:00:00.00{index}Z")
}

/// Instants, and intervals of each length, on a line of four milliseconds.
fn extents() -> Vec<String> {
    let pairs = (0..4).flat_map(|from| (from..4).map(move |to| (from, to)));
    pairs
        .map(|(from, to)| if from == to { instant(from) } else { format!("{}/{}", instant(from), instant(to)) })
        .collect()
}

/// How many of the rows match, after checking that all of these lie within the bounds, and how many lie there.
fn check(filter: &str, rows: &[Json]) -> (usize, usize) {
    let parsed = match Filter::parse(filter, EntityType::Observation) {
        Ok(parsed) => parsed,
        Err(error) => panic!("{filter}: {error}"),
    };
    let prepared = parsed.prepare("2026-01-01T00:00:00Z".parse::<Time>().expect("an instant"));
    let bounds = prepared.bounds();
    let (mut matching, mut inside) = (0, 0);
    for json in rows {
        let row = JsonRow { json };
        let matches = prepared.matches(&row, &Budget::new(0)).expect("no related rows");
        assert!(!matches || lies_in(&row, &bounds), "{filter} {json} {bounds:?}");
        matching += usize::from(matches);
        inside += usize::from(lies_in(&row, &bounds));
    }
    (matching, inside)
}

#[test]
fn no_time_that_matches_is_left_out() {
    let rows: Vec<Json> = extents().iter().map(|time| json!({"phenomenonTime": time, "resultTime": time})).collect();
    let (mut matching, mut inside, mut all) = (0, 0, 0);
    for extent in extents() {
        for property in ["phenomenonTime", "resultTime"] {
            let comparisons = ["eq", "ne", "gt", "ge", "lt", "le"];
            let relations = ["before", "after", "meets", "during", "overlaps", "starts", "finishes"];
            let filters = comparisons
                .iter()
                .flat_map(|operator| {
                    [format!("{property} {operator} {extent}"), format!("{extent} {operator} {property}")]
                })
                .chain(relations.iter().flat_map(|relation| {
                    [format!("{relation}({property},{extent})"), format!("{relation}({extent},{property})")]
                }));
            for filter in filters {
                let found = check(&filter, &rows);
                (matching, inside, all) = (matching + found.0, inside + found.1, all + rows.len());
            }
        }
    }
    assert!(matching > all / 4, "{matching} of {all}");
    assert!(inside < all * 3 / 4, "{inside} of {all} are read for {matching}: the bounds are of no use");
}

#[test]
fn no_number_that_matches_is_left_out() {
    let results = [json!(-1), json!(0), json!(2.5), json!(3), json!("2.5"), json!(true), Json::Null];
    // An identifier is a whole number or text.
    let ids = [json!(-1), json!(0), json!(3), json!("3"), json!("2.5"), json!("-0"), json!("03")];
    let rows = results.iter().zip(&ids).map(|(result, id)| json!({"result": result, "@iot.id": id}));
    let rows: Vec<Json> = rows.collect();
    for operator in ["eq", "ne", "gt", "ge", "lt", "le"] {
        for number in ["-1", "0", "-0", "2.5", "3", "'2.5'", "true", "null"] {
            for property in ["result", "id"] {
                if property == "id" && number == "true" {
                    continue;
                }
                check(&format!("{property} {operator} {number}"), &rows);
                check(&format!("{number} {operator} {property}"), &rows);
                check(&format!("({property} {operator} {number} or result gt 2.9) and result lt 3.1"), &rows);
            }
        }
    }
}
