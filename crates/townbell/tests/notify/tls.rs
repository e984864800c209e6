//! Mail over TLS: to a server whose certificate the system trusts, with a password; and to no other.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::house::{Program, free_address};
use crate::mail::{Line, MailServer};
use crate::server::Town;
use crate::town::{call, item, items, seed, write};

/// User and password (RFC 4616), in base64: the password is the second of the secrets that the town writes.
const LOGIN: &str = "AHRvd25iZWxsAHRrX2NhbmFyeV9vZl90aGVfbnRmeV9zZXJ2ZXI=";

/// A certificate of its own for `localhost`, as an operator makes one, and a server with it.
fn acceptor(folder: &Path, name: &str) -> TlsAcceptor {
    let (key, certificate) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.pem")));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .args([&key, Path::new("-out"), &certificate])
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl").success());
    let chain = vec![CertificateDer::from_pem_file(&certificate).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(&key).expect("a key");
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("they fit");
    TlsAcceptor::from(Arc::new(config))
}

fn channel(name: &str, server: &MailServer, security: &str) -> String {
    let port = server.address.port();
    format!(
        "[[channel]]\nname = \"{name}\"\nkind = \"smtp\"\nhost = \"localhost\"\nport = {port}\nsecurity = \"{security}\"\n\
         from = \"watch@town.example\"\nmailboxes = [\"desk@town.example\"]\nuser = \"townbell\"\nsecret_file = \"ntfy\"\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_goes_over_tls_to_a_server_that_is_trusted_and_to_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, strange) = (acceptor(folder.path(), "ours"), acceptor(folder.path(), "strange"));
    let wrapped = MailServer::start_with(Line::Tls(ours.clone())).await;
    let upgraded = MailServer::start_with(Line::StartTls(ours)).await;
    let stranger = MailServer::start_with(Line::Tls(strange.clone())).await;
    let upgraded_stranger = MailServer::start_with(Line::StartTls(strange)).await;
    // Somebody between took STARTTLS out of what the server offers.
    let stripped = MailServer::start().await;
    let all = [
        ("wrapped", &wrapped, "tls"),
        ("upgraded", &upgraded, "starttls"),
        ("stranger", &stranger, "tls"),
        ("upgraded-stranger", &upgraded_stranger, "starttls"),
        ("stripped", &stripped, "starttls"),
    ];
    let channels: String = all.iter().map(|(name, server, security)| channel(name, server, security)).collect();
    let names = all.map(|(name, ..)| name);
    let city = write(folder.path(), &channels, &names, "").await;
    let data = folder.path().join("data");
    seed(&data, &names.map(|name| call(&format!("k-{name}"), name)));
    let address = free_address();
    let mut command = Program::command(&["serve", "--listen", &address.to_string()]);
    // The system's store of this machine, for this program.
    command.arg(&city).env("SSL_CERT_FILE", folder.path().join("ours.pem")).env_remove("SSL_CERT_DIR");
    let mut program = Program::start(command, &data);
    program.ready(address).await;
    let mut town = Town { program, address };
    town.until("an answer or a failure of each", async |address| {
        items(address, "").await.iter().all(|item| item["attempts"].as_u64() > Some(0))
    })
    .await;
    for (name, server) in [("wrapped", &wrapped), ("upgraded", &upgraded)] {
        let item = item(address, &format!("k-{name}")).await;
        assert_eq!(item["state"], "delivered", "{item}");
        let mails = server.taken();
        assert_eq!((mails.len(), mails[0].secure, mails[0].by.as_deref()), (1, true, Some(LOGIN)), "{name}");
    }
    for (name, server, words) in [
        ("stranger", &stranger, "no secure line"),
        ("upgraded-stranger", &upgraded_stranger, "no secure line"),
        ("stripped", &stripped, "the server does not offer what is asked of it"),
    ] {
        let item = item(address, &format!("k-{name}")).await;
        assert!(item["receipt"].as_str().expect("a receipt").contains(words), "{item}");
        assert!(server.taken().is_empty(), "{name} got a mail");
    }
    town.program.stop();
}
