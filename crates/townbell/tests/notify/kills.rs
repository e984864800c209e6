//! Killed twenty times in the middle of sending: at the receivers, after dropping what has a key that came before, none
//! is missing and none is doubled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use city::{Delivery, Notification};
use store::NotificationFilter;

use crate::house::{Program, free_address};
use crate::mail::MailServer;
use crate::receiver::{Behaviour, Receiver};
use crate::town::{DATABASE, call, seed, webhook, write};

const KILLS: usize = 20;
const EACH: usize = 12;
const CHANNELS: [&str; 3] = ["hook", "mail", "push"];

/// A pause that differs from kill to kill; the same sequence at every run (a linear congruential generator).
fn pause(turn: usize) -> Duration {
    let mixed = (turn as u64).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    Duration::from_millis((mixed >> 33) % 120)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_in_the_middle_of_sending_lose_and_double_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (receiver, mail) = (Receiver::start().await, MailServer::start().await);
    receiver.behave("/hook", Behaviour::Takes(Duration::from_millis(15)));
    let channels = format!(
        "{}[[channel]]\nname = \"mail\"\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
         from = \"watch@town.example\"\nmailboxes = [\"desk@town.example\"]\n\
         [[channel]]\nname = \"push\"\nkind = \"ntfy\"\nurl = \"http://{}\"\nprivate_network = true\ntopic = \"desk\"\n",
        webhook("hook", receiver.address, "/hook"),
        mail.address.port(),
        receiver.address
    );
    let city = write(folder.path(), &channels, &CHANNELS, "").await;
    let data = folder.path().join("data");
    let start = || {
        let address = free_address();
        let mut command = Program::command(&["serve", "--listen", &address.to_string()]);
        command.arg(&city);
        (Program::start(command, &data), address)
    };
    let mut all: Vec<Notification> = Vec::new();
    for turn in 0..KILLS {
        let new = |n: usize| CHANNELS.map(|channel| call(&format!("turn {turn} call {n} by {channel}"), channel));
        let seeded: Vec<Notification> = (0..EACH).flat_map(new).collect();
        seed(&data, &seeded);
        all.extend(seeded);
        let before = receiver.at("/hook").len();
        let (mut program, _) = start();
        // The first has come: the others are under way.
        receiver.until("/hook", before + 1, Duration::from_mins(1)).await;
        tokio::time::sleep(pause(turn)).await;
        program.kill();
    }
    let (mut program, address) = start();
    program.ready(address).await;
    let mut left = usize::MAX;
    for _ in 0..1_200 {
        let reader = store::Reader::open(&data.join(DATABASE)).expect("the store");
        let waiting = NotificationFilter { state: Some(Delivery::Waiting), ..NotificationFilter::default() };
        left = reader.notifications(&waiting, 10_000).expect("read").len();
        if left == 0 {
            break;
        }
        program.alive();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(left, 0, "still waiting after two minutes: {}", program.log());
    program.stop();

    let sent = |channel: &str| all.iter().filter(|call| call.channel == channel).cloned().collect::<Vec<_>>();
    let hooks: Vec<String> = receiver.at("/hook").iter().map(|came| came.header("webhook-id").to_owned()).collect();
    once_each("hook", &hooks, &sent("hook").into_iter().map(|call| call.key).collect());
    let mails: Vec<(String, String)> =
        mail.taken().iter().map(|mail| (mail.header("Message-ID"), mail.header("Subject"))).collect();
    // The key is not in a mail as it is; a message id stands for one subject, and the subjects are all there.
    let ids: Vec<String> = mails.iter().map(|(id, _)| id.clone()).collect();
    let subjects: BTreeMap<String, String> = mails.into_iter().collect();
    once_each("mail", &ids, &subjects.keys().cloned().collect());
    let told: BTreeSet<&String> = subjects.values().collect();
    let meant: Vec<String> = sent("mail").into_iter().map(|call| format!("SEVERE {}", call.title)).collect();
    assert_eq!(told, meant.iter().collect::<BTreeSet<_>>());
    assert_eq!(subjects.len(), meant.len(), "one message id for each");
    // ntfy has no key: nothing is missing, and doubles are what they are.
    let titles: BTreeSet<String> =
        receiver.at("/").iter().map(|came| came.json()["title"].as_str().expect("a title").to_owned()).collect();
    assert_eq!(titles, sent("push").into_iter().map(|call| format!("SEVERE {}", call.title)).collect());
    println!(
        "{} notifications, {KILLS} kills; came: {} webhooks, {} mails, {} by ntfy",
        all.len(),
        hooks.len(),
        ids.len(),
        receiver.at("/").len()
    );
}

/// What came, without what has a key that came before, is what was meant; and whatever came twice came for a kill.
fn once_each(what: &str, came: &[String], meant: &BTreeSet<String>) {
    let distinct: BTreeSet<String> = came.iter().cloned().collect();
    let missing: Vec<&String> = meant.difference(&distinct).collect();
    assert!(missing.is_empty(), "{what}: missing {missing:?}");
    assert_eq!(&distinct, meant, "{what}: something came that nobody sent");
    let doubled = came.len() - distinct.len();
    // At most those under way at each kill.
    assert!(doubled <= KILLS * 4, "{what}: {doubled} came twice in {KILLS} kills");
}
