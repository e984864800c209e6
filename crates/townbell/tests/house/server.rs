//! A foreign city for tests: a small HTTP server that answers as it is told, the city that reads it, the program that
//! runs that city, and the few forms of protobuf and zip that its feeds are written in.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    reason = "each test file uses its own part, and says what it expected"
)]

use std::collections::HashMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::house::{Program, free_address, json};

/// How a body comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// Whole.
    Whole,
    /// The connection ends before the body does.
    HangUp,
    /// It is said over and over, without an end.
    Endless,
    /// It is said over and over, a piece every half second.
    Trickle,
}

/// What the server says at one path.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    play: Play,
}

impl Answer {
    /// 200 with this body.
    pub fn of(body: impl Into<Bytes>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), play: Play::Whole }
    }

    /// Another status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// One more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another way of saying it.
    pub fn play(mut self, play: Play) -> Self {
        self.play = play;
        self
    }
}

type Said = Arc<Mutex<HashMap<String, Answer>>>;

/// The server.
pub struct Foreign {
    address: SocketAddr,
    said: Said,
}

impl Foreign {
    /// Listens on loopback for as long as the test's runtime lives.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let said = Said::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&said));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, said }
    }

    /// What is said at a path from now on.
    pub fn say(&self, path: &str, answer: Answer) {
        self.said.lock().expect("the answers").insert(path.to_owned(), answer);
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn answer(State(said): State<Said>, uri: Uri, headers: HeaderMap) -> Response {
    let found = said.lock().expect("the answers").get(uri.path()).cloned();
    let Some(answer) = found else { return empty(StatusCode::NOT_FOUND) };
    let tag = answer.headers.iter().find(|(name, _)| name == "etag").map(|(_, value)| value.as_str());
    if tag.is_some() && headers.get("if-none-match").and_then(|known| known.to_str().ok()) == tag {
        return empty(StatusCode::NOT_MODIFIED);
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let body = match answer.play {
        Play::Whole => Body::from(answer.body),
        play => Body::from_stream(stream(answer.body, play)),
    };
    response.body(body).expect("an answer")
}

fn empty(status: StatusCode) -> Response {
    Response::builder().status(status).body(Body::empty()).expect("an answer")
}

fn stream(body: Bytes, play: Play) -> ReceiverStream<std::io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        while sender.send(Ok(body.clone())).await.is_ok() {
            match play {
                Play::HangUp => {
                    // The listener may be gone already; either way the body has no end.
                    let _gone = sender.send(Err(std::io::Error::other("hung up"))).await;
                    return;
                }
                Play::Trickle => tokio::time::sleep(Duration::from_millis(500)).await,
                Play::Whole | Play::Endless => {}
            }
        }
    });
    ReceiverStream::new(receiver)
}

/// One feed of the city: id, kind, path on the foreign server, and the timetable that it belongs to.
pub type FeedLine<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

const CITY: &str = r#"
[city]
name = "Far Town"
timezone = "America/Sao_Paulo"
languages = ["en"]
roles = ["duty_officer"]
[city.bbox]
west = -51.3
south = -30.1
east = -51.1
north = -29.9
[[place]]
id = "centre"
name = "Centre"
kind = "city"
longitude = -51.2
latitude = -30.0
outline = [[-51.3, -30.1], [-51.1, -30.1], [-51.1, -29.9], [-51.3, -29.9]]
[[observed_property]]
id = "water_level"
name = "Water level"
definition = "http://vocabs.lter-europe.net/EnvThes/22165"
description = "Height of the water surface."
unit_name = "metre"
unit_symbol = "m"
min = -2.0
max = 15.0
[[thing]]
id = 1
name = "Quay gauge"
description = "A gauge."
longitude = -51.2
latitude = -30.0
[[datastream]]
id = 1
name = "Level at the quay"
thing = 1
observed_property = "water_level"
feed = "water"
beat = "15 min"
"#;

const RULE_HEAD: &str = r#"
owner = "duty_officer"
severity = "moderate"
consequence = "Something floods."
first_action = "Go and look."
respond_within = "15 min"
purpose = "to_test"
"#;

/// Writes the configuration of a city that reads these feeds once a second, and one rule on its gauge, one on its
/// warnings.
pub fn write_city(folder: &Path, foreign: &Foreign, feeds: &[FeedLine<'_>]) -> PathBuf {
    let city = folder.join("city");
    std::fs::create_dir_all(city.join("rules")).expect("a folder");
    let feed = |(id, kind, path, timetable): &FeedLine<'_>| {
        let reached = match *kind {
            "sensor_things" => String::new(),
            "cap_files" => format!("poll_every = \"1 s\"\nfolder = \"{path}\"\n"),
            _ => format!("poll_every = \"1 s\"\nurl = \"{}\"\n", foreign.url(path)),
        };
        let belongs = timetable.map(|timetable| format!("timetable = \"{timetable}\"\n")).unwrap_or_default();
        format!(
            "[[feed]]\nid = \"{id}\"\nname = \"{id}\"\nkind = \"{kind}\"\nowner = \"Far Town\"\nlicence = \"none\"\n\
             purpose = \"to test\"\nbeat = \"1 min\"\nretention = \"30 days\"\n{reached}{belongs}"
        )
    };
    let names: Vec<String> = feeds.iter().map(|(id, ..)| format!("{id:?}")).collect();
    let purpose = format!(
        "[[purpose]]\nid = \"to_test\"\nwords = \"To test\"\nroles = [\"duty_officer\"]\nfeeds = [{}]\n",
        names.join(", ")
    );
    let text = CITY.to_owned() + &purpose + &feeds.iter().map(feed).collect::<Vec<_>>().concat();
    std::fs::write(city.join("city.toml"), text).expect("written");
    let level = "kind = \"threshold\"\nwhat = \"The river\"\ndatastream = 1\nstatistic = \"last\"\n";
    let rules = [
        ("level.toml", format!("{level}{RULE_HEAD}[open]\nabove = 2.5\n[close]\nbelow = 2.3\n")),
        (
            "warning.toml",
            format!(
                "kind = \"warning\"\nfeed = \"warnings\"\nat_least = \"minor\"\nplace = \"centre\"\nbefore = \"12 h\"\n{RULE_HEAD}"
            ),
        ),
    ];
    for (name, rule) in rules {
        std::fs::write(city.join("rules").join(name), rule).expect("written");
    }
    city
}

/// A running `townbell serve`.
pub struct Town {
    /// Its process.
    pub program: Program,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Town {
    /// Starts it and waits until it answers.
    pub async fn start(city: &Path, data: &Path) -> Self {
        let address = free_address();
        let mut command = Program::command(&["serve", "--listen", &address.to_string()]);
        command.arg(city);
        let mut program = Program::start(command, data);
        program.ready(address).await;
        Self { program, address }
    }

    /// Waits until something is so, and fails when it is not after 40 s or the process has gone.
    pub async fn until(&mut self, what: &str, mut so: impl AsyncFnMut(SocketAddr) -> bool) {
        for _ in 0..400 {
            if so(self.address).await {
                return;
            }
            self.program.alive();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("not within 40 s: {what}; the feeds say {}", json(self.address, "/api/feeds").await);
    }
}

/// What `/api/feeds` says of one feed.
pub async fn feed(address: SocketAddr, id: &str) -> Value {
    let feeds = json(address, "/api/feeds").await;
    let found = feeds["items"].as_array().expect("feeds").iter().find(|feed| feed["id"] == id).cloned();
    found.unwrap_or_else(|| panic!("there is no feed {id}"))
}

/// How many entities of a feed were refused for a reason.
pub fn rejected(feed: &Value, reason: &str) -> u64 {
    feed["tally"]["rejected"][reason].as_u64().unwrap_or_default()
}

/// How many entities of a feed were stored.
pub fn stored(feed: &Value) -> u64 {
    feed["tally"]["stored"].as_u64().expect("a count")
}

/// `received = stored + duplicate + rejected`, of every feed.
pub async fn assert_balanced(address: SocketAddr) {
    for feed in json(address, "/api/feeds").await["items"].as_array().expect("feeds") {
        let tally = &feed["tally"];
        let sum = |field: &str| tally[field].as_u64().expect("a count");
        let refused: u64 = tally["rejected"].as_object().expect("reasons").values().filter_map(Value::as_u64).sum();
        assert_eq!(sum("received"), sum("stored") + sum("duplicate") + refused, "{feed}");
    }
}

/// The city's clock, in ms since 1970.
pub async fn now(address: SocketAddr) -> city::Time {
    let health = json(address, "/health").await;
    health["now"].as_str().expect("a time").parse().expect("a time")
}

/// A zip of these members.
pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a member");
        writer.write_all(content).expect("its content");
    }
    writer.finish().expect("an archive").into_inner()
}

/// Protobuf, wire type 0.
pub fn number(field: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    prost::encoding::encode_varint(u64::from(field) << 3, &mut out);
    prost::encoding::encode_varint(value, &mut out);
    out
}

/// Protobuf, wire type 5: `float`.
pub fn float(field: u32, value: f32) -> Vec<u8> {
    let mut out = Vec::new();
    prost::encoding::encode_varint(u64::from(field) << 3 | 5, &mut out);
    out.extend(value.to_le_bytes());
    out
}

/// Protobuf, wire type 2: `string`, `bytes`, or a message that was written already.
pub fn bytes(field: u32, value: impl AsRef<[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    prost::encoding::encode_varint(u64::from(field) << 3 | 2, &mut out);
    prost::encoding::encode_varint(value.as_ref().len() as u64, &mut out);
    out.extend(value.as_ref());
    out
}
