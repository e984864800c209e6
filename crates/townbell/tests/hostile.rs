//! Hostile input, at the door of the running program (DESIGN 9). Each time good data is live first; then what means harm
//! comes the same way. It is counted under the right reason, what was good stays, the program lives, and its memory
//! stays bounded.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test says what it expected")]

mod house;
#[path = "house/server.rs"]
mod server;

use std::fmt::Write as _;

use city::{Span, Time};
use house::{json, post};
use reqwest::StatusCode;
use serde_json::{Value, json as object};
use server::{
    Answer, FeedLine, Foreign, Play, Town, assert_balanced, bytes, feed, float, now, number, rejected, stored,
    write_city, zip,
};

/// The most memory that the program may ever take, whatever is sent to it: the largest archive that is read (256 MiB),
/// and as much again as it takes by itself with a small city.
const PEAK_MIB_MAX: u64 = 450;

const FEEDS: [FeedLine<'_>; 6] = [
    ("timetable", "gtfs", "/gtfs.zip", None),
    ("positions", "gtfs_rt_vehicle_positions", "/positions", Some("timetable")),
    ("updates", "gtfs_rt_trip_updates", "/updates", Some("timetable")),
    ("service-alerts", "gtfs_rt_alerts", "/alerts", None),
    ("warnings", "cap_atom", "/atom", None),
    ("water", "sensor_things", "", None),
];

/// A city whose feeds are all live, and the foreign server that they come from.
struct Scene {
    foreign: Foreign,
    town: Town,
    /// When the good data was said.
    then: Time,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let foreign = Foreign::start().await;
        foreign.say("/gtfs.zip", Answer::of(gtfs(&[])));
        let city = write_city(folder.path(), &foreign, &FEEDS);
        let mut town = Town::start(&city, &folder.path().join("data")).await;
        let then = now(town.address).await;
        town.until("the timetable is in", async |at| stored(&feed(at, "timetable").await) == 1).await;
        foreign.say("/positions", Answer::of(message(then, &[position(then)])));
        foreign.say("/updates", Answer::of(message(then, &[update(then)])));
        foreign.say("/alerts", Answer::of(message(then, &[alert("ALERT")])));
        foreign.say("/good.xml", Answer::of(cap("GOOD", then, "")));
        foreign.say("/atom", Answer::of(atom(&["good.xml"], then)));
        let observation = object!({ "phenomenonTime": then, "result": 1.25 }).to_string();
        let (status, _) = post(town.address, OBSERVATIONS, observation).await.expect("an answer");
        assert_eq!(status, StatusCode::CREATED);
        let mut scene = Self { foreign, town, then, _folder: folder };
        for (id, ..) in FEEDS {
            scene.town.until("every feed is live", async |at| stored(&feed(at, id).await) > 0).await;
        }
        scene.good_is_live().await;
        scene
    }

    /// What was good before the harm is served as it was.
    async fn good_is_live(&mut self) {
        let state = json(self.town.address, "/api/state").await;
        let vehicles = state["vehicles"].as_array().expect("vehicles");
        let shown: Vec<&str> = vehicles.iter().filter_map(|vehicle| vehicle["route_name"].as_str()).collect();
        // A flipped bit may make a good time of another service day, and with it a run of its own: also of this line.
        let of_the_line = !shown.is_empty() && shown.iter().all(|name| *name == "Seven");
        assert!(of_the_line, "the vehicle, with its line's name from the timetable: {shown:?}");
        let warnings: Vec<&str> =
            state["warnings"].as_array().expect("warnings").iter().filter_map(|w| w["headline"].as_str()).collect();
        assert!(warnings.contains(&"GOOD"), "{warnings:?}");
        assert_eq!(state["things"][0]["datastreams"][0]["latest"]["result"], 1.25);
        self.town.program.alive();
    }

    /// What is said at a path is counted under this reason, and nothing of it replaces what was good.
    async fn refused(&mut self, what: &str, id: &str, reason: &str, path: &str, answer: Answer) {
        let before = feed(self.town.address, id).await;
        self.foreign.say(path, answer);
        let counted = async |at| rejected(&feed(at, id).await, reason) > rejected(&before, reason);
        self.town.until(&format!("{what} is counted as {reason}"), counted).await;
        let after = feed(self.town.address, id).await;
        let others = |feed: &Value| feed["tally"]["rejected"].as_object().expect("reasons").len();
        assert!(others(&after) <= others(&before) + 1, "{what} is counted under one reason: {after}");
        self.good_is_live().await;
    }

    /// A warning behind the index.
    async fn refused_warning(&mut self, what: &str, reason: &str, body: impl Into<axum::body::Bytes>) {
        let path = format!("{}.xml", what.replace(' ', "-"));
        self.foreign.say(&format!("/{path}"), Answer::of(body));
        let index = Answer::of(atom(&["good.xml", &path], self.then));
        self.refused(what, "warnings", reason, "/atom", index).await;
    }

    async fn end(mut self, what: &str) {
        self.good_is_live().await;
        assert_balanced(self.town.address).await;
        let peak_mib = self.town.program.peak_mib();
        println!("{what}: at most {peak_mib} MiB");
        assert!(peak_mib < PEAK_MIB_MAX, "{what} took {peak_mib} MiB");
        self.town.program.stop();
    }
}

const OBSERVATIONS: &str = "/v1.1/Datastreams(1)/Observations";

/// A GTFS zip of one trip from midnight to midnight every day; `changes` put other bytes in the place of a file, or
/// take it away.
fn gtfs(changes: &[(&str, Option<&[u8]>)]) -> Vec<u8> {
    let files = [
        ("agency.txt", "agency_name,agency_url,agency_timezone\nTram Co,http://x.example,America/Sao_Paulo\n"),
        ("stops.txt", "stop_id,stop_name,stop_lat,stop_lon\nA,Alpha,-30.01,-51.21\nB,Beta,-30.05,-51.21\n"),
        ("routes.txt", "route_id,route_short_name,route_long_name,route_type\nR,7,Seven,3\n"),
        ("trips.txt", "route_id,service_id,trip_id\nR,DAY,T\n"),
        (
            "stop_times.txt",
            "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT,00:00:00,00:00:00,A,1\nT,24:00:00,24:00:00,B,2\n",
        ),
        (
            "calendar.txt",
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nDAY,1,1,1,1,1,1,1,20200101,20991231\n",
        ),
    ];
    let mut members: Vec<(&str, &[u8])> = files.map(|(name, text)| (name, text.as_bytes())).to_vec();
    for (name, content) in changes {
        members.retain(|(known, _)| known != name);
        members.extend(content.map(|content| (*name, content)));
    }
    zip(&members)
}

fn message(time: Time, entities: &[Vec<u8>]) -> Vec<u8> {
    let header = [bytes(1, "2.0"), number(3, seconds(time))].concat();
    [bytes(1, header), entities.iter().map(|entity| bytes(2, entity)).collect::<Vec<_>>().concat()].concat()
}

fn seconds(time: Time) -> u64 {
    u64::try_from(time.s()).expect("after 1970")
}

fn position(time: Time) -> Vec<u8> {
    position_at(-30.01, -51.21, seconds(time))
}

fn position_at(latitude: f32, longitude: f32, time_s: u64) -> Vec<u8> {
    let place = [float(1, latitude), float(2, longitude)].concat();
    let vehicle = [bytes(1, bytes(1, "T")), bytes(2, place), number(5, time_s)].concat();
    [bytes(1, "V"), bytes(4, vehicle)].concat()
}

fn update(time: Time) -> Vec<u8> {
    update_at(seconds(time), 120)
}

fn update_at(time_s: u64, delay_s: u64) -> Vec<u8> {
    let call = [bytes(4, "A"), bytes(2, number(1, delay_s))].concat();
    let update = [bytes(1, bytes(1, "T")), bytes(2, call), number(4, time_s)].concat();
    [bytes(1, "U"), bytes(3, update)].concat()
}

fn alert(id: &str) -> Vec<u8> {
    let header = bytes(10, bytes(1, [bytes(1, "Detour"), bytes(2, "en")].concat()));
    [bytes(1, id), bytes(5, header)].concat()
}

fn cap(identifier: &str, sent: Time, more: &str) -> String {
    format!(
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>{identifier}-1</identifier><sender>defence</sender>\
         <sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><language>en</language>\
         <category>Met</category><event>Storm</event><urgency>Immediate</urgency><severity>Severe</severity>\
         <certainty>Observed</certainty><headline>{identifier}</headline><area><areaDesc>Centre</areaDesc>\
         <polygon>-30.1,-51.3 -30.1,-51.1 -29.9,-51.1 -29.9,-51.3 -30.1,-51.3</polygon></area></info>{more}</alert>"
    )
}

fn atom(links: &[&str], updated: Time) -> String {
    let entry =
        |link: &&str| format!("<entry><id>urn:{link}</id><updated>{updated}</updated><link href=\"{link}\"/></entry>");
    let entries: String = links.iter().map(entry).collect::<Vec<_>>().concat();
    format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:x</id><updated>{updated}</updated>{entries}</feed>")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn protobuf_that_is_broken_or_too_large() {
    let mut scene = Scene::start().await;
    let then = scene.then;
    let good = message(then, &[position(then), position(then)]);
    let cut = good.get(..good.len() - 3).expect("shorter").to_vec();
    scene.refused("a message without its end", "positions", "malformed", "/positions", Answer::of(cut)).await;
    // The length of the second entity says more than there is, up to all of 2^64.
    let mut endless = message(then, &[position(then)]);
    endless.extend(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    scene.refused("an entity of 2^64 bytes", "positions", "malformed", "/positions", Answer::of(endless)).await;
    scene.refused("no protobuf", "positions", "malformed", "/positions", Answer::of("<html>Not today</html>")).await;
    scene.refused("nothing", "positions", "missing_field", "/positions", Answer::of("")).await;
    // One byte more than is read of a GTFS-Realtime feed; every one of them is zero, as from a broken disk.
    let too_large = vec![0; usize::try_from(formats::limits::GTFS_RT_BYTES).expect("fits") + 1];
    scene.refused("more bytes than the limit", "positions", "too_large", "/positions", Answer::of(too_large)).await;
    let many = vec![Vec::new(); usize::try_from(formats::limits::GTFS_RT_ENTITIES).expect("fits") + 1];
    scene
        .refused("more entities than the limit", "updates", "too_large", "/updates", Answer::of(message(then, &many)))
        .await;
    let fat = [alert("FAT"), bytes(8999, vec![0; formats::limits::GTFS_RT_ENTITY_BYTES])].concat();
    scene
        .refused(
            "one entity too large",
            "service-alerts",
            "too_large",
            "/alerts",
            Answer::of(message(then, &[fat, alert("NEXT")])),
        )
        .await;
    // Groups inside groups in a field that nobody knows, 10^5 deep.
    let deep = [bytes(1, "x"), [0x9b, 0x06].repeat(100_000)].concat();
    scene.refused("10^5 groups", "service-alerts", "malformed", "/alerts", Answer::of(message(then, &[deep]))).await;
    flip(&mut scene).await;
    scene.end("broken protobuf").await;
}

/// Every bit of an entity flipped in turn, all in one message: each is read or refused, and the account says which.
async fn flip(scene: &mut Scene) {
    let good = position(scene.then);
    let flips = (0..good.len() * 8).map(|bit| {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    });
    let entities: Vec<Vec<u8>> = flips.chain([good.clone()]).collect();
    let received = |feed: &Value| feed["tally"]["received"].as_u64().expect("a count");
    let refused = |feed: &Value| {
        feed["tally"]["rejected"].as_object().expect("reasons").values().filter_map(Value::as_u64).sum::<u64>()
    };
    let before = feed(scene.town.address, "positions").await;
    scene.foreign.say("/positions", Answer::of(message(scene.then, &entities)));
    let all = async |at| received(&feed(at, "positions").await) >= received(&before) + entities.len() as u64;
    scene.town.until("every flipped entity is counted", all).await;
    scene.foreign.say("/positions", Answer::of(message(scene.then, &[good])));
    let after = feed(scene.town.address, "positions").await;
    assert!(refused(&after) > refused(&before) + entities.len() as u64 / 4, "{after}");
    scene.good_is_live().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn archives_that_mean_harm() {
    let mut scene = Scene::start().await;
    let zeroes = vec![b'0'; 256 << 20];
    let bomb = gtfs(&[("stop_times.txt", Some(&zeroes))]);
    drop(zeroes);
    println!("the bomb has {} bytes", bomb.len());
    scene.refused("a bomb", "timetable", "too_large", "/gtfs.zip", Answer::of(bomb.clone())).await;
    let honest = (256_u32 << 20).to_le_bytes();
    let mut lies = bomb;
    for at in 0..lies.len() - 4 {
        if lies[at..at + 4] == honest {
            lies[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
        }
    }
    let before = feed(scene.town.address, "timetable").await;
    scene.foreign.say("/gtfs.zip", Answer::of(lies));
    let refused = |feed: &Value| rejected(feed, "too_large") + rejected(feed, "malformed");
    let counted = async |at| refused(&feed(at, "timetable").await) > refused(&before) + 2;
    scene.town.until("a bomb that lies about its size is refused", counted).await;
    scene.good_is_live().await;
    for name in ["../stops.txt", "a/../../stops.txt", "/etc/stops.txt", "..\\stops.txt"] {
        let zip = gtfs(&[(name, Some(b"x"))]);
        scene.refused("a name that leads out", "timetable", "unsupported", "/gtfs.zip", Answer::of(zip)).await;
    }
    for file in ["stops.txt", "trips.txt", "calendar.txt"] {
        scene.refused(file, "timetable", "missing_field", "/gtfs.zip", Answer::of(gtfs(&[(file, None)]))).await;
    }
    let whole = gtfs(&[]);
    let cut = whole.get(..whole.len() / 2).expect("half").to_vec();
    scene.refused("half an archive", "timetable", "malformed", "/gtfs.zip", Answer::of(cut)).await;
    let mut stops = "stop_id,stop_name,stop_lat,stop_lon\nA,Alpha,-30.01,-51.21\nB,Beta,-30.05,-51.21\n".to_owned();
    for n in 0..500_000_u32 {
        let _written = writeln!(stops, "{:x},,-30,-51", n.wrapping_mul(2_654_435_761));
    }
    let many = gtfs(&[("stops.txt", Some(stops.as_bytes()))]);
    scene.refused("more stops than any city has", "timetable", "too_large", "/gtfs.zip", Answer::of(many)).await;
    // The trips of live feeds are still known by the last good timetable.
    let later = now(scene.town.address).await;
    let known = stored(&feed(scene.town.address, "positions").await);
    scene.foreign.say("/positions", Answer::of(message(later, &[position(later)])));
    scene.town.until("its trips are still known", async |at| stored(&feed(at, "positions").await) > known).await;
    scene.end("archives").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn xml_that_means_harm() {
    let mut scene = Scene::start().await;
    let then = scene.then;
    let mut laughs = "<!DOCTYPE alert [<!ENTITY a0 \"ha\">".to_owned();
    for n in 1..10 {
        let _written = write!(laughs, "<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10));
    }
    laughs += "]>";
    scene
        .refused_warning("a billion laughs", "unsupported", laughs.clone() + &cap("BAD", then, "<note>&a9;</note>"))
        .await;
    let outside = "<!DOCTYPE alert SYSTEM \"file:///etc/hostname\">".to_owned() + &cap("BAD", then, "");
    scene.refused_warning("a DTD", "unsupported", outside).await;
    scene.refused_warning("an entity of nobody", "unsupported", cap("BAD", then, "<note>&secret;</note>")).await;
    scene.refused_warning("a million elements", "too_large", cap("BAD", then, &"<a/>".repeat(1_000_000))).await;
    scene.refused_warning("a deep one", "too_large", cap("BAD", then, &"<a>".repeat(100_000))).await;
    scene.refused_warning("a long one", "too_large", cap("BAD", then, &" ".repeat(9 << 20))).await;
    let cut = cap("BAD", then, "");
    scene.refused_warning("half a warning", "malformed", cut.get(..cut.len() / 2).expect("half").to_owned()).await;
    let old = cap("BAD", then, "").replace(&format!("<sent>{then}"), "<sent>1970-01-01T00:00:00Z");
    scene.refused_warning("a warning of 1970", "bad_time", old).await;
    scene
        .refused(
            "an index with a DTD",
            "warnings",
            "unsupported",
            "/atom",
            Answer::of(laughs + &atom(&["good.xml"], then)),
        )
        .await;
    let entries = vec!["x.xml"; 5_001];
    scene.refused("an index of too many", "warnings", "too_large", "/atom", Answer::of(atom(&entries, then))).await;
    scene.end("XML").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_cannot_be() {
    let mut scene = Scene::start().await;
    let then = scene.then;
    let time_s = seconds(then);
    let far = 1_u64 << 63;
    for (what, reason, entity) in [
        ("NaN", "out_of_range", position_at(f32::NAN, -51.21, time_s)),
        ("latitude 91", "out_of_range", position_at(91.0, -51.21, time_s)),
        ("infinity", "out_of_range", position_at(-30.0, f32::INFINITY, time_s)),
        ("the time 0", "bad_time", position_at(-30.0, -51.21, 0)),
        ("the time 2^63", "bad_time", position_at(-30.0, -51.21, far)),
    ] {
        // Beside a good one, which is taken: the next report of the same trip.
        let answer = Answer::of(message(then, &[entity, position(then)]));
        scene.refused(what, "positions", reason, "/positions", answer).await;
    }
    for (what, reason, entity) in [
        ("an update at 0", "bad_time", update_at(0, 0)),
        ("an update at 2^63", "bad_time", update_at(far, 0)),
        ("a delay of 2^31 - 1 s", "out_of_range", update_at(time_s, 0x7fff_ffff)),
    ] {
        scene.refused(what, "updates", reason, "/updates", Answer::of(message(then, &[entity, update(then)]))).await;
    }
    let bad_stop = "stop_id,stop_name,stop_lat,stop_lon\nA,Alpha,-30.01,-51.21\nB,Beta,-30.05,-51.21\nC,Gamma,91,-51.21\nD,Delta,NaN,0\n";
    let zip = gtfs(&[("stops.txt", Some(bad_stop.as_bytes()))]);
    scene.refused("a stop at latitude 91", "timetable", "out_of_range", "/gtfs.zip", Answer::of(zip)).await;
    observations(&mut scene).await;
    scene.end("numbers").await;
}

async fn observations(scene: &mut Scene) {
    let then = scene.then;
    let at = |time: &str| format!("{{\"phenomenonTime\": \"{time}\", \"result\": 1.0}}");
    let of = |result: &str| format!("{{\"phenomenonTime\": \"{then}\", \"result\": {result}}}");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let objects = format!("{}1{}", "{\"result\":".repeat(100_000), "}".repeat(100_000));
    let ahead = (now(scene.town.address).await + Span::h(1)).to_string();
    let cases = [
        ("\"NaN\"", "not_allowed", 422, of("\"NaN\"")),
        ("NaN", "malformed", 400, of("NaN")),
        ("1e400", "malformed", 400, of("1e400")),
        ("99 m", "out_of_range", 422, of("99")),
        ("1970", "bad_time", 400, at("1970-01-01T00:00:00Z")),
        ("an hour ahead", "bad_time", 422, at(&ahead)),
        ("the time 2^63", "bad_time", 400, of("1").replace(&format!("\"{then}\""), "9223372036854775808")),
        ("10^5 lists", "malformed", 400, deep),
        ("10^5 objects", "malformed", 400, objects),
        ("half", "malformed", 400, "{\"result\": 1".to_owned()),
    ];
    for (what, reason, expected, body) in cases {
        let before = feed(scene.town.address, "water").await;
        let (status, answer) = post(scene.town.address, OBSERVATIONS, body).await.expect("an answer");
        assert_eq!(status.as_u16(), expected, "{what}: {answer}");
        let problem: Value = serde_json::from_str(&answer).expect("a problem document");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}: {answer}");
        // The answer does not wait for the console, which is drawn after it.
        let mut after = feed(scene.town.address, "water").await;
        for _ in 0..50 {
            if rejected(&after, reason) > rejected(&before, reason) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            after = feed(scene.town.address, "water").await;
        }
        assert_eq!(rejected(&after, reason), rejected(&before, reason) + 1, "{what}: {after}");
        scene.good_is_live().await;
    }
    // Refused by its length: the connection may be closed before all of it is sent.
    if let Some((status, _)) = post(scene.town.address, OBSERVATIONS, vec![b'['; 3 << 20]).await {
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_fail() {
    let mut scene = Scene::start().await;
    let then = scene.then;
    let good = message(then, &[position(then)]);
    // These say nothing, so nothing is counted; that they were asked in vain is.
    scene.foreign.say("/positions", Answer::of("out of order").status(500));
    let half = good.get(..good.len() / 2).expect("half").to_vec();
    scene.foreign.say("/updates", Answer::of(half).play(Play::HangUp));
    scene.foreign.say("/alerts", Answer::of("x").play(Play::Trickle));
    let before = json(scene.town.address, "/api/feeds").await;
    // This one goes on for ever, as fast as it is read.
    scene
        .refused(
            "an endless body",
            "timetable",
            "too_large",
            "/gtfs.zip",
            Answer::of(vec![0; 1 << 20]).play(Play::Endless),
        )
        .await;
    for (id, line) in [("positions", 1), ("updates", 2), ("service-alerts", 3)] {
        let known = &before["items"][line];
        assert_eq!(known["id"], id);
        // A trickle is cut off by the time that a feed has to answer; the others are asked every second.
        let asked_in_vain = async |at| {
            let feed = feed(at, id).await;
            let time = |name: &str| feed[name].as_str().and_then(|time| time.parse::<Time>().ok());
            time("last_asked").zip(time("last_good")).is_some_and(|(asked, good)| asked.since(good) >= Span::s(2))
        };
        scene.town.until(&format!("{id} is asked in vain"), asked_in_vain).await;
        let now = feed(scene.town.address, id).await;
        assert_eq!(now["tally"]["rejected"], known["tally"]["rejected"], "no document came, so none was refused");
        assert_eq!(stored(&now), stored(known));
    }
    let endless = || Answer::of(vec![b' '; 1 << 20]).play(Play::Endless);
    scene.refused("endless updates", "updates", "too_large", "/updates", endless()).await;
    scene.foreign.say("/endless.xml", endless());
    let index = Answer::of(atom(&["good.xml", "endless.xml"], then));
    scene.refused("an endless warning", "warnings", "too_large", "/atom", index).await;
    scene.foreign.say("/gtfs.zip", Answer::of(gtfs(&[])));
    let later = now(scene.town.address).await;
    scene.foreign.say("/positions", Answer::of(message(later, &[position(later)])));
    let taken = stored(&before["items"][1]);
    scene
        .town
        .until("it is taken again when it is well", async |at| stored(&feed(at, "positions").await) > taken)
        .await;
    scene.end("servers that fail").await;
}
