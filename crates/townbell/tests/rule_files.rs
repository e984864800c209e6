//! Rules over HTTP: read, written, taken away; never over what somebody else wrote, never one that does not load.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/inside.rs"]
mod inside;

use std::path::Path;
use std::time::Duration;

use account::Access;
use city::{DeskActionKind, Record, Seq};
use house::{city_with, client, get, json, post};
use inside::{problem, start_city};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json as object};
use townbell::config::City;
use townbell::wire::{self, Running};

const RULE: &str = r#"kind = "threshold"
what = "Lake"
datastream = 1
statistic = "mean"
window = "1 h"
owner = "water_desk"
severity = "minor"
respond_within = "1 h"
purpose = "flood_warning"
consequence = "The quay is wet."
first_action = "Look at the quay."
[open]
above = 1.5
[close]
below = 1.4
"#;

/// What an answer was.
struct Told {
    status: StatusCode,
    tag: String,
    body: String,
}

impl Told {
    fn problem(&self) -> Value {
        problem(&self.body)
    }

    fn detail(&self) -> String {
        self.problem()["detail"].as_str().expect("text").to_owned()
    }
}

async fn ask(running: &Running, method: Method, path: &str, header: Option<(&str, &str)>, body: Value) -> Told {
    let mut request = client().request(method, format!("http://{}/api/rules/{path}", running.address));
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.expect("an answer");
    let tag = answer.headers().get("etag").map(|tag| tag.to_str().expect("text").to_owned()).unwrap_or_default();
    Told { status: answer.status(), tag, body: answer.text().await.expect("text") }
}

async fn put(running: &Running, name: &str, header: Option<(&str, &str)>, role: &str, text: &str) -> Told {
    ask(running, Method::PUT, name, header, object!({ "role": role, "text": text })).await
}

const NEW: Option<(&str, &str)> = Some(("if-none-match", "*"));

async fn in_force(running: &Running) -> Vec<String> {
    let page = json(running.address, "/api/rules").await;
    page["items"].as_array().expect("rules").iter().map(|rule| rule["id"].as_str().expect("id").to_owned()).collect()
}

fn files(city: &Path) -> Vec<String> {
    let listed = std::fs::read_dir(city.join("rules")).expect("rules").flatten();
    let mut names: Vec<String> = listed.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What roles did to rules, as the journal has it.
fn deeds(data: &Path) -> Vec<(String, String, Option<String>)> {
    let reader = store::Reader::open(&data.join(wire::DATABASE)).expect("the store");
    let mut deeds = Vec::new();
    let mut after = Seq(0);
    loop {
        let rows = reader.journal_after(after, 1_000).expect("rows");
        let Some(last) = rows.last() else { return deeds };
        after = last.seq;
        for record in rows.into_iter().flat_map(|row| row.records) {
            if let Record::DeskAction(action) = record {
                deeds.push(match action.what {
                    DeskActionKind::SaveRule { rule, version } => (action.role, rule.to_string(), Some(version)),
                    DeskActionKind::RemoveRule { rule } => (action.role, rule.to_string(), None),
                    other => panic!("nobody did {other:?}"),
                });
            }
        }
    }
}

#[test]
fn the_rules_of_the_demo_pass_the_tests_beside_them() {
    let city = City::read(&house::demo()).expect("the demo is right");
    let tests = city.test_rules().map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert!(tests.as_ref().is_ok_and(|tests| *tests > 10), "{tests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_is_written_changed_and_taken_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = city_with(folder.path(), "");
    let data = folder.path().join("data");
    let running = start_city(City::read(&city).expect("right"), &data, Access::DemoOnLoopback, 1).await;
    let before = files(&city);

    let told = put(&running, "quay-wet", NEW, "water_desk", RULE).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.body);
    let first = told.tag.clone();
    let view: Value = serde_json::from_str(&told.body).expect("JSON");
    assert_eq!(format!("\"{}\"", view["version"].as_str().expect("a version")), first);
    assert!(in_force(&running).await.contains(&"quay-wet".to_owned()), "it is in force at once");
    assert_eq!(std::fs::read_to_string(city.join("rules/quay-wet.toml")).expect("the file"), RULE);

    // A draft may look at it now: the trial is with the rules in force.
    let looks = "kind = \"combined\"\nwhat = \"Both\"\nowner = \"duty_officer\"\nseverity = \"severe\"\n\
        respond_within = \"1 h\"\npurpose = \"run_together\"\nconsequence = \"Water.\"\nfirst_action = \"Look.\"\n\
        [condition.quay]\nalert_of = \"quay-wet\"\n[condition.high]\nalert_of = \"lake-above-2-5m\"\n\
        [open]\nwhen = { all = [\"quay\", \"high\"] }\n";
    let tried = object!({ "text": looks, "name": "both", "days": 1 }).to_string();
    let (status, body) = post(running.address, "/api/backtest", tried).await.expect("an answer");
    assert_eq!(status, StatusCode::OK, "{body}");

    // Read, then changed from what was read; another who read the same comes too late.
    let read = ask(&running, Method::GET, "quay-wet", None, Value::Null).await;
    let text: Value = serde_json::from_str(&read.body).expect("JSON");
    assert_eq!(
        (read.tag.as_str(), text["text"].as_str(), text["in_force"].as_bool()),
        (first.as_str(), Some(RULE), Some(true))
    );
    let higher = RULE.replace("above = 1.5", "above = 1.7");
    let second = put(&running, "quay-wet", Some(("if-match", &first)), "duty_officer", &higher).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.body);
    let late = put(&running, "quay-wet", Some(("if-match", &first)), "water_desk", RULE).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert!(late.detail().contains(second.tag.trim_matches('"')), "{}", late.body);
    let again = put(&running, "quay-wet", NEW, "water_desk", RULE).await;
    assert_eq!(again.status, StatusCode::PRECONDITION_FAILED, "there is one of this name");
    assert_eq!(std::fs::read_to_string(city.join("rules/quay-wet.toml")).expect("the file"), higher);

    // What is looked at by another is not taken away.
    let both = put(&running, "both", NEW, "duty_officer", looks).await;
    assert_eq!(both.status, StatusCode::CREATED, "{}", both.body);
    let remove = |name: &'static str, tag: String| {
        let running = &running;
        async move {
            let header = (!tag.is_empty()).then_some(("if-match", tag.as_str()));
            ask(running, Method::DELETE, &format!("{name}?role=duty_officer"), header, Value::Null).await
        }
    };
    let told = remove("quay-wet", second.tag.clone()).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told.detail().starts_with("both.toml:10:12: there is no rule `quay-wet`"), "{}", told.body);
    assert_eq!(remove("both", both.tag.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(remove("quay-wet", String::new()).await.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(remove("quay-wet", first.clone()).await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(remove("quay-wet", second.tag.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(remove("quay-wet", second.tag.clone()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(files(&city), before, "nothing is left behind");
    assert!(!in_force(&running).await.contains(&"quay-wet".to_owned()));
    wire::until_replayed(running).await.expect("stops in order");

    let version = |tag: &str| Some(tag.trim_matches('"').to_owned());
    let deed = |role: &str, rule: &str, version| (role.to_owned(), rule.to_owned(), version);
    let done = [
        deed("water_desk", "quay-wet", version(&first)),
        deed("duty_officer", "quay-wet", version(&second.tag)),
        deed("duty_officer", "both", version(&both.tag)),
        deed("duty_officer", "both", None),
        deed("duty_officer", "quay-wet", None),
    ];
    assert_eq!(deeds(&data), done, "who did what, by role; and nothing of what was refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_leaves_the_folder_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = city_with(folder.path(), "");
    let data = folder.path().join("data");
    let running = start_city(City::read(&city).expect("right"), &data, Access::DemoOnLoopback, 1).await;
    let before = files(&city);
    let rules = in_force(&running).await;
    let tested = std::fs::read_to_string(city.join("rules/lake-above-2-5m.toml")).expect("a rule");
    let tag = ask(&running, Method::GET, "lake-above-2-5m", None, Value::Null).await.tag;
    let same = Some(("if-match", tag.as_str()));
    let (unloadable, hidden, personal, long) = (
        RULE.replace("\"minor\"", "\"loud\""),
        // The same, written so that no line of the file shows it.
        RULE.replace("Look at the quay.", "Call +55 51 9\\u0039876-5432."),
        RULE.replace("Look at the quay.", "Call +55 51 99876-5432."),
        format!("{RULE}# {}", "x".repeat(33 << 10)),
    );
    let refused = [
        (put(&running, "quay-wet", NEW, "water_desk", &unloadable).await, 422, "quay-wet.toml:7:12: "),
        (put(&running, "quay-wet", NEW, "water_desk", &personal).await, 422, "quay-wet.toml:11:22: holds what looks"),
        (put(&running, "quay-wet", NEW, "water_desk", &hidden).await, 422, "quay-wet.toml:11:16: holds what looks"),
        (put(&running, "quay-wet", NEW, "transit_desk", RULE).await, 422, "role: expected one that the purpose"),
        (put(&running, "quay-wet", NEW, "mayor", RULE).await, 422, "role: expected one that the purpose"),
        (put(&running, "quay-wet", NEW, "water_desk", &long).await, 413, "text: a rule has at most"),
        (put(&running, "quay-wet", None, "water_desk", RULE).await, 428, "send If-Match"),
        (put(&running, "quay-wet", Some(("if-match", "*")), "water_desk", RULE).await, 400, "If-Match: "),
        (
            put(&running, "quay-wet", Some(("if-match", "\"x\"")), "water_desk", RULE).await,
            412,
            "there is no such rule",
        ),
        (put(&running, "..%2Fcity", NEW, "water_desk", RULE).await, 400, "name: "),
        (put(&running, "x.test", NEW, "water_desk", RULE).await, 400, "name: "),
        (put(&running, "lake-above-2-5m", same, "transit_desk", &tested).await, 422, "role: "),
        // The tests beside it say that it rings above 2.5 m.
        (
            put(&running, "lake-above-2-5m", same, "water_desk", &tested.replace("above = 2.5", "above = 9.0")).await,
            422,
            "lake-above-2-5m.test.toml:",
        ),
    ];
    for (told, status, detail) in refused {
        assert_eq!(told.status.as_u16(), status, "{detail}: {}", told.body);
        assert!(told.detail().starts_with(detail), "expected {detail}: {}", told.body);
        assert!(!told.body.contains("99876"), "what is personal is not repeated: {}", told.body);
    }
    assert_eq!((files(&city), in_force(&running).await), (before, rules));
    assert_eq!(std::fs::read_to_string(city.join("rules/lake-above-2-5m.toml")).expect("the file"), tested);

    // Somebody breaks a file by hand: it is told, and what is in force stays, until it is mended here.
    std::fs::write(city.join("rules/lake-above-2-5m.toml"), tested.replace("\"moderate\"", "\"loud\""))
        .expect("written");
    let told = until_mistakes(&running, 1).await;
    assert_eq!((told["file"].as_str(), told["line"].as_u64()), (Some("lake-above-2-5m.toml"), Some(8)), "{told}");
    let (_, metrics) = get(running.address, "/metrics").await.expect("an answer");
    assert!(metrics.contains("\ntownbell_rules_mistakes 1\n"), "{metrics}");
    let told = put(&running, "quay-wet", NEW, "water_desk", RULE).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "not while the folder does not load");
    let broken = ask(&running, Method::GET, "lake-above-2-5m", None, Value::Null).await;
    assert!(broken.body.contains("\"in_force\":false"), "{}", broken.body);
    let mended = put(&running, "lake-above-2-5m", Some(("if-match", &broken.tag)), "water_desk", &tested).await;
    assert_eq!(mended.status, StatusCode::OK, "{}", mended.body);
    until_mistakes(&running, 0).await;
    wire::until_replayed(running).await.expect("stops in order");
    assert_eq!(deeds(&data).len(), 1, "only what was done is noted");
}

/// Waits until so many mistakes are told; gives the first.
async fn until_mistakes(running: &Running, wanted: usize) -> Value {
    for _ in 0..200 {
        let page = json(running.address, "/api/rules").await;
        let mistakes = page["mistakes"].as_array().expect("a list");
        if mistakes.len() == wanted {
            return mistakes.first().cloned().unwrap_or_default();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the folder was not looked at within 20 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_writes_no_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = wire::Options {
        city: City::sandbox(),
        data: folder.path().to_path_buf(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        access: Access::DemoOnLoopback,
        source: wire::Source::Live,
    };
    let running = wire::start(options).await.expect("the sandbox starts");
    let told = put(&running, "quay-wet", NEW, "duty_officer", RULE).await;
    assert_eq!((told.status, told.detail().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "a sandbox has no rules"));
    assert!(!Path::new("rules").exists(), "nothing was written where the program stands");
}

/// A pump of the city, made and placed through SensorThings as any client does it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thing_that_is_not_where_it_should_be_rings() {
    let folder = tempfile::tempdir().expect("a folder");
    let yard = "[[place]]\nid = \"yard\"\nname = \"Pump yard\"\nkind = \"depot\"\nlongitude = -51.21\nlatitude = -30.02\n\
                outline = [[-51.22, -30.03], [-51.20, -30.03], [-51.20, -30.01], [-51.22, -30.01], [-51.22, -30.03]]\n";
    let city = city_with(folder.path(), yard);
    let data = folder.path().join("data");
    let running = start_city(City::read(&city).expect("right"), &data, Access::DemoOnLoopback, 1).await;
    let pump = object!({ "name": "Pump 7", "description": "On a trailer." });
    let made = client().post(format!("http://{}/v1.1/Things", running.address)).json(&pump).send().await;
    let made = made.expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED);
    let link = made.headers().get("location").expect("where").to_str().expect("text").to_owned();
    let id: u32 = link.rsplit(['(', ')']).nth(1).and_then(|id| id.parse().ok()).expect("a number");
    let rule = RULE
        .replace("kind = \"threshold\"", "kind = \"geofence\"")
        .replace("what = \"Lake\"\ndatastream = 1\nstatistic = \"mean\"\nwindow = \"1 h\"\n", "")
        .replace("above = 1.5", "things = 1")
        .replace("below = 1.4", "things_below = 1");
    let rule = format!("zone = \"yard\"\nthing = {id}\nfeed = \"water\"\nwhere = \"outside\"\n{rule}");
    let told = put(&running, "pump-gone", NEW, "water_desk", &rule).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.body);

    let open = async || {
        let page = json(running.address, "/api/alerts").await;
        let alerts = page["items"].as_array().expect("alerts").clone();
        alerts.into_iter().find(|alert| alert["key"]["rule"] == "pump-gone")
    };
    // The feed speaks, or nobody could know where the pump is.
    let reading = object!({ "result": 1.2 });
    let post = client().post(format!("http://{}/v1.1/Datastreams(1)/Observations", running.address));
    assert_eq!(post.json(&reading).send().await.expect("an answer").status(), StatusCode::CREATED);
    assert_eq!(open().await, None, "nobody knows where it is");
    let elsewhere = object!({ "name": "Here", "description": "Where it stands.",
        "encodingType": "application/geo+json", "location": { "type": "Point", "coordinates": [-51.3, -30.02] } });
    let place_it = client().post(format!("http://{}/v1.1/Things({id})/Locations", running.address)).json(&elsewhere);
    assert_eq!(place_it.send().await.expect("an answer").status(), StatusCode::CREATED);
    // The answer waits for the disk; the watch comes right after it.
    let mut rung = open().await;
    for _ in 0..100 {
        if rung.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        rung = open().await;
    }
    let alert = rung.expect("it rings");
    assert_eq!(alert["title"], "Pump 7 is outside Pump yard");
}
