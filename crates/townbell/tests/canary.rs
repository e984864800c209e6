//! The canary (DESIGN 6; CHARTER.md, clauses 2 and 4): a unique word in every text field of every feed, unknown fields
//! and names included, goes through the whole program. Afterwards no word is anywhere but where the table below says.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test says what it expected")]

#[path = "house/canaries/mod.rs"]
mod canaries;
mod house;
#[path = "house/server.rs"]
mod server;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use canaries::search::{Search, base64, folded};
use canaries::{Canaries, KEPT_OF_STATIONS};
use city::{Span, Time};
use house::{client, get, json};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json as object};
use server::{Answer, FeedLine, Foreign, Town, assert_balanced, feed, now, rejected, stored, write_city};

/// The fields whose words may be kept, and why. A word of any other field may be nowhere.
const MAY_APPEAR: [(&str, &str); 27] = [
    ("agency.txt/agency_name", "who runs the lines: an agency"),
    ("stops.txt/stop_id", "the key that live feeds name a stop by"),
    ("stops.txt/stop_id[1]", "the key that live feeds name a stop by"),
    ("stops.txt/stop_name", "what is written on the stop"),
    ("stops.txt/stop_name[1]", "what is written on the stop"),
    ("routes.txt/route_id", "the key of a line"),
    ("routes.txt/route_short_name", "what is written on the bus"),
    ("routes.txt/route_long_name", "what is written in the timetable"),
    ("trips.txt/trip_id", "the journal's key of a position, in the place of the vehicle"),
    ("trips.txt/trip_headsign", "what is written on the bus"),
    ("alerts.taken.id", "the key of a service alert"),
    ("alert.informed_entity.route_id", "the line that the alert is about"),
    ("alert.informed_entity.stop_id", "the stop that the alert is about"),
    ("alert.informed_entity.trip.trip_id", "the trip that the alert is about"),
    ("alert.header_text.text", "what the agency tells its riders"),
    ("alert.description_text.text", "what the agency tells its riders"),
    ("cap/alert/identifier", "the key of a warning"),
    ("cap/alert/sender", "the organisation: what stands behind the @"),
    ("cap/alert/references identifier", "the warning that this one updates"),
    ("cap/alert/info/event", "what the authority warns of"),
    ("cap/alert/info/senderName", "the authority"),
    ("cap/alert/info/headline", "what the authority tells everybody"),
    ("cap/alert/info/description", "what the authority tells everybody"),
    ("cap/alert/info/instruction", "what the authority tells everybody"),
    ("cap/alert/info/area/areaDesc", "where"),
    ("cap/alert/info/area/geocode/value", "where, as an administrative code"),
    ("acknowledgement.note", "what a role leaves for the next shift, after the scan"),
];

const FEEDS: [FeedLine<'_>; 8] = [
    ("timetable", "gtfs", "/gtfs.zip", None),
    ("positions", "gtfs_rt_vehicle_positions", "/positions", Some("timetable")),
    ("updates", "gtfs_rt_trip_updates", "/updates", Some("timetable")),
    ("service-alerts", "gtfs_rt_alerts", "/alerts", None),
    ("warnings", "cap_atom", "/atom", None),
    ("warning-files", "cap_files", "inbox", None),
    ("moved", "gtfs_rt_alerts", "/moved", None),
    ("water", "sensor_things", "", None),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_word_is_anywhere_that_it_may_not_be() {
    let canaries = Canaries::default();
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let foreign = Foreign::start().await;
    let city = write_city(folder.path(), &foreign, &FEEDS);
    std::fs::create_dir(city.join("inbox")).expect("a folder");
    let mut town = Town::start(&city, &data).await;
    let (timetable, trip, stop) = canaries.gtfs();
    foreign.say("/gtfs.zip", answer(&canaries, "gtfs", timetable));
    // Positions are judged by the timetable, and this foreign city says each of them once.
    town.until("the timetable is in", async |at| stored(&feed(at, "timetable").await) == 1).await;
    publish(&canaries, &foreign, &city.join("inbox"), (&trip, &stop), now(town.address).await);
    let mut answers = observe(&canaries, town.address).await;
    town.until("every feed has stored and refused what it should", all_is_in).await;
    let rings = async |at| json(at, "/api/alerts").await["items"].as_array().is_some_and(|alerts| alerts.len() >= 2);
    town.until("the gauge and a warning ring", rings).await;
    answers.extend(act(&canaries, town.address).await);
    answers.extend(knock(&canaries, town.address).await);
    let (told, refused) = arrange(&canaries, town.address).await;
    answers.extend(refused);
    assert_balanced(town.address).await;

    let mut kept = files(&data);
    kept.extend(told);
    kept.extend(routes(town.address).await);
    town.program.stop();
    kept.extend(files(&data));
    kept.push(("every value of every table".to_owned(), values(&data.join("townbell.sqlite"))));
    report(&canaries, &kept, &answers);
}

/// An answer with a word in each of its headers.
fn answer(c: &Canaries, name: &str, body: Vec<u8>) -> Answer {
    let mut answer = Answer::of(body).header("etag", &format!("\"{}\"", c.plant(&format!("{name} answer.etag"))));
    for header in ["last-modified", "content-type", "content-language", "server", "set-cookie", "via", "x-operator"] {
        answer = answer.header(header, &c.plant(&format!("{name} answer.{header}")));
    }
    answer.header(&c.plant(&format!("{name} answer.[header]")), "x")
}

/// Lets the foreign city speak, each word in its field.
fn publish(c: &Canaries, foreign: &Foreign, inbox: &Path, (trip, stop): (&str, &str), now: Time) {
    let (far, gone) = (c.plant("atom/link/@href, refused connection"), c.plant("atom/link/@href, 404"));
    let (good, test) = (c.plant("atom/link/@href"), c.plant("refused.exercise/link/@href"));
    let query = c.plant("atom/link/@href query");
    let nobody = format!("http://127.0.0.1:1/{far}");
    let links = [format!("/{good}?{query}={query}"), format!("/{test}"), nobody, format!("/{gone}")];
    let links: Vec<&str> = links.iter().map(String::as_str).collect();
    let warning = c.cap("cap", &c.plant("cap/alert/identifier"), "Actual", now);
    let exercise = c.cap("refused.exercise", &c.plant("refused.exercise/alert/identifier"), "Exercise", now);
    let filed = c.cap("file", &c.plant("file/alert/identifier"), "Actual", now);
    let named = |field: &str, end: &str| inbox.join(c.plant(field) + end);
    std::fs::write(named("file/[file name]", ".xml"), filed).expect("written");
    std::fs::write(named("file/[other file name]", ".txt"), c.plant("file/[other file]")).expect("written");
    std::fs::write(named("file/[broken file name]", ".cap"), format!("<alert>{}", c.plant("file/[broken file]")))
        .expect("written");
    let documents = [
        ("/positions".to_owned(), c.vehicle_positions(trip, now)),
        ("/updates".to_owned(), c.trip_updates(trip, stop, now)),
        ("/alerts".to_owned(), c.alerts(now)),
        ("/atom".to_owned(), c.atom(&links, now).into_bytes()),
        (format!("/{good}"), warning.into_bytes()),
        (format!("/{test}"), exercise.into_bytes()),
    ];
    for (path, body) in documents {
        foreign.say(&path, answer(c, &path, body));
    }
    let (elsewhere, cookie) = (c.plant("moved.location"), c.plant("moved.body"));
    let to = format!("http://127.0.0.1:1/{elsewhere}?{elsewhere}");
    foreign.say("/moved", Answer::of(cookie).status(302).header("location", &to));
}

async fn all_is_in(address: SocketAddr) -> bool {
    for (id, ..) in FEEDS.iter().filter(|(id, ..)| *id != "moved") {
        if stored(&feed(address, id).await) == 0 {
            return false;
        }
    }
    let refused = [
        ("positions", "missing_field", 1),
        ("positions", "unknown_reference", 1),
        ("positions", "bad_time", 2),
        ("positions", "unsupported", 4),
        ("updates", "unknown_reference", 2),
        ("updates", "unsupported", 3),
        ("service-alerts", "missing_field", 1),
        ("warnings", "not_actual", 1),
        ("warning-files", "malformed", 1),
        ("water", "not_allowed", 1),
    ];
    for (id, reason, at_least) in refused {
        if rejected(&feed(address, id).await, reason) < at_least {
            return false;
        }
    }
    json(address, "/api/state").await["vehicles"].as_array().is_some_and(|vehicles| vehicles.len() == 1)
}

type Answered = (String, Vec<u8>);

async fn send(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> (StatusCode, Answered) {
    let mut request = client().request(method.clone(), format!("http://{address}{path}")).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let mut all = format!("{:?}\n", response.headers()).into_bytes();
    all.extend(response.bytes().await.expect("a body"));
    (status, (format!("{method} {path}: {status}"), all))
}

/// Observations: one alone, one in a data array, and each way to be refused.
async fn observe(c: &Canaries, address: SocketAddr) -> Vec<Answered> {
    let w = |name: &str| c.plant(&format!("observation.{name}"));
    let time = now(address).await - Span::min(2);
    let more = |at: &str| {
        let w = |name: &str| c.plant(&format!("{at}.{name}"));
        object!({
            "resultTime": w("resultTime"), "validTime": w("validTime"),
            "resultQuality": { "nameOfMeasure": w("resultQuality"), w("resultQuality.[key]"): 1 },
            "parameters": { "note": w("parameters"), w("parameters.[key]"): [{ "deeper": w("parameters.deeper") }] },
            "FeatureOfInterest": { "name": w("FeatureOfInterest.name"), "description": w("FeatureOfInterest.description"),
                "encodingType": w("FeatureOfInterest.encodingType"), "feature": { "type": w("FeatureOfInterest.feature") },
                "properties": { w("FeatureOfInterest.properties.[key]"): w("FeatureOfInterest.properties") } },
            w("[key]"): w("[value]"), "@iot.id": w("@iot.id"), "@iot.selfLink": w("@iot.selfLink"),
        })
    };
    let with = |at: &str, told: Value| {
        let mut body = more(at);
        body.as_object_mut().expect("an object").extend(told.as_object().expect("an object").clone());
        body
    };
    let single = with(
        "observation",
        object!({ "phenomenonTime": time, "result": 2.6,
        "Datastream": { "@iot.id": 1, "name": w("Datastream.name"), w("Datastream.[key]"): 1 } }),
    );
    let array = object!([{ "Datastream": { "@iot.id": 1, w("array.Datastream.[key]"): w("array.Datastream.[value]") },
        "components": ["phenomenonTime", "result", "parameters", w("array.components")], "dataArray@iot.count": w("array.count"),
        w("array.[key]"): w("array.[value]"),
        "dataArray": [[time + Span::min(1), 2.7, { w("array.parameters.[key]"): w("array.parameters") }, w("array.extra")],
            [time, w("array.result"), 1, 1], w("array.row")] }]);
    let text = |at: &str, result: Value, time: Value| {
        with(at, object!({ "phenomenonTime": time, "result": result })).to_string()
    };
    let one = "/v1.1/Datastreams(1)/Observations";
    let deep = format!("{}\"{}\"{}", "[".repeat(100_000), w("refused.deep"), "]".repeat(100_000));
    let strange = object!([{ "Datastream": { "@iot.id": w("refused.array.id") }, "components": [w("refused.array.components")], "dataArray": [[w("refused.array.row")]] }]);
    let plain = object!({ "phenomenonTime": time, "result": 2.6, "Datastream": { "@iot.id": 1 } });
    let sent = [
        ("/v1.1/Observations", plain.to_string(), true),
        ("/v1.1/Observations", single.to_string(), false),
        ("/v1.1/CreateObservations", array.to_string(), false),
        (one, text("refused.result", w("refused.result.result").into(), object!(time)), false),
        (one, text("refused.range", object!(99.0), object!(time)), false),
        (one, text("refused.time", object!(1.0), w("refused.time.phenomenonTime").into()), false),
        (
            "/v1.1/Observations",
            with("refused.id", object!({ "Datastream": { "@iot.id": w("refused.id.Datastream") } })).to_string(),
            false,
        ),
        ("/v1.1/CreateObservations", strange.to_string(), false),
        (one, format!("{{\"result\": 1.0, {}", w("refused.malformed")), false),
        (one, deep, false),
    ];
    let mut answers = Vec::new();
    for (path, body, taken) in sent {
        let (status, answer) = send(address, Method::POST, path, &[("content-type", "application/json")], body).await;
        assert_eq!(status.is_success(), taken, "{}: {}", answer.0, String::from_utf8_lossy(&answer.1));
        answers.push(answer);
    }
    answers
}

/// Stations: those that are taken, with what is told back, and each way to be refused.
async fn arrange(c: &Canaries, address: SocketAddr) -> (Vec<Answered>, Vec<Answered>) {
    let kind = [("content-type", "application/json")];
    let mut answers = (Vec::new(), Vec::new());
    for (path, body) in [("/v1.1/Things", c.station()), ("/v1.1/FeaturesOfInterest", c.feature())] {
        let (status, answer) = send(address, Method::POST, path, &kind, body.to_string()).await;
        assert_eq!(status, StatusCode::CREATED, "{}: {}", answer.0, String::from_utf8_lossy(&answer.1));
        answers.0.push(answer);
    }
    for (what, body) in c.refused_stations() {
        let (method, path) = what.split_once(' ').expect("method and path");
        let method = if method == "POST" { Method::POST } else { Method::PATCH };
        let (status, answer) = send(address, method, path, &kind, body.to_string()).await;
        assert!(matches!(status.as_u16(), 400 | 422), "{} {body}: {}", answer.0, String::from_utf8_lossy(&answer.1));
        answers.1.push(answer);
    }
    answers
}

/// The control room: notes that are refused, and one that is taken.
async fn act(c: &Canaries, address: SocketAddr) -> Vec<Answered> {
    let alerts = json(address, "/api/alerts?state=open").await;
    let level = alerts["items"].as_array().expect("alerts").iter().find(|alert| alert["key"]["rule"] == "level");
    let id = level.expect("the level alert is open")["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/alerts/{id}/acknowledge");
    let w = |name: &str| c.plant(&format!("refused.note.{name}"));
    let long = format!("{} {}", w("long"), "x".repeat(600));
    let bodies = [
        (
            object!({ "role": "duty_officer", "note": format!("{} on +55 51 99876-5432", w("telephone")) }).to_string(),
            false,
        ),
        (object!({ "role": "duty_officer", "note": format!("plate {} ABC1D23", w("plate")) }).to_string(), false),
        (object!({ "role": "duty_officer", "note": format!("{}@example.org", w("address")) }).to_string(), false),
        (object!({ "role": "duty_officer", "note": long }).to_string(), false),
        (object!({ "role": w("role"), "note": w("of an unknown role") }).to_string(), false),
        (object!({ "role": "duty_officer", "note": w("with a key"), w("[key]"): w("[value]") }).to_string(), false),
        (object!({ "role": 1, "note": [w("of another type")] }).to_string(), false),
        (object!({ "role": [w("role of another type")] }).to_string(), false),
        (format!("{{\"role\": \"{}", w("malformed")), false),
        (
            object!({ "role": "duty_officer", "note": format!("gates shut {}", c.plant("acknowledgement.note")) })
                .to_string(),
            true,
        ),
    ];
    let mut answers = Vec::new();
    for (body, taken) in bodies {
        let (status, answer) = send(address, Method::POST, &path, &[("content-type", "application/json")], body).await;
        assert_eq!(status.is_success(), taken, "{}: {}", answer.0, String::from_utf8_lossy(&answer.1));
        answers.extend((!taken).then_some(answer));
    }
    answers
}

/// Paths, queries and headers that nobody asked for.
async fn knock(c: &Canaries, address: SocketAddr) -> Vec<Answered> {
    let w = |name: &str| c.plant(&format!("request.{name}"));
    let names = [
        "user-agent",
        "referer",
        "cookie",
        "x-forwarded-for",
        "from",
        "accept-language",
        "if-none-match",
        "last-event-id",
    ];
    let told: Vec<(&str, String)> = names.into_iter().map(|name| (name, w(&format!("header.{name}")))).collect();
    let bearer = format!("Bearer {}", w("authorization"));
    let mut headers: Vec<(&str, &str)> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let strange = w("[header]").to_lowercase();
    headers.extend([("authorization", bearer.as_str()), (strange.as_str(), "x")]);
    let paths = [
        format!("/{}", w("path")),
        format!("/api/alerts/{}", w("alert id")),
        format!("/api/alerts?{}={}", w("query key"), w("query value")),
        format!("/api/alerts?state={}", w("state")),
        format!("/api/series/{}", w("datastream")),
        format!("/api/series/1?from={}", w("from")),
        format!("/api/forecast/{}", w("forecast")),
        format!("/api/rules/{}", w("rule")),
        format!("/tiles/{}/1/1.mvt", w("tile")),
        format!("/v1.1/{}", w("entity set")),
        format!("/v1.1/Things({})", w("thing")),
        format!("/v1.1/Things?$filter={}", w("$filter")),
        format!("/v1.1/Things?{}={}", w("unknown option"), w("its value")),
        format!("/v1.1/Things?$top={}", w("$top")),
        format!("/health?{}", w("health query")),
    ];
    let mut answers = Vec::new();
    for path in &paths {
        let (status, (what, mut answer)) = send(address, Method::GET, path, &headers, String::new()).await;
        assert!(!status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED, "{what}");
        // Who asked may be told what: only the path and the query may be in the answer, and nowhere else.
        let told = String::from_utf8_lossy(&answer).into_owned();
        let asked = path.split(['/', '?', '=', '(', ')']).filter(|part| part.starts_with("CNRY"));
        answer = asked.fold(told, |told, part| told.replace(part, "")).into_bytes();
        answers.push((what, answer));
    }
    for path in [format!("/api/alerts/{}/acknowledge", w("acknowledged alert")), format!("/v1.1/{}", w("created"))] {
        let body = object!({ "role": "duty_officer", "note": w(&format!("note to {path}")) }).to_string();
        let (status, answer) = send(address, Method::POST, &path, &[("content-type", "application/json")], body).await;
        assert!(status.is_client_error(), "{status}");
        answers.push(answer);
    }
    answers
}

/// Every file of a folder.
fn files(folder: &Path) -> Vec<Answered> {
    let entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    assert!(
        entries.iter().all(|path| path.is_file()),
        "a folder in the data folder has to be searched too: {entries:?}"
    );
    entries.iter().map(|path| (path.display().to_string(), std::fs::read(path).expect("its bytes"))).collect()
}

/// Every value in the database, one after the other: a text that SQLite spread over two pages is whole here.
fn values(database: &Path) -> Vec<u8> {
    let connection = rusqlite::Connection::open(database).expect("the database");
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("its tables");
    let names: Vec<String> =
        tables.query_map([], |row| row.get(0)).expect("names").map(|name| name.expect("a name")).collect();
    let mut out = Vec::new();
    for name in names {
        let mut all = connection.prepare(&format!("SELECT * FROM \"{name}\"")).expect("a table");
        let columns = all.column_count();
        let mut rows = all.query([]).expect("its rows");
        while let Some(row) = rows.next().expect("a row") {
            for column in 0..columns {
                match row.get_ref(column).expect("a value") {
                    rusqlite::types::ValueRef::Text(value) | rusqlite::types::ValueRef::Blob(value) => {
                        out.extend(value);
                    }
                    _ => {}
                }
                out.push(b'\n');
            }
        }
    }
    out
}

/// What every documented route answers, and the pages.
async fn routes(address: SocketAddr) -> Vec<Answered> {
    let document = json(address, "/api/openapi.json").await;
    let paths =
        document["paths"].as_object().expect("paths").iter().filter(|(_, methods)| methods.get("get").is_some());
    let sets = [
        "Things",
        "Locations",
        "HistoricalLocations",
        "Datastreams",
        "Sensors",
        "ObservedProperties",
        "FeaturesOfInterest",
        "Things(1)",
        "Datastreams(1)",
        "Datastreams(1)/Observations",
    ];
    let mut asked: Vec<String> = vec!["/".to_owned(), "/feeds".to_owned(), "/api/alerts?state=acknowledged".to_owned()];
    asked.extend(sets.map(|set| format!("/v1.1/{set}")));
    for alert in json(address, "/api/alerts").await["items"].as_array().expect("alerts") {
        asked.push(format!("/api/alerts/{}", alert["id"].as_str().expect("an id")));
    }
    for (path, _) in paths.filter(|(path, _)| *path != "/api/live" && *path != "/api/alerts/{id}") {
        asked.push(
            path.replace("{path}", "Things")
                .replace("{name}", "level")
                .replace("{datastream}", "1")
                .replace("{z}/{x}/{y}", "12/1465/2406.mvt"),
        );
    }
    let mut answers = Vec::new();
    for path in asked {
        assert!(!path.contains('{'), "{path} has a parameter that this test does not know");
        let (_, body) = get(address, &path).await.expect("an answer");
        answers.push((path, body.into_bytes()));
    }
    let mut live = client().get(format!("http://{address}/api/live")).send().await.expect("an answer");
    let mut told = Vec::new();
    let listen = async {
        while let Ok(Some(chunk)) = live.chunk().await {
            told.extend(chunk);
        }
    };
    // It never ends by itself; three seconds hold the snapshot and a round of every feed.
    let _heard = tokio::time::timeout(Duration::from_secs(3), listen).await;
    assert!(told.windows(8).any(|window| window == b"snapshot"), "the live events begin with a snapshot");
    answers.push(("/api/live".to_owned(), told));
    answers
}

fn may_be_kept() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    MAY_APPEAR.iter().chain(&KEPT_OF_STATIONS)
}

fn may_appear(field: &str) -> bool {
    let field = field.strip_prefix("file/").map_or_else(|| field.to_owned(), |rest| format!("cap/{rest}"));
    may_be_kept().any(|(may, _)| *may == field)
}

/// Fails with every word that is where it may not be, and every one that is not where it should be.
fn report(canaries: &Canaries, kept: &[Answered], answers: &[Answered]) {
    let all = canaries.all();
    let forms = |of: fn(&str) -> Vec<Vec<u8>>| {
        all.iter().enumerate().flat_map(move |(n, planted)| of(&planted.word).into_iter().map(move |form| (form, n)))
    };
    let (folds, exact) = (Search::new(forms(folded)), Search::new(forms(base64)));
    let find = |bytes: &[u8]| &folds.find(&bytes.to_ascii_lowercase()) | &exact.find(bytes);
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (place, bytes) in kept {
        let log = place.ends_with("/log");
        for n in find(bytes) {
            seen.insert(n);
            if log || !may_appear(&all[n].field) {
                wrong.push(format!("{} is in {place}", all[n].field));
            }
        }
    }
    for (place, bytes) in answers {
        // A refused field is named, so that its sender can mend it; what it held is not.
        let names = place.contains("/v1.1/") && (place.contains(": 422") || place.contains(": 400"));
        let found = find(bytes).into_iter().filter(|n| !(names && all[*n].field.ends_with("[key]")));
        wrong.extend(found.map(|n| format!("{} is given back by {place}", all[n].field)));
    }
    let missing = all.iter().enumerate().filter(|(n, planted)| may_appear(&planted.field) && !seen.contains(n));
    wrong.extend(
        missing.map(|(_, planted)| {
            format!("{} is nowhere, though it may be kept: the test is blind there", planted.field)
        }),
    );
    let unplanted = may_be_kept().filter(|(field, _)| all.iter().all(|planted| planted.field != *field));
    wrong.extend(unplanted.map(|(field, why)| format!("{field} ({why}) was never planted")));
    let bytes: usize = kept.iter().map(|(_, bytes)| bytes.len()).sum();
    println!(
        "{} words, {} of them kept; searched {} files and answers, {bytes} bytes",
        all.len(),
        seen.len(),
        kept.len() + answers.len()
    );
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
