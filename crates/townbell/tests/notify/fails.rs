//! Receivers that fail: what is not delivered is tried again and shown as such, and no secret is anywhere.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use city::{Span, Time};
use serde_json::Value;

use crate::house::{client, free_address, get, json};
use crate::mail::MailServer;
use crate::receiver::{Behaviour, Receiver};
use crate::server::Town;
use crate::town::{SECRETS, call, item, items, seed, time, webhook, write};

/// Within this time an alert that is not delivered must be shown as such.
const SHOWN_WITHIN_S: i64 = 60;

const HOOKS: [&str; 5] = ["broken", "forbids", "hangs", "talks", "moved"];
const OTHERS: [&str; 6] = ["nobody", "mail", "push", "sms", "modem", "wall"];

fn channels(receiver: SocketAddr, mail: SocketAddr) -> String {
    let hooks = HOOKS.iter().map(|name| webhook(name, receiver, &format!("/{name}")));
    let others = format!(
        "[[channel]]\nname = \"mail\"\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
         from = \"watch@town.example\"\nmailboxes = [\"desk@town.example\", \"second@town.example\"]\n\
         [[channel]]\nname = \"push\"\nkind = \"ntfy\"\nurl = \"http://{receiver}/\"\nprivate_network = true\n\
         topic = \"desk\"\nsecret_file = \"ntfy\"\n\
         [[channel]]\nname = \"sms\"\nkind = \"sms_http\"\nprivate_network = true\nmethod = \"get\"\n\
         url = \"http://{receiver}/sms?to={{number}}&text={{text}}&key={{secret}}\"\nnumbers = [\"+555133330000\"]\n\
         secret_file = \"gateway\"\n\
         [[channel]]\nname = \"modem\"\nkind = \"sms_serial\"\ndevice = \"/dev/null\"\nnumbers = [\"+555133330000\"]\n\
         [[channel]]\nname = \"wall\"\nkind = \"screen\"\n",
        mail.port(),
    );
    hooks.chain([webhook("nobody", free_address(), "/"), others]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_is_tried_again_and_shown_and_no_secret_leaks() {
    let folder = tempfile::tempdir().expect("a folder");
    let (receiver, mail) = (Receiver::start().await, MailServer::start().await);
    receiver.behave("/broken", Behaviour::Says(500));
    receiver.behave("/forbids", Behaviour::Says(403));
    receiver.behave("/hangs", Behaviour::Hangs);
    receiver.behave("/talks", Behaviour::Talks);
    receiver.behave("/moved", Behaviour::Redirects(format!("http://{}/trap", receiver.address)));
    mail.refuse(Some("451 4.3.0 come again"));
    let names: Vec<&str> = HOOKS.into_iter().chain(OTHERS).collect();
    let city = write(folder.path(), &channels(receiver.address, mail.address), &names, "").await;
    let data = folder.path().join("data");
    let mut calls: Vec<_> = names.iter().map(|name| call(&format!("k-{name}"), name)).collect();
    let due = calls[0].at;
    calls.push(call("k-unknown", "channel-of-old"));
    calls.push(city::Notification { at: due - Span::h(7), ..call("k-late", "push") });
    seed(&data, &calls);
    let mut town = Town::start(&city, &data).await;
    town.until("an answer or a failure of each", async |address| {
        items(address, "").await.iter().all(|item| item["attempts"].as_u64() > Some(0))
    })
    .await;
    let shown_after_s = crate::server::now(town.address).await.since(due).as_s();
    assert!(shown_after_s <= SHOWN_WITHIN_S, "shown only after {shown_after_s} s");
    assert_shown(town.address, due).await;
    assert!(receiver.at("/trap").is_empty(), "a redirect was followed");
    assert_eq!(receiver.at("/").len(), 1, "what is too late is not sent");

    // They come back: what was waiting arrives, with the key that it had.
    receiver.behave("/broken", Behaviour::Takes(Duration::ZERO));
    mail.refuse(None);
    let listening = client().get(format!("http://{}/api/live", town.address)).send().await.expect("a page");
    town.until("delivered after all", async |address| {
        let delivered = items(address, "&state=delivered").await;
        ["k-broken", "k-mail", "k-wall"].iter().all(|key| delivered.iter().any(|item| item["key"] == *key))
    })
    .await;
    drop(listening);
    assert_eq!(item(town.address, "k-mail").await["receipt"], "250 2.0.0 taken as 4711");
    assert_arrived(&receiver, &mail);
    assert_counted(town.address).await;
    assert_no_secret(town, &data).await;
}

/// Everything is shown as what it is.
async fn assert_shown(address: SocketAddr, due: Time) {
    for (key, words) in [
        ("k-broken", "500 no X-Evil: yes"),
        ("k-forbids", "403 no"),
        ("k-hangs", "no answer in time"),
        ("k-moved", "redirects are not followed: 307"),
        ("k-nobody", "it cannot be reached"),
        ("k-mail", "451 "),
        ("k-modem", "no serial line"),
        ("k-wall", "no page of the control room is open"),
    ] {
        let item = item(address, key).await;
        assert_eq!(item["state"], "waiting", "{item}");
        assert!(item["receipt"].as_str().expect("a receipt").contains(words), "{item}");
        assert!(time(&item["next"]) > due, "{item}");
    }
    for (key, receipt) in [("k-talks", "200 xxx"), ("k-push", "200 taken"), ("k-sms", "200 taken")] {
        let item = item(address, key).await;
        assert_eq!(item["state"], "delivered", "{item}");
        assert!(item["receipt"].as_str().expect("a receipt").starts_with(receipt), "{item}");
    }
    for (key, words) in [("k-unknown", "no channel channel-of-old any more"), ("k-late", "too late to be sent")] {
        let item = item(address, key).await;
        assert_eq!(item["state"], "failed", "{item}");
        assert!(item["receipt"].as_str().expect("a receipt").contains(words), "{item}");
    }
}

/// What came is what each protocol asks for.
fn assert_arrived(receiver: &Receiver, mail: &MailServer) {
    let broken = receiver.at("/broken");
    assert!(broken.len() >= 2 && broken.iter().all(|came| came.header("idempotency-key") == "k-broken"));
    assert!(broken.iter().all(|came| came.header("webhook-signature").starts_with("v1,")));
    let body = broken.last().expect("one").json();
    assert_eq!((&body["type"], &body["data"]["key"]), (&"townbell.notification".into(), &"k-broken".into()));
    let mails = mail.taken();
    assert_eq!((mails.len(), mails[0].to.len()), (1, 2), "{mails:?}");
    assert_eq!(mails[0].header("Auto-Submitted"), "auto-generated");
    let push = receiver.at("/").remove(0);
    assert_eq!((&push.json()["priority"], &push.json()["topic"]), (&4.into(), &"desk".into()));
    assert_eq!(push.header("authorization"), format!("Bearer {}", SECRETS[1]));
    let sms = receiver.at("/sms").remove(0);
    assert!(sms.query.contains("to=%2B555133330000&text=SEVERE%20The%20river%20rises%20%28k-sms%29"), "{sms:?}");
    assert!(sms.query.ends_with(SECRETS[2]));
}

/// The channels say how it stands with them, and the filters filter.
async fn assert_counted(address: SocketAddr) {
    let page = json(address, "/api/notifications").await;
    assert_eq!(page["not_sent"], Value::Null);
    let channel = |name: &str| {
        let all = page["channels"].as_array().expect("channels");
        all.iter().find(|channel| channel["name"] == name).cloned().expect("a channel")
    };
    assert_eq!((&channel("hangs")["waiting"], &channel("hangs")["kind"]), (&1.into(), &"webhook".into()));
    assert_eq!((&channel("mail")["delivered_24h"], &channel("mail")["failed_24h"]), (&1.into(), &0.into()));
    let old = channel("channel-of-old");
    assert_eq!((&old["failed_24h"], &old["kind"]), (&1.into(), &Value::Null));
    let one = json(address, "/api/notifications?state=failed&limit=1").await;
    assert_eq!(one["items"].as_array().expect("items").len(), 1);
    assert!(items(address, "&alert=another").await.is_empty());
    assert_eq!(get(address, "/api/notifications?state=lost").await.expect("an answer").0, 400);
}

/// No secret is in an answer, the log or any file of the data folder.
async fn assert_no_secret(town: Town, data: &Path) {
    let page = json(town.address, "/api/notifications").await.to_string();
    let told = [page, json(town.address, "/api/city").await.to_string(), town.program.log()].concat();
    assert!(town.program.peak_mib() < 200, "{} MiB", town.program.peak_mib());
    town.program.stop();
    let mut kept = Vec::new();
    for file in std::fs::read_dir(data).expect("the data").flatten() {
        kept.extend(std::fs::read(file.path()).expect("read"));
    }
    assert!(kept.windows(8).any(|part| part == b"k-broken"), "the store is among them");
    for secret in SECRETS {
        assert!(!told.contains(secret), "{secret} is told");
        assert!(!kept.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} is kept");
    }
}
