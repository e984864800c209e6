//! Links that break, brokers that are away, and brokers that want to know who we are.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use townbell::mqtt::packet::{Decoder, Incoming, Publish};
use townbell::mqtt::publish::UPDATES_WAITING_MAX;
use townbell::mqtt::{Link, MqttConfig, TlsConfig};

use crate::broker::Broker;
use crate::inbox::{Town, config, update};

const TOPIC: &str = "v1.1/Datastreams(1)/Observations";
const OPEN: &str = "allow_anonymous true";

fn silent(town: &Town) -> Option<&'static str> {
    match town.counters.status().link {
        Link::Silent { why, .. } => Some(why),
        Link::Connected { .. } => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_and_comes_is_a_feed_that_is_silent() {
    let mut broker = Broker::start(OPEN);
    broker.stop();
    let town = Town::start(config(broker.ports.town), 100);
    town.until("silence", || silent(&town) == Some("it cannot be reached")).await;
    broker.go_on();
    town.connected().await;
    broker.publish(TOPIC, &[r#"{"result": 1}"#]);
    town.until("the first", || town.store.kept() == 1).await;
    // Mosquitto saves its sessions once a second.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    broker.stop();
    town.until("silence", || silent(&town).is_some()).await;
    // Told while the broker is away, heard when it is back.
    town.outbox.push(1, std::iter::once(update(77.0)));
    broker.go_on();
    let reader = broker.reader(&["v1.1/Observations"]);
    town.connected().await;
    broker.publish(TOPIC, &[r#"{"result": 2}"#]);
    town.until("the second", || town.store.kept() == 2).await;
    let heard = reader.rest();
    assert!(heard.iter().any(|(_, body)| body.contains("2.0")), "{heard:?}");
    town.stop().await;
}

/// A way to the broker that can be cut.
async fn cuttable(port: u16) -> (u16, Arc<Notify>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let at = listener.local_addr().expect("an address").port();
    let cut = Arc::new(Notify::new());
    let cutting = Arc::clone(&cut);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("the broker");
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                () = cutting.notified() => {}
            }
        }
    });
    (at, cut)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_breaks_in_the_middle_of_a_commit_creates_nothing_twice() {
    let broker = Broker::start(OPEN);
    let (port, cut) = cuttable(broker.ports.town).await;
    let town = Town::start(config(port), 0);
    town.connected().await;
    broker.publish(TOPIC, &[r#"{"result": 1}"#, r#"{"result": 2}"#, r#"{"result": 3}"#]);
    town.until("the question", || town.store.asked() == 1).await;
    cut.notify_one();
    town.until("silence", || silent(&town).is_some()).await;
    town.store.commits.add_permits(100);
    town.until("all", || town.store.kept() == 3).await;
    town.connected().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    // The broker sent them again, and they were not even offered to the store a second time.
    let account = town.counters.status().account;
    assert_eq!((account.created, account.duplicate), (3, 0));
    town.stop().await;
    let town = Town::start(config(broker.ports.town), 100);
    town.connected().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(town.counters.status().account.received, 0, "all were acknowledged");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_reads_nothing_holds_up_nobody() {
    // It welcomes us and then neither reads nor acknowledges.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut first = [0; 16];
        stream.read_exact(&mut first).await.expect("a CONNECT");
        stream.write_all(&[0x20, 3, 0, 0, 0]).await.expect("written");
        std::future::pending::<()>().await;
    });
    let town = Town::start(config(port), 100);
    town.connected().await;
    let pushed = 4 * UPDATES_WAITING_MAX;
    for _ in 0..pushed / 1_024 {
        town.outbox.push(1_024, std::iter::repeat_with(|| update(1.0)).take(1_024));
    }
    let account = town.counters.status().account;
    assert!(account.dropped >= (pushed - UPDATES_WAITING_MAX - 4_096) as u64, "{account:?}");
    assert_eq!(account.published, 0);
    town.stop().await;
}

/// Welcomes a client, and gives the first message that it publishes.
async fn first_message(stream: &mut TcpStream, welcome: [u8; 5]) -> Publish {
    use tokio::io::AsyncWriteExt;
    stream.write_all(&welcome).await.expect("written");
    let (mut decoder, mut bytes) = (Decoder::default(), [0; 4_096]);
    // Its CONNECT and SUBSCRIBE are packets that a decoder for clients does not know: they are stepped over by hand.
    let mut all = Vec::new();
    loop {
        let count = stream.read(&mut bytes).await.expect("read");
        assert!(count > 0, "it hung up");
        all.extend_from_slice(&bytes[..count]);
        let mut at = 0;
        while at + 1 < all.len() && at + 2 + usize::from(all[at + 1] & 0x7F) <= all.len() {
            let long = usize::from(all[at + 1] >= 0x80);
            let high = if long == 1 { usize::from(all[at + 2]) << 7 } else { 0 };
            let end = at + 2 + long + high + usize::from(all[at + 1] & 0x7F);
            if end > all.len() {
                break;
            }
            if all[at] >> 4 == 3 {
                decoder.feed(&all[at..end]);
                let Ok(Some(Incoming::Publish(message))) = decoder.next() else { panic!("a message") };
                return message;
            }
            at = end;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_did_not_acknowledge_is_sent_again() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let town = Town::start(config(listener.local_addr().expect("an address").port()), 100);
    town.outbox.push(1, std::iter::once(update(5.0)));
    let (mut stream, _) = listener.accept().await.expect("a client");
    let first = first_message(&mut stream, [0x20, 3, 0, 0, 0]).await;
    assert!(!first.again && first.id.is_some());
    drop(stream);
    let (mut stream, _) = listener.accept().await.expect("the client again");
    let second = first_message(&mut stream, [0x20, 3, 1, 0, 0]).await;
    assert_eq!(second, Publish { again: true, ..first });
    assert_eq!(town.counters.status().account.published, 0);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_and_is_no_broker_is_said_to_be_none() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("written");
            let _read = stream.read(&mut [0; 1_024]).await;
        }
    });
    let town = Town::start(config(port), 100);
    town.until("the word", || silent(&town) == Some("it does not speak MQTT 5")).await;
    town.stop().await;
}

/// A certificate of its own for `localhost`, as an operator makes one.
fn certificate(folder: &std::path::Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status()
        .expect("openssl");
    assert!(made.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_credentials_are_asked_for_and_given() {
    let secrets = tempfile::tempdir().expect("a folder");
    certificate(secrets.path());
    let at = |name: &str| secrets.path().join(name);
    let made = Command::new("mosquitto_passwd").args(["-b", "-c"]).arg(at("users")).args(["town", "secret"]).status();
    assert!(made.expect("mosquitto_passwd").success());
    let lines = format!(
        "password_file {}\ncertfile {}\nkeyfile {}",
        at("users").display(),
        at("certificate.pem").display(),
        at("key.pem").display()
    );
    let broker = Broker::start(&lines);
    let secure = |credentials: &str| {
        std::fs::write(at("credentials"), credentials).expect("written");
        std::fs::set_permissions(at("credentials"), std::fs::Permissions::from_mode(0o600)).expect("set");
        MqttConfig {
            broker: format!("localhost:{}", broker.ports.town),
            tls: Some(TlsConfig { authority_file: Some(at("certificate.pem")), identity: None }),
            credentials_file: Some(at("credentials")),
            ..config(broker.ports.town)
        }
    };
    let town = Town::start(secure("town\nsecret\n"), 100);
    town.connected().await;
    broker.publish(TOPIC, &[r#"{"result": 1}"#]);
    town.until("it", || town.store.kept() == 1).await;
    town.stop().await;

    let town = Town::start(secure("town\nwrong\n"), 100);
    town.until("the word", || silent(&town) == Some("it refused our credentials")).await;
    town.stop().await;

    let open = secure("town\nsecret\n");
    std::fs::set_permissions(at("credentials"), std::fs::Permissions::from_mode(0o644)).expect("set");
    let town = Town::start(open, 100);
    town.until("the word", || silent(&town) == Some("the credentials file cannot be used")).await;
    town.stop().await;

    // An authority that did not sign it.
    let stranger = secure("town\nsecret\n");
    let town = Town::start(MqttConfig { tls: Some(TlsConfig::default()), ..stranger }, 100);
    town.until("the word", || silent(&town) == Some("it cannot be reached")).await;
    town.stop().await;
}
