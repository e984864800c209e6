//! Reading: what the standard's examples ask, and what clients stumbled over elsewhere (each pitfall is one test).
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod support;

use city::{Detail, Primitive};
use serde_json::{Value, json};
use support::{BASE, City, at, ids};

#[test]
fn the_root_lists_the_sets_and_what_is_served() {
    let mut city = City::small(0);
    let root = city.json("");
    assert_eq!(root["value"][0], json!({"name": "Things", "url": format!("{BASE}/Things")}));
    assert_eq!(root["value"].as_array().map(Vec::len), Some(8));
    let conformance = |root: &Value| root["serverSettings"]["conformance"].as_array().expect("a list").clone();
    let mqtt = json!("http://www.opengis.net/spec/iot_sensing/1.1/req/receive-updates-via-mqtt/receive-updates");
    assert!(conformance(&root).contains(&json!("http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel")));
    assert!(!conformance(&root).contains(&mqtt));
    city.settings.mqtt_endpoints = vec!["mqtt://example.org:1883".to_owned()];
    let root = city.json("/");
    assert!(conformance(&root).contains(&mqtt));
    assert_eq!(root["serverSettings"][mqtt.as_str().expect("text")], json!({"endpoints": ["mqtt://example.org:1883"]}));
}

#[test]
fn a_thing_is_told_whole() {
    let expected = json!({
        "@iot.id": 1,
        "@iot.selfLink": "http://example.org/v1.1/Things(1)",
        "name": "Oven",
        "description": "Oven, described",
        "properties": {"height_m": 2.5, "owner": "Ward 3"},
        "Locations@iot.navigationLink": "http://example.org/v1.1/Things(1)/Locations",
        "HistoricalLocations@iot.navigationLink": "http://example.org/v1.1/Things(1)/HistoricalLocations",
        "Datastreams@iot.navigationLink": "http://example.org/v1.1/Things(1)/Datastreams",
    });
    assert_eq!(City::small(0).json("/Things(1)"), expected);
}

#[test]
fn a_datastream_knows_its_span_and_its_place() {
    let expected = json!({
        "@iot.id": 1,
        "@iot.selfLink": "http://example.org/v1.1/Datastreams(1)",
        "name": "Oven temperature",
        "description": "Oven temperature, described",
        "unitOfMeasurement": {
            "name": "degree Celsius",
            "symbol": "°C",
            "definition": "http://unitsofmeasure.org/ucum.html#para-30",
        },
        "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
        "observedArea": {"type": "Point", "coordinates": [-114.133, 51.08]},
        "phenomenonTime": "2024-05-02T03:00:00Z/2024-05-02T03:02:00Z",
        "Thing@iot.navigationLink": "http://example.org/v1.1/Datastreams(1)/Thing",
        "Sensor@iot.navigationLink": "http://example.org/v1.1/Datastreams(1)/Sensor",
        "ObservedProperty@iot.navigationLink": "http://example.org/v1.1/Datastreams(1)/ObservedProperty",
        "Observations@iot.navigationLink": "http://example.org/v1.1/Datastreams(1)/Observations",
    });
    assert_eq!(City::small(3).json("/Datastreams(1)"), expected);
}

#[test]
fn the_other_kinds_are_told_whole() {
    let city = City::small(0);
    let location = json!({
        "@iot.id": 1,
        "@iot.selfLink": "http://example.org/v1.1/Locations(1)",
        "name": "CCIT",
        "description": "CCIT, described",
        "encodingType": "application/geo+json",
        "location": {"type": "Point", "coordinates": [-114.133, 51.08]},
        "Things@iot.navigationLink": "http://example.org/v1.1/Locations(1)/Things",
        "HistoricalLocations@iot.navigationLink": "http://example.org/v1.1/Locations(1)/HistoricalLocations",
    });
    assert_eq!(city.json("/Things(1)/Locations")["value"], json!([location]));
    let passage = json!({
        "@iot.id": 1,
        "@iot.selfLink": "http://example.org/v1.1/HistoricalLocations(1)",
        "time": "2024-05-01T00:00:00Z",
        "Thing@iot.navigationLink": "http://example.org/v1.1/HistoricalLocations(1)/Thing",
        "Locations@iot.navigationLink": "http://example.org/v1.1/HistoricalLocations(1)/Locations",
    });
    assert_eq!(city.json("/Locations(1)/HistoricalLocations(1)"), passage);
    let sensor = city.json("/Datastreams(1)/Sensor");
    assert_eq!(
        (&sensor["encodingType"], &sensor["metadata"]),
        (&json!("application/pdf"), &json!("http://example.org/a.pdf"))
    );
    let odd = city.json("/ObservedProperties('it''s')");
    assert_eq!(odd["@iot.id"], json!("it's"));
    assert_eq!(odd["@iot.selfLink"], json!("http://example.org/v1.1/ObservedProperties('it%27%27s')"));
    let link = odd["Datastreams@iot.navigationLink"].as_str().expect("a link");
    assert_eq!(ids(&city.pages(link)), [&json!(2), &json!(3)]);
    assert_eq!(city.json("/FeaturesOfInterest(1)")["feature"]["type"], json!("Point"));
}

#[test]
fn observations_have_the_type_of_their_datastream() {
    let city = City::small(2);
    let first = json!({
        "@iot.id": "1-1714618800000",
        "@iot.selfLink": "http://example.org/v1.1/Observations('1-1714618800000')",
        "phenomenonTime": "2024-05-02T03:00:00Z",
        "result": 20,
        "resultTime": null,
        "Datastream@iot.navigationLink": "http://example.org/v1.1/Observations('1-1714618800000')/Datastream",
        "FeatureOfInterest@iot.navigationLink": "http://example.org/v1.1/Observations('1-1714618800000')/FeatureOfInterest",
    });
    let all = city.pages("/Datastreams(1)/Observations");
    assert_eq!((all.len(), &all[0]), (2, &first));
    assert_eq!(all[1]["result"], json!(20.25));
    assert_eq!(city.json("/Observations('1-1714618800000')"), first);
    assert_eq!(city.json("/Datastreams(2)/Observations")["value"][0]["result"], json!(7));
    assert_eq!(city.json("/Datastreams(3)/Observations")["value"][0]["result"], json!(true));
    assert_eq!(city.json("/Observations('1-1714618800000')/FeatureOfInterest")["@iot.id"], json!(1));
    assert_eq!(
        city.json("/Observations('1-1714618800000')/Datastream/Thing/Locations")["value"][0]["@iot.id"],
        json!(1)
    );
}

#[test]
fn what_few_observations_have_is_told() {
    let mut city = City::small(0);
    let mut detail = Detail {
        phenomenon_end: Some(at("2024-05-02T04:00:00Z")),
        result_time: Some(at("2024-05-02T05:00:00.250Z")),
        valid_time: Some((at("2024-05-02T00:00:00Z"), at("2024-05-03T00:00:00Z"))),
        result: Some(Primitive::Text("=cmd()".into())),
        result_quality: Some(Primitive::Text("good".into())),
        ..Detail::default()
    };
    detail.parameters.set("run", Primitive::Integer(3));
    city.series.put(1, at("2024-05-02T03:00:00Z"), 0.0, Some(detail), at("2024-05-02T05:00:01Z"));
    let told = city.json("/Datastreams(1)/Observations")["value"][0].clone();
    assert_eq!(told["@iot.id"], json!("1-1714618800000_1714622400000-1714626000250"));
    assert_eq!(told["phenomenonTime"], json!("2024-05-02T03:00:00Z/2024-05-02T04:00:00Z"));
    assert_eq!(told["resultTime"], json!("2024-05-02T05:00:00.250Z"));
    assert_eq!(told["validTime"], json!("2024-05-02T00:00:00Z/2024-05-03T00:00:00Z"));
    assert_eq!((&told["result"], &told["resultQuality"]), (&json!("=cmd()"), &json!("good")));
    assert_eq!(told["parameters"], json!({"run": 3}));
    let link = told["@iot.selfLink"].as_str().expect("a link");
    assert_eq!(city.json(link), told);
    let csv = city
        .get("/Datastreams(1)/Observations?$resultFormat=CSV&$select=result,parameters,phenomenonTime")
        .expect("CSV");
    let expected =
        "result,parameters,phenomenonTime\r\n'=cmd(),\"{\"\"run\"\":3}\",2024-05-02T03:00:00Z/2024-05-02T04:00:00Z\r\n";
    assert_eq!(String::from_utf8(csv.body).expect("text"), expected);
    let array = city.json("/Observations?$resultFormat=dataArray&$filter=Datastream/id eq 1");
    let components =
        json!(["id", "phenomenonTime", "resultTime", "result", "resultQuality", "validTime", "parameters"]);
    assert_eq!(array["value"][0]["components"], components);
}

#[test]
fn properties_and_their_bare_values_are_reached() {
    let city = City::small(1);
    assert_eq!(city.json("/Things(1)/name"), json!({"name": "Oven"}));
    let bare = |address: &str| {
        let answer = city.get(address).expect("a value");
        (answer.content_type, String::from_utf8(answer.body).expect("text"))
    };
    assert_eq!(bare("/Things(1)/name/$value"), ("text/plain; charset=utf-8", "Oven".to_owned()));
    assert_eq!(bare("/Things(1)/properties/height_m/$value").1, "2.5");
    assert_eq!(bare("/Observations('1-1714618800000')/result/$value").1, "20");
    assert_eq!(bare("/Observations('1-1714618800000')/phenomenonTime/$value").1, "2024-05-02T03:00:00Z");
    assert_eq!(bare("/Locations(1)/location/$value").1, r#"{"coordinates":[-114.133,51.08],"type":"Point"}"#);
    assert_eq!(city.json("/Things(1)/properties/owner"), json!({"owner": "Ward 3"}));
    assert_eq!(city.status("/Things(2)/properties"), 204);
    assert_eq!(city.status("/Observations('1-1714618800000')/resultTime/$value"), 204);
    assert_eq!(city.status("/Things(1)/properties/nothing"), 204);
    assert_eq!(city.json("/Things(1)/@iot.selfLink"), json!({"@iot.selfLink": "http://example.org/v1.1/Things(1)"}));
}

#[test]
fn references_are_addresses_and_nothing_else() {
    let mut city = City::small(1);
    city.page_max = 2;
    let page = city.json("/Things(1)/Datastreams/$ref?$count=true");
    let link = |id: i64| json!({"@iot.selfLink": format!("{BASE}/Datastreams({id})")});
    assert_eq!(page["value"], json!([link(1), link(2)]));
    assert_eq!(page["@iot.count"], json!(3));
    assert_eq!(page["@iot.nextLink"], json!(format!("{BASE}/Things(1)/Datastreams/$ref?$count=true&$skiptoken=2")));
    assert_eq!(city.pages("/Things(1)/Datastreams/$ref").len(), 3);
    assert_eq!(city.json("/Datastreams(1)/Thing/$ref"), json!({"@iot.selfLink": format!("{BASE}/Things(1)")}));
    assert_eq!(city.status("/Things/$ref?$select=name"), 400);
}

#[test]
fn what_is_not_there_is_a_404() {
    let city = City::small(1);
    let missing = [
        "/Things(9)",
        "/Thing",
        "/Things(2)/Datastreams(1)",
        "/Datastreams(2)/Observations('1-1714618800000')",
        "/Observations('1-1714618800001')",
        "/Observations(1)",
        "/Observations('9-1714618800000')",
        "/Things(1)/Datastreams(1)/Thing(1)",
        "/ObservedProperties('none')/Datastreams",
        "/Things(1)/colour",
        "/Things(9)/name/$value",
    ];
    for address in missing {
        assert_eq!(city.status(address), 404, "{address}");
    }
}

/// Fraunhofer's client for Python and others put every id into quotes.
#[test]
fn pitfall_ids_are_numbers_and_texts_alike() {
    let city = City::small(1);
    assert_eq!(city.json("/Things('1')"), city.json("/Things(1)"));
    assert_eq!(city.json("/Things('1')/Datastreams('2')/name"), json!({"name": "Door openings"}));
    assert_eq!(city.json("/ObservedProperties('temperature')")["@iot.id"], json!("temperature"));
    assert_eq!(city.pages("/Things?$filter=id eq '1'").len(), 1);
    assert_eq!(city.pages("/Things?$filter=@iot.id eq 1").len(), 1);
}

#[test]
fn pitfall_select_without_id_still_tells_the_id() {
    let city = City::small(1);
    assert_eq!(city.json("/Things(1)?$select=name"), json!({"@iot.id": 1, "name": "Oven"}));
    let expanded = city.json("/Things(1)?$select=name&$expand=Datastreams($select=name;$top=1)");
    assert_eq!(expanded["Datastreams"], json!([{"@iot.id": 1, "name": "Oven temperature"}]));
    assert_eq!(expanded.get("Locations@iot.navigationLink"), None);
    let links = city.json("/Things(1)?$select=@iot.selfLink,Datastreams,properties/owner");
    let expected = json!({
        "@iot.id": 1,
        "@iot.selfLink": "http://example.org/v1.1/Things(1)",
        "properties": {"owner": "Ward 3"},
        "Datastreams@iot.navigationLink": "http://example.org/v1.1/Things(1)/Datastreams",
    });
    assert_eq!(links, expected);
}

#[test]
fn pitfall_next_links_keep_every_option_at_every_level() {
    let mut city = City::small(10);
    city.page_max = 1;
    city.expand_page_max = 2;
    let query = "/Things?$expand=Datastreams($expand=Observations($filter=result ge 20;$select=result;$count=true))&$filter=id lt 9&$count=true";
    let page = city.json(query);
    assert_eq!(page["@iot.count"], json!(2));
    let next = page["@iot.nextLink"].as_str().expect("a next link");
    assert!(next.starts_with("http://example.org/v1.1/Things?"), "{next}");
    for kept in ["$expand=", "$filter=", "$count=true"] {
        assert!(next.contains(kept), "{next}");
    }
    let second = city.json(next);
    assert_eq!((&second["value"][0]["@iot.id"], &second["@iot.count"]), (&json!(2), &json!(2)));
    assert_eq!(second.get("@iot.nextLink"), None);
    let thing = &page["value"][0];
    let streams = thing["Datastreams@iot.nextLink"].as_str().expect("a nested next link");
    assert!(streams.starts_with("http://example.org/v1.1/Things(1)/Datastreams?"), "{streams}");
    assert!(city.pages(streams)[0].get("Observations").is_some(), "the nested page expands too");
    let oven = &thing["Datastreams"][0];
    assert_eq!(oven["Observations@iot.count"], json!(10));
    let rows = oven["Observations@iot.nextLink"].as_str().expect("a next link in the depth");
    assert!(rows.starts_with("http://example.org/v1.1/Datastreams(1)/Observations?"), "{rows}");
    assert_eq!(oven["Observations"].as_array().map(Vec::len), Some(2));
    assert_eq!(city.pages(rows).len(), 8);
}

#[test]
fn pitfall_a_page_counts_entities_and_not_what_is_expanded() {
    let mut city = City::small(10);
    city.page_max = 2;
    let page = city.json("/Things?$expand=Datastreams/Observations&$top=2");
    assert_eq!(page["value"].as_array().map(Vec::len), Some(2));
    assert_eq!(page["value"][0]["Datastreams"][0]["Observations"].as_array().map(Vec::len), Some(10));
    assert_eq!(page["value"][1]["Datastreams"], json!([]));
}

#[test]
fn pitfall_semicolons_and_spaces_may_be_encoded() {
    let city = City::small(5);
    let plain = city.json("/Datastreams(1)?$expand=Observations($top=2;$orderby=phenomenonTime desc)");
    assert_eq!(plain["Observations"].as_array().map(Vec::len), Some(2));
    let encoded = city.json("/Datastreams(1)?%24expand=Observations(%24top%3D2%3B%24orderby%3DphenomenonTime+desc)");
    assert_eq!(encoded, plain);
    let mixed = city.json("/Datastreams(1)?$expand=Observations%28$top=2%3B$orderby=phenomenonTime%20desc%29");
    assert_eq!(mixed, plain);
}

#[test]
fn pitfall_nothing_is_told_before_all_is_checked() {
    let city = City::small(5);
    let wrong = [
        "/Things?$filter=colour eq 'red'",
        "/Things?$filter=name gt",
        "/Things?$top=-1",
        "/Things?$count=perhaps",
        "/Things?$expand=Observations",
        "/Things?$expand=Datastreams($expand=Observations($orderby=colour))",
        "/Things?$expand=Datastreams/Thing($top=1)",
        "/Things(1)?$filter=id eq 1",
        "/Things?$resultFormat=dataArray",
        "/Observations?$resultFormat=dataArray&$expand=Datastream",
        "/Observations?$skiptoken=5",
        "/Things?$skiptoken=x",
        "/Things?$orderby=name&$skip=1000000",
    ];
    for address in wrong {
        assert_eq!(city.status(address), 400, "{address}");
    }
    assert_eq!(city.status("/Things?$nothing=1"), 501, "the standard may have it one day");
    city.series.is_broken.set(true);
    for address in ["/Things?$expand=Datastreams/Observations", "/Datastreams", "/Observations?$count=true&$top=0"] {
        assert_eq!(city.status(address), 500, "{address}: not a 200 that breaks off");
    }
}

#[test]
fn pitfall_times_without_a_zone_are_refused() {
    let city = City::small(5);
    assert_eq!(city.status("/Observations?$filter=phenomenonTime gt 2024-05-02T03:01:00"), 400);
    assert_eq!(city.pages("/Observations?$filter=phenomenonTime gt 2024-05-02T03:01:00Z").len(), 3);
    assert_eq!(city.pages("/Observations?$filter=phenomenonTime gt 2024-05-02T00:01:00-03:00").len(), 3);
    assert_eq!(city.status("/Observations?asOf=2024-05-02T03:01:00"), 400);
}

#[test]
fn pitfall_the_feature_of_interest_of_an_observation_is_told() {
    let city = City::small(1);
    let told = city.json("/Observations?$expand=FeatureOfInterest,Datastream($select=name)&$top=1");
    assert_eq!(told["value"][0]["FeatureOfInterest"]["@iot.id"], json!(1));
    assert_eq!(told["value"][0]["Datastream"], json!({"@iot.id": 1, "name": "Oven temperature"}));
    assert_eq!(told["value"][0].get("Datastream@iot.navigationLink"), None);
    assert_eq!(city.pages("/FeaturesOfInterest(1)/Observations").len(), 3);
}

#[test]
fn data_arrays_have_a_list_for_each_datastream() {
    let mut city = City::small(2);
    city.page_max = 3;
    let page = city.json("/Observations?$resultFormat=dataArray&$count=true&$select=phenomenonTime,result");
    let expected = json!([
        {
            "Datastream@iot.navigationLink": "http://example.org/v1.1/Datastreams(1)",
            "components": ["phenomenonTime", "result"],
            "dataArray@iot.count": 2,
            "dataArray": [["2024-05-02T03:00:00Z", 20], ["2024-05-02T03:01:00Z", 20.25]],
        },
        {
            "Datastream@iot.navigationLink": "http://example.org/v1.1/Datastreams(2)",
            "components": ["phenomenonTime", "result"],
            "dataArray@iot.count": 1,
            "dataArray": [["2024-05-02T03:00:00Z", 7]],
        },
    ]);
    assert_eq!((&page["value"], &page["@iot.count"]), (&expected, &json!(4)));
    let next = city.json(page["@iot.nextLink"].as_str().expect("a next link"));
    assert_eq!(next["value"][0]["dataArray"], json!([["2024-05-02T03:00:00Z", true]]));
    let usual = city.json("/Datastreams(2)/Observations?$resultFormat=dataArray");
    assert_eq!(usual["value"][0]["components"], json!(["id", "phenomenonTime", "resultTime", "result"]));
    assert_eq!(usual["value"][0]["dataArray"], json!([["2-1714618800000", "2024-05-02T03:00:00Z", null, 7]]));
}

#[test]
fn what_was_known_then_can_be_asked() {
    let mut city = City::small(2);
    city.series.put(1, at("2024-05-02T03:00:00Z"), 99.0, None, at("2024-05-02T08:00:00Z"));
    let result = |address: &str| city.json(address)["value"][0]["result"].clone();
    assert_eq!(result("/Datastreams(1)/Observations"), json!(99));
    assert_eq!(result("/Datastreams(1)/Observations?asOf=2024-05-02T07:00:00Z"), json!(20));
    let then = city.json("/Datastreams(1)/Observations?asOf=2024-05-02T03:00:30Z&$count=true");
    assert_eq!((&then["@iot.count"], then["value"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    assert_eq!(city.json("/Observations('1-1714618800000')?asOf=2024-05-02T07:00:00Z")["result"], json!(20));
    let nested = city.json("/Things(1)?$expand=Datastreams/Observations&asOf=2024-05-02T07:00:00Z");
    assert_eq!(nested["Datastreams"][0]["Observations"][0]["result"], json!(20));
    let other = city.json("/Datastreams(1)/Observations?as_of=2024-05-02T07:00:00Z");
    assert_eq!(other["value"][0]["result"], json!(20), "the other spelling");
    assert_eq!(city.status("/Observations?as_of=2024-05-02T07:00:00Z&asOf=2024-05-02T07:00:00Z"), 400);
    let span =
        |query: &str| city.json(&format!("/Datastreams(1)?$select=phenomenonTime{query}"))["phenomenonTime"].clone();
    assert_eq!(span("&asOf=2024-05-02T03:00:30Z"), json!("2024-05-02T03:00:00Z/2024-05-02T03:00:00Z"));
    assert_eq!(span(""), json!("2024-05-02T03:00:00Z/2024-05-02T03:01:00Z"));
    assert_eq!(span("&asOf=2020-05-02T03:01:30Z"), json!(null));
    for refused in ["/Things", "/Things(1)", "/Things?$expand=Locations", "/Sensors", "/Things(1)/name"] {
        let and = if refused.contains('?') { '&' } else { '?' };
        assert_eq!(city.status(&format!("{refused}{and}asOf=2024-05-02T07:00:00Z")), 400, "{refused}");
    }
    let depends = "/Things?$filter=Datastreams/Observations/result gt 0&asOf=2024-05-02T07:00:00Z";
    assert_eq!(city.status(depends), 200);
}

#[test]
fn places_and_functions_filter() {
    let city = City::small(0);
    let area = "geography'POLYGON((-52 -31,-50 -31,-50 -29,-52 -29,-52 -31))'";
    let inside = city.pages(&format!("/Things?$filter=st_within(Locations/location,{area})"));
    assert_eq!(ids(&inside), [&json!(2)]);
    assert_eq!(ids(&city.pages("/Things?$filter=properties/height_m gt 2")), [&json!(1)]);
    assert_eq!(ids(&city.pages("/Things?$filter=startswith(name,'Sh') or length(name) eq 4")), [&json!(1), &json!(2)]);
    assert_eq!(city.pages("/Datastreams?$filter=unitOfMeasurement/symbol eq '°C'&$orderby=name desc").len(), 3);
    assert_eq!(city.pages("/Locations?$filter=location/type eq 'Point'").len(), 2);
}
