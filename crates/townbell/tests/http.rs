//! The program over HTTP: what each route answers, to whom, and what rubbish gets.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/inside.rs"]
mod inside;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use account::Access;
use house::{at, client, demo, get, json, post};
use inside::{FROM, problem, start, start_city};
use reqwest::StatusCode;
use serde_json::{Value, json as object};
use townbell::conductor::Speed;
use townbell::config::City;
use townbell::tell::{openapi, routes};
use townbell::wire::{self, Running, Source};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_tells_its_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), Access::DemoOnLoopback, 90).await;
    let address = running.address;
    let state = json(address, "/api/state").await;
    let vehicles = state["vehicles"].as_array().expect("vehicles");
    assert!(vehicles.len() > 50, "{} vehicles at 13:30 on a Tuesday", vehicles.len());
    assert!(vehicles.iter().all(|v| v["simulated"] == true), "every position of the demo is simulated, and says so");
    let latest = &state["things"][0]["datastreams"][0]["latest"];
    assert!(latest["result"].as_f64().is_some_and(|level| (0.5..2.0).contains(&level)), "{latest}");
    for feed in state["feeds"].as_array().expect("feeds") {
        let tally = &feed["tally"];
        let sum = |field: &str| tally[field].as_u64().expect("a count");
        let rejected: u64 = tally["rejected"].as_object().expect("reasons").values().filter_map(Value::as_u64).sum();
        assert_eq!(sum("received"), sum("stored") + sum("duplicate") + rejected, "{feed}");
        assert_ne!(feed["status"], "waiting", "{} never came", feed["id"]);
    }
    let series = json(address, "/api/series/1?points=10").await;
    assert!(!series["points"].as_array().expect("points").is_empty());
    assert!(json(address, "/api/rules").await["items"].as_array().expect("rules").len() >= 5);
    let (status, tile) = get(address, "/tiles/12/1465/2406.mvt").await.expect("an answer");
    assert!(status == StatusCode::OK && !tile.is_empty(), "the centre of the city is on the map");
    let (_, metrics) = get(address, "/metrics").await.expect("an answer");
    assert!(json(address, "/api/feeds").await["broker"].is_null(), "a replay talks to no broker");
    assert!(!metrics.contains("townbell_mqtt_"), "and has nothing to count there");
    let names = metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    assert!(names.clone().count() > 20 && names.clone().all(|line| line.starts_with("townbell_")));
    wire::until_replayed(running).await.expect("stops in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sensorthings_takes_and_gives_back_observations() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), Access::DemoOnLoopback, 1).await;
    let address = running.address;
    let path = "/v1.1/Datastreams(1)/Observations";
    let undeclared =
        object!({ "phenomenonTime": "2024-04-30T15:00:10Z", "result": 1.25, "parameters": { "note": "x" } });
    let (status, refusal) = post(address, path, undeclared.to_string()).await.expect("an answer");
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let refusal: Value = serde_json::from_str(&refusal).expect("a problem document");
    assert_eq!(refusal["field"], "parameters.note", "the refused field is named");
    let body = object!({ "phenomenonTime": "2024-04-30T15:00:10Z", "result": 1.25 });
    let (status, _) = post(address, path, body.to_string()).await.expect("an answer");
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(
        post(address, path, body.to_string()).await.expect("an answer").0,
        StatusCode::CREATED,
        "a second time is no error"
    );
    let page =
        json(address, "/v1.1/Datastreams(1)/Observations?$orderby=phenomenonTime%20desc&$top=1&$count=true").await;
    assert_eq!(page["value"][0]["result"], 1.25);
    assert!(page["@iot.nextLink"].is_string() || page["@iot.count"] == 1);
    let link = page["value"][0]["@iot.selfLink"].as_str().expect("a link").to_owned();
    let (_, path_of) =
        link.split_once(&address.to_string()).expect("links are absolute, at the address that was asked");
    assert_eq!(json(address, path_of).await["result"], 1.25);
    let tally = json(address, "/api/feeds").await["items"][0]["tally"].clone();
    assert!(tally["duplicate"].as_u64() >= Some(1) && tally["rejected"]["not_allowed"].as_u64() >= Some(1), "{tally}");

    let refused = [
        (object!({ "phenomenonTime": "2024-04-30T15:00:10", "result": 1.0 }), "no zone"),
        (object!({ "phenomenonTime": "2024-04-30T15:00:10Z", "result": 99.0 }), "no lake stands at 99 m"),
        (object!({ "phenomenonTime": "2024-04-30T15:00:10Z", "result": "NaN" }), "not a number"),
        (object!({ "phenomenonTime": "2024-05-30T15:00:10Z", "result": 1.0 }), "ahead of the clock"),
        (object!({ "phenomenonTime": "1970-01-01T00:00:00Z", "result": 1.0 }), "a clock that was never set"),
    ];
    for (body, why) in refused {
        let (status, answer) = post(address, path, body.to_string()).await.expect("an answer");
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY || status == StatusCode::BAD_REQUEST, "{why}: {status}");
        problem(&answer);
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [deep.as_str(), "{", "", "null", "[]", "\u{0}"] {
        let (status, answer) = post(address, path, body.to_owned()).await.expect("it is still there");
        assert!(status.is_client_error(), "{status}");
        problem(&answer);
    }
    // The answer comes before the body is sent to its end; a client that goes on sending may lose it, so it asks again.
    let mut answer = None;
    for _ in 0..20 {
        answer = answer.or(post(address, path, vec![b'['; 3 << 20]).await);
    }
    let (status, answer) = answer.expect("an answer");
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    problem(&answer);
    for rubbish in ["/api/alerts/%00%ff", "/tiles/a/b/c", "/api/alerts?limit=x", "/v1.1/Things(1", "/nowhere"] {
        let (status, answer) = get(address, rubbish).await.expect("an answer");
        assert!(status.is_client_error(), "{rubbish}: {status}");
        problem(&answer);
    }
    assert_eq!(json(address, path_of).await["result"], 1.25, "what was good is still there");
    wire::until_replayed(running).await.expect("stops in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_taken_by_a_role_and_never_with_a_phone_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), Access::DemoOnLoopback, 1).await;
    let address = running.address;
    // 2.6 m in the lake, long enough: the alert at 2.5 m rings.
    let until = at(FROM);
    for n in 0..8 {
        let time = until - city::Span::min(15 * (7 - n));
        let body = object!({ "phenomenonTime": time, "result": 2.6 + 0.01 * n as f64 });
        assert_eq!(
            post(address, "/v1.1/Datastreams(1)/Observations", body.to_string()).await.expect("an answer").0,
            StatusCode::CREATED
        );
    }
    let open = json(address, "/api/alerts?state=open").await;
    let id = open["items"][0]["id"].as_str().expect("an open alert").to_owned();
    let path = format!("/api/alerts/{id}/acknowledge");
    let take = |role: &str, note: &str| object!({ "role": role, "note": note }).to_string();
    let (status, answer) =
        post(address, &path, take("duty_officer", "call Ana on +55 51 99876-5432")).await.expect("an answer");
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let detail = problem(&answer)["detail"].as_str().expect("words").to_owned();
    assert!(detail.contains("telephone") && !detail.contains("99876"), "{detail}");
    let (status, _) = post(address, &path, take("somebody", "mine")).await.expect("an answer");
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a role that the city does not have");
    let (status, answer) = post(address, &path, take("duty_officer", "gates being checked")).await.expect("an answer");
    assert_eq!(status, StatusCode::OK, "{answer}");
    let history = json(address, &format!("/api/alerts/{id}")).await;
    assert_eq!(history["alert"]["state"], "acknowledged");
    assert_eq!(history["alert"]["acknowledged_by"], "duty_officer");
    let (status, answer) =
        post(address, "/api/alerts/nothing~x~1/acknowledge", take("duty_officer", "")).await.expect("an answer");
    assert_eq!(status, StatusCode::NOT_FOUND);
    problem(&answer);
    wire::until_replayed(running).await.expect("stops in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_in_the_table_and_behind_the_authoriser() {
    let folder = tempfile::tempdir().expect("a folder");
    let access = Access::Token { sha256: [7; 32] };
    let city = City::read(&demo()).expect("the demo city is right");
    let from = at(FROM);
    let source = Source::Replay { origin: from, from, to: from, speed: Speed::FULL };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = wire::Options { city, data: folder.path().to_path_buf(), listen, access, source };
    let running = wire::start(options).await.expect("it starts");
    let (_, table) = routes::build(&running.app);
    let documented: Value = serde_json::from_str(&openapi::text().expect("a document")).expect("JSON");
    let documented: BTreeSet<(String, String)> = documented["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().expect("methods").keys().map(|m| (m.to_uppercase(), path.clone()))
        })
        .collect();
    for route in &table {
        let path = route.path.replace("{*path}", "{path}");
        let page = matches!(route.path, "/" | "/{*path}");
        assert!(
            page || documented.contains(&(route.method.to_string(), path.clone())),
            "{path} is not in the OpenAPI document"
        );
        let address = route
            .path
            .replace("{*path}", "Things")
            .replace("{id}", "x")
            .replace("{name}", "x")
            .replace("{datastream}", "1")
            .replace("{z}/{x}/{y}", "12/1/1.mvt");
        let url = format!("http://{}{address}", running.address);
        let status = client().request(route.method.clone(), url).send().await.expect("an answer").status();
        let public = route.class == account::DataClass::Public;
        assert_eq!(
            status == StatusCode::UNAUTHORIZED,
            !public,
            "{} {} answered {status} without a token",
            route.method,
            route.path
        );
    }
    assert_eq!(documented.len() + 2, table.len(), "a documented path is not served, or the other way round");
    // The replay has no token either, so its senders were turned away, as they should be.
    drop(running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_does_not_answer_a_page_of_another_site() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), Access::DemoOnLoopback, 0).await;
    let url = |path: &str| format!("http://{}{path}", running.address);
    let rebound = client().get(url("/api/state")).header("host", "evil.example").send().await.expect("an answer");
    assert_eq!(rebound.status(), StatusCode::FORBIDDEN, "DNS rebinding");
    let crossed = client().post(url("/v1.1/Observations")).header("origin", "http://evil.example").body("{}");
    assert_eq!(crossed.send().await.expect("an answer").status(), StatusCode::FORBIDDEN, "another origin");
    let wrong = client().delete(url("/api/alerts")).send().await.expect("an answer");
    assert_eq!(wrong.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(wrong.headers().contains_key("allow"));
    problem(&wrong.text().await.expect("a body"));
    let headers = client().get(url("/api/city")).send().await.expect("an answer").headers().clone();
    assert!(headers["content-security-policy"].to_str().expect("text").starts_with("default-src 'none'"));
    wire::until_replayed(running).await.expect("stops in order");
}

#[test]
fn the_committed_openapi_document_is_not_stale() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../api/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, openapi::text().expect("a document"), "run: make generate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn things_in_a_box_are_told_with_their_newest_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), Access::DemoOnLoopback, 30).await;
    let address = running.address;
    let all = json(address, "/api/things").await;
    let things = all["things"].as_array().expect("things");
    let latest = json(address, "/api/series/latest").await;
    let newest = latest["values"].as_array().expect("values");
    assert!(!things.is_empty() && !newest.is_empty());
    let values = || things.iter().flat_map(|thing| thing["datastreams"].as_array().expect("datastreams"));
    for row in newest {
        let value = values().find(|value| value["datastream"] == row[0]).expect("its thing stands somewhere");
        assert_eq!(value["result"], row[2], "{value}");
        assert_eq!(at(value["phenomenon_time"].as_str().expect("a time")).ms(), row[1], "{value}");
    }
    for value in values().filter(|value| newest.iter().all(|row| row[0] != value["datastream"])) {
        assert!(value["result"].is_null() && value["phenomenon_time"].is_null(), "{value}");
    }
    for thing in things {
        let (east, north) = (&thing["position"]["longitude"], &thing["position"]["latitude"]);
        let (east, north) = (east.as_f64().expect("degrees"), north.as_f64().expect("degrees"));
        let around = format!("/api/things?bbox={},{},{},{}", east - 1e-6, north - 1e-6, east + 1e-6, north + 1e-6);
        let found = json(address, &around).await;
        assert!(found["things"].as_array().expect("things").contains(thing), "{thing}");
        let told = json(address, &around.replace("/things?", "/series/latest?")).await;
        let told = told["values"].as_array().expect("values");
        let of_thing = thing["datastreams"].as_array().expect("datastreams").iter();
        let has = of_thing.filter(|value| !value["result"].is_null());
        assert!(has.clone().all(|value| told.iter().any(|row| row[0] == value["datastream"])), "{thing}: {told:?}");
        assert!(told.iter().all(|row| newest.contains(row)));
    }
    assert_eq!(json(address, "/api/series/latest?bbox=0,0,1,1").await["values"], object!([]));
    let (status, _) = get(address, "/api/series/latest?bbox=0,0,1").await.expect("an answer");
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(json(address, "/api/things?bbox=0,0,1,1").await, object!({ "things": [] }));
    wire::until_replayed(running).await.expect("stops in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_of_all_leaves_out_what_the_city_no_longer_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), Access::DemoOnLoopback, 30).await;
    let counts = async |address| {
        let stored = json(address, "/api/series/count").await["count"].as_u64().expect("a count");
        let told = json(address, "/v1.1/Observations?$count=true&$top=0").await["@iot.count"].clone();
        (stored, told.as_u64().expect("a count"))
    };
    let (stored, told) = counts(running.address).await;
    assert!(stored > 0 && told == stored, "{told} of {stored}");
    let one = json(running.address, "/v1.1/Datastreams(1)/Observations?$count=true&$top=0").await["@iot.count"].clone();
    let one = one.as_u64().filter(|one| (1..stored).contains(one)).expect("the first of several has some");
    wire::until_replayed(running).await.expect("stops in order");

    let mut city = City::read(&demo()).expect("the demo city is right");
    city.datastreams.retain(|datastream| datastream.id.0 != 1);
    let running = start_city(city, folder.path(), Access::DemoOnLoopback, 30).await;
    assert_eq!(counts(running.address).await, (stored, stored - one));
    wire::until_replayed(running).await.expect("stops in order");
}

const GATE: &str = r#"{"name": "Gate", "description": "A gate.",
  "Locations": [{"name": "Weir", "description": "The weir.", "encodingType": "application/geo+json",
    "location": {"type": "Point", "coordinates": [-51.2, -30.0]}}],
  "Datastreams": [STREAM(Level, OM_Measurement), STREAM(State, OM_CategoryObservation), STREAM(Open, OM_TruthObservation)]}"#;

/// A sandbox with a gate that has a series of numbers, one of texts and one of truths, two values each.
async fn sandbox(folder: &std::path::Path) -> Running {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let (city, data) = (City::sandbox(), folder.to_path_buf());
    let options = wire::Options { city, data, listen, access: Access::DemoOnLoopback, source: Source::Live };
    let town = wire::start(options).await.expect("the sandbox starts");
    let stream = |name: &str, kind: &str| {
        object!({ "name": name, "description": name,
            "observationType": format!("http://www.opengis.net/def/observationType/OGC-OM/2.0/{kind}"),
            "unitOfMeasurement": { "name": null, "symbol": null, "definition": null },
            "Sensor": { "name": name, "description": "-", "encodingType": "text/plain", "metadata": "-" },
            "ObservedProperty": { "name": name, "description": "-", "definition": "https://example.org/-" } })
        .to_string()
    };
    let gate = GATE.replace("STREAM(Level, OM_Measurement)", &stream("Level", "OM_Measurement"));
    let gate = gate.replace("STREAM(State, OM_CategoryObservation)", &stream("State", "OM_CategoryObservation"));
    let gate = gate.replace("STREAM(Open, OM_TruthObservation)", &stream("Open", "OM_TruthObservation"));
    let (status, text) = post(town.address, "/v1.1/Things", gate).await.expect("an answer");
    assert_eq!(status, StatusCode::CREATED, "{text}");
    for (id, results) in
        [(1, object!([1.5, 2.5])), (2, object!(["shut", "wide \"open\""])), (3, object!([true, false]))]
    {
        for (minute, result) in results.as_array().expect("two").iter().enumerate() {
            let one = object!({ "phenomenonTime": format!("2024-05-01T12:0{minute}:00Z"), "result": result });
            let path = format!("/v1.1/Datastreams({id})/Observations");
            let (status, text) = post(town.address, &path, one.to_string()).await.expect("an answer");
            assert_eq!(status, StatusCode::CREATED, "{text}");
        }
    }
    town
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_of_every_kind_are_told_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let town = sandbox(folder.path()).await;
    let (first, last) = (at("2024-05-01T12:00:00Z").ms(), at("2024-05-01T12:01:00Z").ms());
    let newest = object!([[1, last, 2.5], [2, last, "wide \"open\""], [3, last, false]]);
    for path in ["/api/series/latest", "/api/series/latest?bbox=-52,-31,-51,-29"] {
        assert_eq!(json(town.address, path).await["values"], newest, "{path}");
    }
    let things = json(town.address, "/api/things").await;
    let results: Vec<&Value> = (0..3).map(|at| &things["things"][0]["datastreams"][at]["result"]).collect();
    assert_eq!(results, [&object!(2.5), &object!("wide \"open\""), &object!(false)]);
    let day = "from=2024-05-01T00:00:00Z&to=2024-05-02T00:00:00Z";
    let known = city::Time::from_ms(town.app.clock.now().ms() + 1).expect("a time");
    for (id, results) in
        [(1, object!([1.5, 2.5])), (2, object!(["shut", "wide \"open\""])), (3, object!([true, false]))]
    {
        for more in [String::new(), format!("&asOf={known}"), format!("&as_of={known}")] {
            let values = json(town.address, &format!("/api/series/{id}/values?{day}{more}")).await["values"].clone();
            assert_eq!(values, object!([[first, results[0]], [last, results[1]]]), "{id} {more}");
        }
        for path in [format!("/api/series/{id}?{day}"), format!("/api/series/{id}/buckets?{day}&step_s=3600")] {
            let (status, body) = get(town.address, &path).await.expect("an answer");
            let expected = if id == 1 { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
            assert_eq!(status, expected, "{path}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_query_may_not_ask_is_said_before_the_first_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let town = sandbox(folder.path()).await;
    for path in ["Things", "Sensors", "Datastreams(1)/Thing/Locations", "ObservedProperties", "FeaturesOfInterest"] {
        let (status, body) =
            get(town.address, &format!("/v1.1/{path}?$resultFormat=parquet")).await.expect("an answer");
        assert_eq!(status, StatusCode::NOT_IMPLEMENTED, "{path}");
        assert!(problem(&body)["detail"].as_str().is_some_and(|detail| detail.contains("CSV")), "{body}");
    }
    for (path, told) in [
        ("/api/series/1/buckets", "step_s: say it"),
        ("/api/series/1/buckets?step_s=0", "step_s: expected a whole number from 1 to 31536000"),
        ("/api/series/1/buckets?step_s=x", "step_s: expected a whole number from 1 to 31536000"),
        ("/api/series/1/buckets?step_s=1&from=2020-01-01T00:00:00Z", "step_s: there are more than 10000 buckets"),
        ("/api/series/1?points=5001", "points: expected a whole number from 1 to 5000"),
        ("/api/series/1?from=yesterday", "from: expected an instant with its zone"),
        ("/api/series/1?from=2024-05-02T00:00:00Z&to=2024-05-01T00:00:00Z", "from: expected a time before to"),
        ("/api/series/1?colour=1", "colour: there is no such parameter here"),
        ("/api/series/1?asOf=2024-05-02T00:00:00Z", "asOf: this is told as it is now"),
        ("/api/series/1/buckets?step_s=60&as_of=2024-05-02T00:00:00Z", "as_of: this is told as it is now"),
        ("/api/series/latest?as_of=2024-05-02T00:00:00Z", "as_of: this is told as it is now"),
        ("/api/series/count?asOf=2024-05-02T00:00:00Z", "asOf: this is told as it is now"),
        ("/api/things?asOf=2024-05-02T00:00:00Z", "asOf: this is told as it is now"),
        ("/api/series/1/values?asOf=2024-05-02T00:00:00Z&as_of=2024-05-02T00:00:00Z", "asOf: it is given twice"),
        ("/v1.1/Things?asOf=2024-05-02T00:00:00Z", "asOf: is for Observations"),
    ] {
        let (status, body) = get(town.address, path).await.expect("an answer");
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(problem(&body)["detail"].as_str().is_some_and(|detail| detail.starts_with(told)), "{path}: {body}");
    }
}
