//! Who may keep an alert quiet, for how long, and what is said to whoever names what is not there.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod house;
#[path = "house/inside.rs"]
mod inside;

use account::Access;
use city::{Span, Time};
use house::{json, post};
use inside::{problem, start};
use reqwest::StatusCode;
use serde_json::{Value, json as object};
use townbell::wire::Running;

async fn send(running: &Running, path: &str, body: &Value) -> (StatusCode, String) {
    post(running.address, path, body.to_string()).await.expect("an answer")
}

/// What a request is refused with, as 422: kind, field and words.
async fn refused(running: &Running, path: &str, body: Value) -> (String, Value, String) {
    let (status, text) = send(running, path, &body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {text}");
    let problem = problem(&text);
    let kind = problem["type"].as_str().expect("a kind").trim_start_matches("urn:townbell:problem:").to_owned();
    (kind, problem["field"].clone(), problem["detail"].as_str().expect("words").to_owned())
}

async fn taken(running: &Running, path: &str, body: Value) -> String {
    let (status, text) = send(running, path, &body).await;
    assert!(status.is_success(), "{body}: {text}");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    answer["id"].as_str().unwrap_or_default().to_owned()
}

fn scope(rules: &[&str], at_most: &str) -> Value {
    object!({ "rules": rules, "subjects": [], "feeds": [], "severity_at_most": at_most })
}

fn silence(role: &str, scope: &Value, until: Time) -> Value {
    object!({ "role": role, "reason": "Works", "scope": scope, "until": until })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_quiet_what_and_for_how_long() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(folder.path(), Access::DemoOnLoopback, 60).await;
    let now = running.app.clock.now();
    alerts(&running, now).await;
    silences(&running, now).await;
    names(&running, now).await;
    scopes(&running, now).await;
    covers(&running, now).await;
}

/// One alert: acted on by who may see what it rests on, kept quiet by who answers for it.
async fn alerts(running: &Running, now: Time) {
    let page = json(running.address, "/api/alerts?rule=civil-defence-warning&state=open").await;
    let id = page["items"][0]["id"].as_str().expect("the warning of 29 April").to_owned();
    let path = |what: &str| format!("/api/alerts/{id}/{what}");
    let snooze = |role: &str| object!({ "role": role, "until": now + Span::h(1), "note": "" });

    for (what, body) in [
        ("acknowledge", object!({ "role": "transit_desk", "note": "" })),
        ("assign", object!({ "role": "transit_desk", "to": "transit_desk", "note": "" })),
        ("comment", object!({ "role": "transit_desk", "text": "Seen." })),
        ("snooze", snooze("transit_desk")),
        ("wake", object!({ "role": "transit_desk" })),
    ] {
        let (_, _, words) = refused(running, &path(what), body).await;
        assert!(words.starts_with("role: expected one that the purpose heed_warnings covers (duty_officer"), "{words}");
    }
    taken(running, &path("snooze"), snooze("duty_officer")).await;
    taken(running, &path("wake"), object!({ "role": "emergency_manager" })).await;
    // To whom it was given, it is his.
    taken(running, &path("assign"), object!({ "role": "duty_officer", "to": "works_desk", "note": "" })).await;
    taken(running, &path("snooze"), snooze("works_desk")).await;
    let (_, _, words) = refused(running, &path("wake"), object!({ "role": "water_desk" })).await;
    assert!(words.starts_with("role: "), "{words}");
    let history = json(running.address, &format!("/api/alerts/{id}")).await;
    let by: Vec<&str> =
        history["history"].as_array().expect("steps").iter().filter_map(|step| step["by"].as_str()).collect();
    assert_eq!(by, ["duty_officer", "emergency_manager", "duty_officer", "works_desk"], "each act names its role");
}

async fn silences(running: &Running, now: Time) {
    let path = "/api/silences";
    let water = scope(&["lake-above-2-5m"], "severe");
    let day = now + Span::h(24);
    let (_, _, words) = refused(running, path, silence("works_desk", &water, day)).await;
    assert_eq!(
        words,
        "role: works_desk does not answer for the rule lake-above-2-5m, so it may not keep it quiet; expected \
         water_desk, or who holds its desk: duty_officer, emergency_manager"
    );
    let own = taken(running, path, silence("water_desk", &water, now + Span::h(24 * 90))).await;
    let (_, _, words) = refused(running, path, silence("water_desk", &water, now + Span::h(24 * 90 + 1))).await;
    assert!(words.contains("within 90 days"), "{words}");
    let mut weekly = silence("water_desk", &water, now + Span::h(24 * 360));
    weekly["repeat"] = object!({ "weekdays": 1, "begins_min": 60, "lasts_min": 120 });
    let weekly = taken(running, path, weekly).await;

    // What keeps quiet the extreme ends within a day, also when it begins later, also in windows.
    let extreme = scope(&["lake-above-2-5m"], "extreme");
    let mut late = silence("water_desk", &extreme, now + Span::h(30));
    late["from"] = object!(now + Span::h(10));
    let mut windows = silence("water_desk", &extreme, now + Span::h(24 * 30));
    windows["repeat"] = object!({ "weekdays": 1, "begins_min": 60, "lasts_min": 120 });
    for body in [silence("water_desk", &extreme, day + Span::min(1)), late, windows] {
        let (_, _, words) = refused(running, path, body).await;
        assert!(words.contains("within 24 h from now, as it keeps extreme alerts quiet"), "{words}");
    }
    let short = taken(running, path, silence("water_desk", &extreme, day)).await;

    // By its feeds it could hold the alerts of every desk that rests on them.
    let by_feed = object!({ "rules": [], "subjects": [], "feeds": ["weather"], "severity_at_most": "minor" });
    let (_, _, words) = refused(running, path, silence("works_desk", &by_feed, day)).await;
    assert!(words.starts_with("role: works_desk does not answer for the rule "), "{words}");
    let all = taken(running, path, silence("emergency_manager", &by_feed, day)).await;

    // Who may not make it may not end it; who holds the desk may.
    let end = |id: &str| format!("/api/silences/{id}/end");
    let (_, _, words) = refused(running, &end(&own), object!({ "role": "transit_desk" })).await;
    assert!(words.starts_with("role: transit_desk does not answer for the rule lake-above-2-5m"), "{words}");
    for id in [own, weekly, short, all] {
        taken(running, &end(&id), object!({ "role": "duty_officer" })).await;
    }
}

/// What is not there is named, with what was meant.
async fn names(running: &Running, now: Time) {
    let until = now + Span::h(1);
    let wrong = |part: &str, name: &str| {
        let mut scope = scope(&[], "minor");
        scope[part] = object!([name]);
        silence("duty_officer", &scope, until)
    };
    for (body, field, words) in [
        (wrong("rules", "heavyrain"), "scope", "scope: rules[0] is no rule of this city; the nearest is heavy-rain"),
        (wrong("rules", "tram"), "scope", "scope: rules[0] is no rule of this city"),
        (wrong("feeds", "wether"), "scope", "scope: feeds[0] is no feed of this city; the nearest is weather"),
        (
            wrong("subjects", "datastream:99"),
            "scope",
            "scope: subjects[0] is no subject of a rule of this city; the nearest is datastream:1",
        ),
        (
            silence("water_dek", &scope(&["heavy-rain"], "minor"), until),
            "role",
            "role: there is no such role; GET /api/city lists them; the nearest is water_desk",
        ),
    ] {
        let (kind, told, said) = refused(running, "/api/silences", body).await;
        assert_eq!((kind.as_str(), told, said.as_str()), ("unknown-name", field.into(), words));
    }
    let cover = object!({ "role": "duty_officer", "of": "water_desk", "by": "works_dsk", "until": until });
    let (kind, field, said) = refused(running, "/api/covers", cover).await;
    assert_eq!((kind.as_str(), field), ("unknown-name", "by".into()));
    assert_eq!(said, "by: there is no such role; GET /api/city lists them; the nearest is works_desk");
}

/// A scope that cannot be read says what would be right.
async fn scopes(running: &Running, now: Time) {
    let whole = scope(&["heavy-rain"], "minor");
    let with = |part: &str, value: Value| {
        let mut scope = whole.clone();
        scope[part] = value;
        scope
    };
    let mut without = whole.clone();
    without.as_object_mut().expect("an object").remove("feeds");
    for (scope, words) in [
        (object!("heavy-rain"), "scope: expected {\"rules\""),
        (object!(null), "scope: expected {\"rules\""),
        (with("rules", object!("heavy-rain")), "scope: `rules` should be a list of names"),
        (with("subjects", object!([7])), "scope: `subjects` should be a list of names"),
        (with("severity_at_most", object!("loud")), "scope: `severity_at_most` should be info, minor"),
        (with("rule", object!(["heavy-rain"])), "scope: one of its parts is none; the nearest is `rules`"),
        (without, "scope: `feeds` is missing; expected"),
    ] {
        let (kind, _, said) =
            refused(running, "/api/silences", silence("duty_officer", &scope, now + Span::h(1))).await;
        assert!(kind == "not-admitted" && said.starts_with(words), "{scope}: {said}");
    }
    let mut missing = silence("duty_officer", &whole, now + Span::h(1));
    missing.as_object_mut().expect("an object").remove("scope");
    let (_, _, said) = refused(running, "/api/silences", missing).await;
    assert!(said.starts_with("scope: it is missing"), "{said}");
}

/// Calls that would go round are refused with the way that they would go.
async fn covers(running: &Running, now: Time) {
    let cover = |of: &str, by: &str, from_h: i64, until_h: i64| object!({ "role": "duty_officer", "of": of, "by": by, "from": now + Span::h(from_h), "until": now + Span::h(until_h) });
    let first = taken(running, "/api/covers", cover("water_desk", "works_desk", 0, 8)).await;
    let second = taken(running, "/api/covers", cover("works_desk", "transit_desk", 0, 8)).await;
    let (_, _, said) = refused(running, "/api/covers", cover("transit_desk", "water_desk", 1, 2)).await;
    assert!(
        said.starts_with("by: the calls would go round, transit_desk to water_desk to works_desk to transit_desk"),
        "{said}"
    );
    assert!(said.contains(&second), "{said}");
    // Who stands in for a desk is that desk's to say, and that of who holds it.
    let mut foreign = cover("emergency_manager", "environment_desk", 0, 8);
    foreign["role"] = object!("transit_desk");
    let (_, _, said) = refused(running, "/api/covers", foreign).await;
    assert!(said.starts_with("role: transit_desk may not say who stands in for emergency_manager"), "{said}");
    let end = format!("/api/covers/{first}/end");
    let (_, _, said) = refused(running, &end, object!({ "role": "environment_desk" })).await;
    assert!(said.starts_with("role: environment_desk may not say who stands in for water_desk"), "{said}");
    // At another time it is none.
    let third = taken(running, "/api/covers", cover("transit_desk", "water_desk", 9, 10)).await;
    for id in [first, second, third] {
        taken(running, &format!("/api/covers/{id}/end"), object!({ "role": "duty_officer" })).await;
    }
}
