//! A city that calls, and notifications put into its outbox while it does not run.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use city::{AlertId, Notification, NotificationReason, Severity, Time};
use serde_json::Value;
use store::Store;
use townbell::clock::{Clock as _, LiveClock};

use crate::house::json;
use crate::server::{Foreign, write_city};

/// The database in a data folder.
pub(crate) const DATABASE: &str = "townbell.sqlite";
/// Secrets that must be nowhere.
pub(crate) const SECRETS: [&str; 3] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "tk_canary_of_the_ntfy_server", "canary-gateway-key"];

/// Writes a city with these channels; the duty officer is reached through those in `reach`.
pub(crate) async fn write(folder: &Path, channels: &str, reach: &[&str], more: &str) -> PathBuf {
    let feeds = [("water", "sensor_things", "", None), ("warnings", "cap_atom", "/atom", None)];
    let city = write_city(folder, &Foreign::start().await, &feeds);
    for (name, secret) in ["webhook", "ntfy", "gateway"].iter().zip(SECRETS) {
        let file = city.join(name);
        std::fs::write(&file, format!("{secret}\n")).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("kept from others");
    }
    let oncall = format!(
        "{channels}\n[[reach]]\nrole = \"duty_officer\"\nat_least = \"info\"\nchannels = {reach:?}\n\
         [[escalation]]\nat_least = \"info\"\nstep = [{{ after = \"0 s\", roles = [\"duty_officer\"] }}]\n{more}"
    );
    std::fs::write(city.join("oncall.toml"), oncall).expect("written");
    city
}

/// A channel of kind webhook.
pub(crate) fn webhook(name: &str, to: SocketAddr, path: &str) -> String {
    format!(
        "[[channel]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"http://{to}{path}\"\nprivate_network = true\n\
         secret_file = \"webhook\"\n"
    )
}

/// A notification that is due now.
pub(crate) fn call(key: &str, channel: &str) -> Notification {
    Notification {
        key: key.to_owned(),
        alert: Some(AlertId("level~datastream:1~1714446000000".into())),
        reason: NotificationReason::Opened,
        role: "duty_officer".to_owned(),
        channel: channel.to_owned(),
        at: LiveClock.now(),
        step: 0,
        severity: Severity::Severe,
        title: format!("The river rises ({key})"),
        text: "2.61 m.\nSomething floods.\nGo and look.".to_owned(),
    }
}

/// Puts them into the outbox of a program that does not run, as the watch does.
pub(crate) fn seed(data: &Path, notifications: &[Notification]) {
    std::fs::create_dir_all(data).expect("a folder");
    let mut store = Store::open(&data.join(DATABASE)).expect("the store");
    store.save_notifications(notifications, &[]).expect("kept");
}

/// The items of `/api/notifications`.
pub(crate) async fn items(address: SocketAddr, query: &str) -> Vec<Value> {
    let page = json(address, &format!("/api/notifications?limit=1000{query}")).await;
    page["items"].as_array().expect("items").clone()
}

/// The only item with this key.
pub(crate) async fn item(address: SocketAddr, key: &str) -> Value {
    let found: Vec<Value> = items(address, "").await.into_iter().filter(|item| item["key"] == key).collect();
    assert_eq!(found.len(), 1, "{key}");
    found.into_iter().next().expect("one")
}

/// A time out of JSON.
pub(crate) fn time(value: &Value) -> Time {
    value.as_str().expect("a time").parse().expect("a time")
}
