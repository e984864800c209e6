//! Browsers subscribe through the API: by role, at push services that are known, with keys that are some.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use reqwest::StatusCode;
use serde_json::{Value, json as object};

use crate::house::{client, json, post};
use crate::server::Town;
use crate::town::{DATABASE, write};

/// The user agent of RFC 8291, appendix A.
const KEY: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const PATH: &str = "/api/push/subscriptions";
const ENDPOINT: &str = "https://fcm.googleapis.com/fcm/send/a-browser";

fn request(change: impl FnOnce(&mut Value)) -> String {
    let mut body = object!({
        "channel": "push",
        "role": "duty_officer",
        "subscription": { "endpoint": ENDPOINT, "expirationTime": null, "keys": { "p256dh": KEY, "auth": AUTH } },
    });
    change(&mut body);
    body.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_subscribes_for_a_role_and_goes_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let channels = "[[channel]]\nname = \"push\"\nkind = \"web_push\"\ncontact = \"mailto:desk@town.example\"\n\
                    secret_file = \"vapid.pem\"\n[[channel]]\nname = \"wall\"\nkind = \"screen\"\n";
    let city = write(folder.path(), channels, &["wall", "push"], "").await;
    let file = city.join("vapid.pem");
    // As docs/notifications.md says.
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"])
        .arg(&file)
        .status();
    assert!(made.expect("openssl").success());
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("kept from others");
    let data = folder.path().join("data");
    let town = Town::start(&city, &data).await;
    let address = town.address;
    let keys = json(address, "/api/push/keys").await;
    assert_eq!(keys["items"][0]["channel"], "push");
    // 65 bytes, the first of them a 4.
    let key = keys["items"][0]["public_key"].as_str().expect("a key");
    assert!(key.len() == 87 && key.starts_with('B'), "{key}");

    let refused: [(&str, String); 6] = [
        ("channel", request(|body| body["channel"] = "wall".into())),
        ("role", request(|body| body["role"] = "somebody".into())),
        ("endpoint", request(|body| body["subscription"]["endpoint"] = "https://127.0.0.1/x".into())),
        ("endpoint", request(|body| body["subscription"]["endpoint"] = "x".repeat(2_000).into())),
        ("keys.p256dh", request(|body| body["subscription"]["keys"]["p256dh"] = AUTH.into())),
        ("keys.auth", request(|body| body["subscription"]["keys"]["auth"] = "AAAA".into())),
    ];
    for (field, body) in refused {
        let (status, answer) = post(address, PATH, body).await.expect("an answer");
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {answer}");
        assert!(answer.contains(field), "{field}: {answer}");
    }
    let named = request(|body| body["name"] = "Maria".into());
    assert!(post(address, PATH, named).await.is_some_and(|(status, _)| status.is_client_error()));
    for _ in 0..2 {
        let (status, answer) = post(address, PATH, request(|_| {})).await.expect("an answer");
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }
    let now = crate::server::now(address).await;
    let reader = store::Reader::open(&data.join(DATABASE)).expect("the store");
    let kept = || reader.subscriptions("push", "duty_officer", now).expect("read");
    assert_eq!(kept().iter().map(|one| one.endpoint.clone()).collect::<Vec<_>>(), [ENDPOINT]);
    assert!(kept()[0].until > now + city::Span::h(24 * 59));
    let gone = client()
        .delete(format!("http://{address}{PATH}"))
        .header("content-type", "application/json")
        .body(object!({ "endpoint": ENDPOINT }).to_string())
        .send()
        .await
        .expect("an answer");
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert!(kept().is_empty());
    town.program.stop();
}
