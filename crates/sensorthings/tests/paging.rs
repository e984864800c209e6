//! What a page costs, and exports of any length.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod support;

use sensorthings::read::{Export, csv_chunks, row_batches};
use serde_json::json;
use support::{BASE, City, at, entities, ids, stream, time};

const ROWS: i64 = 10_000;

#[test]
fn ten_thousand_observations_cost_what_is_on_each_page() {
    let city = City::small(ROWS);
    for query in
        ["", "?$orderby=phenomenonTime desc", "?$orderby=phenomenonTime asc", "?$filter=result ge 0", "?$orderby=id"]
    {
        city.series.reads.set(0);
        let all = city.pages(&format!("/Datastreams(1)/Observations{query}"));
        assert_eq!(all.len(), 10_000, "{query}");
        let reads = city.series.reads.get();
        assert!(reads <= 10_000 + 3 * 100, "{query}: {reads} rows were read for 100 pages");
    }
}

#[test]
fn the_newest_observation_reads_one_row_and_its_neighbour() {
    let mut city = City::small(ROWS);
    for query in [
        "/Datastreams(1)/Observations?$top=1&$orderby=phenomenonTime desc",
        "/Observations?$top=1&$orderby=phenomenonTime desc,id desc",
    ] {
        city.series.reads.set(0);
        assert_eq!(city.json(query)["value"][0]["phenomenonTime"], json!("2024-05-09T01:39:00Z"));
        assert!(city.series.reads.get() <= 3, "{query}: {}", city.series.reads.get());
    }
    city.expand_page_max = 50;
    city.series.reads.set(0);
    city.json("/Datastreams?$expand=Observations($top=1;$orderby=phenomenonTime desc)");
    assert!(city.series.reads.get() <= 4, "{}", city.series.reads.get());
}

#[test]
fn a_range_of_time_reads_that_range() {
    let city = City::small(ROWS);
    let range = "phenomenonTime ge 2024-05-03T00:00:00Z and phenomenonTime lt 2024-05-03T01:00:00Z";
    for path in ["/Datastreams(1)/Observations", "/Observations"] {
        city.series.reads.set(0);
        let page = city.json(&format!("{path}?$filter={range}&$count=true"));
        assert_eq!((&page["@iot.count"], page["value"].as_array().map(Vec::len)), (&json!(60), Some(60)));
        assert!(city.series.reads.get() <= 2 * 62, "{path}: {}", city.series.reads.get());
    }
    city.series.reads.set(0);
    assert_eq!(city.pages("/Observations?$filter=id eq '1-1714618800000'").len(), 1);
    assert_eq!(city.series.reads.get(), 1, "an id is looked up");
    city.series.reads.set(0);
    assert_eq!(city.pages("/Observations?$filter=Datastream/id eq 2").len(), 1);
    assert_eq!(city.series.reads.get(), 1, "one datastream is opened");
    city.series.reads.set(0);
    let things = city.pages("/Things?$filter=Datastreams/Observations/phenomenonTime gt 2024-05-09T01:38:00Z");
    assert_eq!(ids(&things), [&json!(1)]);
    assert!(city.series.reads.get() <= 2, "{}", city.series.reads.get());
}

#[test]
fn counts_without_a_filter_are_not_counted() {
    let city = City::small(ROWS);
    city.series.reads.set(0);
    assert_eq!(city.json("/Observations?$count=true&$top=0")["@iot.count"], json!(ROWS + 2));
    assert_eq!(city.json("/Datastreams(1)/Observations?$count=true&$top=0")["@iot.count"], json!(ROWS));
    assert_eq!(city.series.reads.get(), 0);
}

#[test]
fn skip_and_top_hold_over_pages() {
    let mut city = City::small(20);
    city.page_max = 4;
    let first = city.json("/Datastreams(1)/Observations?$skip=5&$top=3");
    assert_eq!(first["value"].as_array().map(Vec::len), Some(3));
    let next = first["@iot.nextLink"].as_str().expect("a next link");
    assert_eq!(next, format!("{BASE}/Datastreams(1)/Observations?$top=3&$skiptoken=1-1714619220000"));
    assert_eq!(city.pages("/Datastreams(1)/Observations?$skip=5&$top=3").len(), 15);
    assert_eq!(city.pages("/Datastreams(1)/Observations?$skip=5&$orderby=result desc").len(), 15);
    assert_eq!(city.pages("/Datastreams(1)/Observations?$skip=50").len(), 0);
    let none = city.json("/Datastreams(1)/Observations?$top=0");
    assert_eq!((&none["value"], none.get("@iot.nextLink")), (&json!([]), None));
}

#[test]
fn a_page_goes_on_behind_what_was_told_whatever_came_meanwhile() {
    let mut city = City::small(6);
    city.page_max = 3;
    let first = city.json("/Datastreams(1)/Observations");
    city.series.put(1, at("2024-05-02T02:00:00Z"), 1.0, None, at("2024-05-02T09:00:00Z"));
    let next = city.json(first["@iot.nextLink"].as_str().expect("a next link"));
    assert_eq!(next["value"][0]["phenomenonTime"], json!("2024-05-02T03:03:00Z"));
    city.catalogue.apply(&city::EntityChange::Put(support::entity(
        9,
        "New",
        city::EntityBody::Thing { locations: Vec::new(), feature_of_interest: None },
    )));
    city.catalogue.apply(&city::EntityChange::Delete(city::EntityKind::Thing, 1.into()));
    assert_eq!(ids(&city.pages("/Things?$top=1&$skiptoken=1")), [&json!(2), &json!(9)]);
}

#[test]
fn a_page_in_another_order_goes_on_behind_what_was_told() {
    for descending in ["", " desc"] {
        let mut city = City::small(0);
        let start = at("2024-05-02T03:00:00Z");
        for row in 0..40 {
            city.series.put(1, time(start.ms() + row * 60_000), (row % 4) as f64, None, start);
        }
        city.page_max = 10;
        let mut page = city.json(&format!("/Datastreams(1)/Observations?$orderby=result{descending}&$count=true"));
        let mut told = Vec::new();
        // One comes before what was told, one goes that was told, and the last one that was told goes too.
        let mut come = (100..).map(|row| time(start.ms() + row * 60_000));
        loop {
            assert_eq!(page["@iot.count"], json!(40 + told.len() / 10));
            told.append(page["value"].as_array_mut().expect("a list"));
            let Some(next) = page["@iot.nextLink"].as_str() else { break };
            assert!(next.contains("$skiptoken=n") && !next.contains("$skip="), "{next}");
            let first = if descending.is_empty() { -1.0 } else { 9.0 };
            city.series.put(1, come.next().expect("a time"), first, None, start);
            page = city.json(next);
        }
        let mut seen: Vec<&str> = told.iter().filter_map(|row| row["@iot.id"].as_str()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((told.len(), seen.len()), (40, 40), "none twice, none left out");
        let results: Vec<f64> = told.iter().filter_map(|row| row["result"].as_f64()).collect();
        let in_order = |pair: &[f64]| if descending.is_empty() { pair[0] <= pair[1] } else { pair[0] >= pair[1] };
        assert!(results.windows(2).all(in_order), "{results:?}");
    }
    let mut city = City::small(1);
    city.page_max = 1;
    let names = city.pages("/Datastreams?$orderby=name desc,id&$expand=Thing");
    let names: Vec<_> = names.iter().map(|stream| stream["name"].as_str()).collect();
    assert_eq!(names, [Some("Oven temperature"), Some("Door openings"), Some("Door is open")]);
    for token in ["", "x", "n", "nNaN,1", "n1", "n1,2,3", "1-1714618800000", "tx"] {
        let address = format!("/Observations?$orderby=result&$skiptoken={token}");
        assert_eq!(city.status(&address), 400, "{address}");
    }
}

#[test]
fn the_bound_of_an_order_never_refuses_its_own_next_link() {
    let mut city = City::small(300);
    city.page_max = 100_000;
    let first = city.json("/Datastreams(1)/Observations?$orderby=result&$top=100&$skip=99900");
    assert_eq!(first["value"], json!([]));
    let first = city.json("/Datastreams(1)/Observations?$orderby=result&$top=100&$skip=100");
    let next = city.json(first["@iot.nextLink"].as_str().expect("a next link"));
    assert_eq!((&next["value"][0]["result"], next.get("@iot.nextLink")), (&json!(70), None));
}

#[test]
fn the_first_of_an_order_are_found_without_what_cannot_be_among_them() {
    let city = City::small(1_000);
    for (query, first) in [("$orderby=result", json!(20)), ("$orderby=result desc", json!(269.75))] {
        let page = city.json(&format!("/Datastreams(1)/Observations?{query}&$top=3"));
        assert_eq!(page["value"][0]["result"], first);
    }
    let mixed = city.pages("/Observations?$orderby=result desc&$top=7");
    assert_eq!(mixed.len(), 1_002);
    let with_filter = city.pages("/Observations?$filter=result gt 200 or result lt 10&$orderby=result&$top=7");
    assert_eq!(with_filter.len(), 279 + 1, "a truth is no number");
}

#[test]
fn what_is_too_much_work_is_refused_and_says_so() {
    let mut series = support::Memory::default();
    let start = at("2024-05-02T03:00:00Z");
    for row in 0..2_100 {
        series.put(1, time(start.ms() + row * 60_000), 0.0, None, start);
    }
    let mut entities = entities();
    entities.retain(|entity| entity.kind() != city::EntityKind::Datastream);
    entities.push(stream(1, "Oven temperature", 1, "temperature", city::ObservationType::Measurement));
    let mut city = City::new(entities, series);
    for id in 10..1_100 {
        let mut more = stream(id, "s", 1, "temperature", city::ObservationType::Measurement);
        more.name = format!("Stream {id}");
        city.catalogue.apply(&city::EntityChange::Put(more));
    }
    // Each of 1,091 datastreams asks for all observations of the first: more than two million rows.
    let query = "/Datastreams?$filter=Thing/Datastreams/Observations/result add 0 gt 5";
    let problem = city.get(query).expect_err("too much");
    assert_eq!((problem.status, problem.title), (422, "Too much to look through"), "the query itself is right");
}

#[test]
fn large_answers_end_their_page_early_and_go_on() {
    let mut city = City::small(1_000);
    for id in 10..90 {
        city.catalogue.apply(&city::EntityChange::Put(support::entity(
            id,
            "Thing",
            city::EntityBody::Thing { locations: vec![1.into()], feature_of_interest: None },
        )));
    }
    city.expand_page_max = 1_000;
    // Every thing has the one place, the place has every thing, and each of them the oven's thousand rows and more.
    let query = "/Things?$select=name&$expand=Locations($select=name;$expand=Things($select=name;$expand=Datastreams($select=name;$expand=Observations($select=result))))";
    let page = city.json(query);
    let told = page["value"].as_array().map(Vec::len).expect("a list");
    assert!((10..82).contains(&told), "{told}");
    assert!(page["@iot.nextLink"].is_string());
    assert_eq!(city.pages(query).len(), 82);
}

#[test]
fn exports_stream_any_length_in_bounded_memory() {
    let city = City::small(ROWS);
    let chunks = |query: &str| -> Vec<Vec<u8>> {
        let chunks = csv_chunks(&city.catalogue, &city.series, &city.context(), "Datastreams(1)/Observations", query);
        chunks.expect("an export").map(|chunk| chunk.expect("a chunk")).collect()
    };
    city.series.reads.set(0);
    let all = chunks("$filter=result ge 0");
    assert!(all.iter().all(|chunk| chunk.len() < 1 << 20), "no chunk is large");
    assert!(city.series.reads.get() < 10_000 + 10, "every row is read once");
    let text = String::from_utf8(all.concat()).expect("text");
    let mut lines = text.split("\r\n");
    let header = "id,Datastream/id,phenomenonTime,result,resultTime,resultQuality,validTime,parameters";
    assert_eq!(lines.next(), Some(header));
    assert_eq!(lines.next(), Some("1-1714618800000,1,2024-05-02T03:00:00Z,20,,,,"));
    assert_eq!(lines.filter(|line| !line.is_empty()).count(), 9_999);
    let top = String::from_utf8(chunks("$top=5000&$skip=2&$orderby=phenomenonTime desc&$select=result").concat());
    let top = top.expect("text");
    assert_eq!(top.split("\r\n").take(2).collect::<Vec<_>>(), ["result", "2519.25"]);
    assert_eq!(top.trim_end().split("\r\n").count(), 5_001);
    assert_eq!(String::from_utf8(chunks("$filter=result lt 0").concat()).expect("text"), format!("{header}\r\n"));
}

#[test]
fn batches_of_columns_hold_the_same_rows() {
    let city = City::small(ROWS * 7);
    let batches = row_batches(&city.catalogue, &city.series, &city.context(), "Observations", "").expect("an export");
    let sizes: Vec<usize> = batches.map(|batch| batch.expect("a batch").len()).collect();
    assert_eq!(sizes, [65_536, 70_002 - 65_536]);
    let wrong = ["$orderby=result", "$expand=Datastream", "$filter=colour eq 1", "$select=FeatureOfInterest/name"];
    for query in wrong {
        let export = Export::new(&city.catalogue, &city.series, &city.context(), "Observations", query);
        assert_eq!(export.err().map(|problem| problem.status), Some(400), "{query}");
    }
    for path in ["Things", "Datastreams(1)/Thing/Datastreams", "Observations('1-1')", "Things(1)"] {
        let parquet = Export::new(&city.catalogue, &city.series, &city.context(), path, "$resultFormat=Parquet");
        let status = parquet.err().map(|problem| problem.status);
        assert!(status.is_some_and(|status| [400, 404, 501].contains(&status)), "{path}: {status:?}");
    }
    let select = |query: &str| {
        let query = format!("$resultFormat=Parquet&{query}");
        let export = Export::new(&city.catalogue, &city.series, &city.context(), "Observations", &query);
        export.map(|export| export.selected()).map_err(|problem| problem.status)
    };
    assert_eq!(select(""), Ok(vec![]));
    assert_eq!(select("$select=result,id,Datastream"), Ok(vec!["result", "id", "Datastream"]));
    for query in ["$select=FeatureOfInterest", "$select=parameters/depth", "$select=@iot.selfLink", "$orderby=result"] {
        assert_eq!(select(query), Err(400), "{query}");
    }
    city.series.is_broken.set(true);
    let rows = row_batches(&city.catalogue, &city.series, &city.context(), "Datastreams(1)/Observations", "");
    let items: Vec<_> = rows.expect("an export").collect();
    assert_eq!(items.len(), 1, "it ends with the mistake");
    assert_eq!(items[0].as_ref().err().map(|problem| problem.status), Some(500));
}
