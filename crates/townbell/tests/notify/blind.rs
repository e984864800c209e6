//! "I am blind": a disk that stops, and a store that somebody else holds. The outside checker hears nothing more, and
//! the duty officer is paged although the desk cannot write.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::StatusCode;

use crate::house::{Program, free_address, get, json};
use crate::receiver::{Behaviour, Receiver};
use crate::town::{DATABASE, items, webhook, write};

/// How often the heartbeat is to beat.
const EVERY: Duration = Duration::from_secs(10);

fn heartbeat(receiver: &Receiver) -> String {
    let to = receiver.address;
    format!(
        "[heartbeat]\nurl = \"http://{to}/beat\"\nfail = \"http://{to}/fail\"\nevery = \"10 s\"\nprivate_network = true\n\
         secret_file = \"ntfy\"\n"
    )
}

fn library(folder: &Path) -> std::path::PathBuf {
    let (source, library) = (folder.join("hang.c"), folder.join("hang.so"));
    std::fs::write(&source, include_str!("hang.c")).expect("written");
    let built = Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o"]).args([&library, &source]).output();
    let built = built.expect("cc: a C compiler is needed, as for SQLite");
    assert!(built.status.success(), "hang.c: {}", String::from_utf8_lossy(&built.stderr));
    library
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_stops_is_paged_from_memory_and_over_when_it_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start().await;
    let channels = webhook("hook", receiver.address, "/hook");
    let city = write(folder.path(), &channels, &["hook"], &heartbeat(&receiver)).await;
    let (data, hang, address) = (folder.path().join("data"), folder.path().join("hang"), free_address());
    let mut command = Program::command(&["serve", "--listen", &address.to_string()]);
    command.arg(&city).env("LD_PRELOAD", library(folder.path())).env("HANG_WHILE", &hang);
    let mut program = Program::start(command, &data);
    program.ready(address).await;
    let beats = receiver.until("/beat", 2, Duration::from_secs(40)).await;
    assert!(beats[0].header("authorization").starts_with("Bearer "));

    std::fs::write(&hang, "").expect("the disk stops");
    // The first attempt fails; it is made again.
    receiver.behave("/hook", Behaviour::Says(503));
    receiver.until("/hook", 1, Duration::from_secs(75)).await;
    receiver.behave("/hook", Behaviour::Takes(Duration::ZERO));
    let page = receiver.until("/hook", 2, Duration::from_secs(20)).await.remove(1).json();
    assert_eq!((&page["data"]["reason"], &page["data"]["severity"]), (&"blind".into(), &"extreme".into()));
    assert_eq!(page["data"]["headline"], "EXTREME Townbell is blind");
    let (status, why) = get(address, "/health").await.expect("an answer");
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(why.contains("the centre is blind") && why.contains("has stood still"), "{why}");
    let mut live = crate::house::client().get(format!("http://{address}/api/live")).send().await.expect("a page");
    let told = until_said(&mut live, "event: blind").await;
    assert!(told.contains("Townbell is blind"), "{told}");
    let beats = receiver.at("/beat").len();
    tokio::time::sleep(EVERY * 2).await;
    assert_eq!(receiver.at("/beat").len(), beats, "it beats although nothing comes to the disk");
    receiver.until("/fail", 1, EVERY * 6).await;
    assert_eq!(receiver.at("/hook").len(), 2, "paged once");

    std::fs::remove_file(&hang).expect("the disk goes on");
    receiver.until("/beat", beats + 1, Duration::from_mins(1)).await;
    let over = receiver.until("/hook", 3, Duration::from_secs(30)).await.remove(2).json();
    assert_eq!((&over["data"]["reason"], &over["data"]["severity"]), (&"resolved".into(), &"extreme".into()));
    assert_eq!(json(address, "/health").await["status"], "ok");
    let mut kept = items(address, "").await;
    kept.sort_by_key(|item| item["reason"].to_string());
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!((&kept[0]["key"], &kept[0]["state"]), (&page["data"]["key"], &"delivered".into()));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(receiver.at("/hook").len(), 3, "neither of them twice");
    program.stop();
}

/// Reads live events until a line begins so; gives what came.
async fn until_said(page: &mut reqwest::Response, begins: &str) -> String {
    let mut told = String::new();
    let reading = async {
        while let Ok(Some(chunk)) = page.chunk().await {
            told.push_str(&String::from_utf8_lossy(&chunk));
            if told.lines().any(|said| said.starts_with(begins)) && told.ends_with("\n\n") {
                return;
            }
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), reading).await.is_ok(), "no {begins} in: {told}");
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_cannot_be_written_pages_before_the_program_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start().await;
    let channels = webhook("hook", receiver.address, "/hook");
    let city = write(folder.path(), &channels, &["hook"], &heartbeat(&receiver)).await;
    let (data, address) = (folder.path().join("data"), free_address());
    let mut command = Program::command(&["serve", "--listen", &address.to_string()]);
    command.arg(&city);
    let mut program = Program::start(command, &data);
    program.ready(address).await;
    receiver.until("/beat", 1, Duration::from_secs(30)).await;
    // Somebody's tool holds the file.
    let other = rusqlite::Connection::open(data.join(DATABASE)).expect("the file");
    other.execute_batch("BEGIN EXCLUSIVE").expect("held");
    let page = receiver.until("/hook", 1, Duration::from_mins(1)).await.remove(0).json();
    assert_eq!(page["data"]["reason"], "blind");
    assert!(page["data"]["text"].as_str().expect("a text").contains("The desk has ended"), "{page}");
    for _ in 0..600 {
        if program.ended().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(program.ended().and_then(|status| status.code()), Some(1), "{}", program.log());
    assert_eq!(receiver.at("/hook").len(), 1);
}
