//! Townbell: every path that the benchmark uses, how it is started, and the entities that it needs first.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::ask::{Ask, Rows, Shape, escaped, place};
use crate::connection::{Connection, Speech};
use crate::encode::post;
use crate::server::{Server, command, now, pause};

/// Takes the observations.
pub(crate) const CREATE_OBSERVATIONS: &str = "/v1.1/CreateObservations";
/// Content type, and that the ids of what was created need not be sent back (RFC 7240).
pub(crate) const MINIMAL: &str = "application/json\r\nPrefer: return=minimal";
/// The latest value of every series.
pub(crate) const LATEST: &str = "/api/series/latest";
/// Live events, as the pages listen to them.
pub(crate) const LIVE: &str = "/api/live";
/// What the pages begin with: every alert of the last day among it.
pub(crate) const STATE: &str = "/api/state";
/// Answers 200 as soon as it can be used.
const HEALTH: &str = "/health";
/// How long it may listen without being healthy.
const HEALTHY_MAX: Duration = Duration::from_mins(10);

/// The observations of a series.
pub(crate) fn range(id: i64, from: &str, to: &str) -> String {
    format!("/api/series/{id}/values?from={from}&to={to}")
}

/// The same in the words of SensorThings.
pub(crate) fn range_standard(id: i64, from: &str, to: &str, top: u32) -> String {
    let filter = escaped(&format!("phenomenonTime ge {from} and phenomenonTime lt {to}"));
    format!(
        "/v1.1/Datastreams({id})/Observations?$filter={filter}&$select=phenomenonTime,result&$top={top}&$resultFormat=dataArray"
    )
}

/// Minimum, maximum, mean and count of a series for every bucket of so many seconds.
pub(crate) fn buckets(id: i64, from: &str, to: &str, step_s: i64) -> String {
    format!("/api/series/{id}/buckets?from={from}&to={to}&step_s={step_s}")
}

/// The latest values of the things in a box (west, south, east, north).
pub(crate) fn latest_in([west, south, east, north]: [f64; 4]) -> String {
    format!("{LATEST}?bbox={west},{south},{east},{north}")
}

/// The things in a box (west, south, east, north) with their latest values.
pub(crate) fn things([west, south, east, north]: [f64; 4]) -> String {
    format!("/api/things?bbox={west},{south},{east},{north}")
}

/// The newest of the alerts that are open.
pub(crate) fn open_alerts(limit: usize) -> String {
    format!("/api/alerts?state=open&limit={limit}")
}

/// How many observations there are, of one series or of all.
pub(crate) fn count(id: Option<i64>) -> String {
    let of = id.map_or(String::new(), |id| format!("Datastreams({id})/"));
    format!("/v1.1/{of}Observations?$top=0&$count=true")
}

/// Starts the sandbox; its throw-away store is put into `data`.
pub(crate) fn start_sandbox(binary: &Path, host: String, data: &Path, log: &Path) -> anyhow::Result<Server> {
    let mut command = command(binary);
    command.args(["serve", "--sandbox", "--listen", &host]).env("TMPDIR", data);
    start(&mut command, host, data, log)
}

/// Starts a city on a data folder that is kept.
pub(crate) fn start_city(binary: &Path, city: &Path, host: String, data: &Path, log: &Path) -> anyhow::Result<Server> {
    let mut command = command(binary);
    command.arg("serve").arg(city).arg("--data").arg(data).args(["--listen", &host]);
    start(&mut command, host, data, log)
}

fn start(command: &mut Command, host: String, data: &Path, log: &Path) -> anyhow::Result<Server> {
    let began = now();
    let mut server = Server::start(command, host, data, log)?;
    let healthy = |host: &str| Connection::open(Speech::Http, host).is_ok_and(|mut open| open.get(HEALTH).is_ok());
    while !healthy(&server.host) {
        server.still_runs()?;
        ensure!(began.elapsed() < HEALTHY_MAX, "it listens, but is not healthy");
        pause(2);
    }
    server.start_s = began.elapsed().as_secs_f64();
    Ok(server)
}

/// Makes so many datastreams, `per_thing` of them on each thing, and gives their ids in the order of the series.
pub(crate) fn create_datastreams(server: &Server, series: u32, per_thing: u32) -> anyhow::Result<Arc<Vec<i64>>> {
    let mut connection = Connection::open(Speech::Http, &server.host)?;
    let mut create = |path: &str, body: &Value| -> anyhow::Result<Value> {
        connection.exchange(&post(&server.host, path, "application/json", &body.to_string()), 1)?;
        let entity: Value = serde_json::from_slice(&connection.answer).context("the answer to a POST is the entity")?;
        Ok(json!({ "@iot.id": entity["@iot.id"] }))
    };
    let sensor = json!({ "name": "Sensor of the benchmark", "description": "Replays recorded columns.",
        "encodingType": "text/html", "metadata": "https://example.org/" });
    let property = json!({ "name": "Reading", "description": "What the recorded column says.",
        "definition": "https://example.org/reading" });
    let (sensor, property) = (create("/v1.1/Sensors", &sensor)?, create("/v1.1/ObservedProperties", &property)?);
    for first in (0..series).step_by(per_thing as usize) {
        let (longitude, latitude) = place(first, series);
        let datastream = |number: u32| {
            json!({ "name": format!("series {number}"), "description": "One recorded column, replayed.",
                "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
                "unitOfMeasurement": { "name": "unit", "symbol": "1", "definition": "https://example.org/unit" },
                "Sensor": sensor, "ObservedProperty": property })
        };
        let datastreams: Vec<Value> = (first..(first + per_thing).min(series)).map(datastream).collect();
        let location = json!({ "name": format!("place {first}"), "description": "A corner of the grid.",
            "encodingType": "application/geo+json",
            "location": { "type": "Point", "coordinates": [longitude, latitude] } });
        let thing = json!({ "name": format!("thing {first}"), "description": "A thing of the benchmark.",
            "Locations": [location], "Datastreams": datastreams });
        create("/v1.1/Things", &thing)?;
    }
    let ids = datastream_ids(&mut connection, series)?;
    Ok(Arc::new(ids))
}

/// The ids by name: a server may number as it likes.
fn datastream_ids(connection: &mut Connection, series: u32) -> anyhow::Result<Vec<i64>> {
    let mut ids = vec![0; series as usize];
    let mut path = Some("/v1.1/Datastreams?$select=@iot.id,name&$top=1000".to_owned());
    let mut found = 0;
    while let Some(next) = path {
        let page: Value = serde_json::from_slice(connection.get(&next)?)?;
        for entity in page["value"].as_array().into_iter().flatten() {
            let number = entity["name"].as_str().and_then(|name| name.strip_prefix("series ")?.parse::<usize>().ok());
            let id = number.and_then(|number| ids.get_mut(number)).context("a datastream of another name")?;
            *id = entity["@iot.id"].as_i64().context("an id that is no number")?;
            found += 1;
        }
        // Absolute or not, the path is what follows the host.
        path = page["@iot.nextLink"].as_str().and_then(|link| Some(link[link.find("/v1.1")?..].to_owned()));
    }
    ensure!(found == series, "{found} datastreams, expected {series}");
    Ok(ids)
}

/// The answer to one of the five reads as numbers; series by their number, times in milliseconds.
pub(crate) fn rows(ask: Ask, answer: &Value, shape: &Shape) -> anyhow::Result<Rows> {
    let table = |pointer: &str| {
        let rows = answer.pointer(pointer).and_then(Value::as_array).with_context(|| format!("no {pointer}: {answer}"));
        rows.map(|rows| rows.iter().map(cells).collect::<Rows>())
    };
    let numbers: HashMap<i64, usize> = shape.ids.iter().enumerate().map(|(number, id)| (*id, number)).collect();
    let series = |id: f64| numbers.get(&(id as i64)).map_or(f64::NAN, |number| *number as f64);
    Ok(match ask {
        Ask::Latest | Ask::Box => table("/values")?.iter().map(|row| vec![series(row[0]), row[2]]).collect(),
        Ask::Range => table("/values")?,
        Ask::RangeStandard => table("/value/0/dataArray")?,
        Ask::Hourly => table("/buckets")?,
        Ask::BoxNamed => {
            let things = answer["things"].as_array().into_iter().flatten();
            let datastreams = things.flat_map(|thing| thing["datastreams"].as_array().into_iter().flatten());
            datastreams.map(|found| vec![series(number(&found["datastream"])), number(&found["result"])]).collect()
        }
        Ask::CountOne | Ask::CountAll => vec![vec![number(&answer["@iot.count"])]],
    })
}

fn cells(row: &Value) -> Vec<f64> {
    row.as_array().into_iter().flatten().map(number).collect()
}

fn number(value: &Value) -> f64 {
    let time = |text: &str| text.parse::<jiff::Timestamp>().map_or(f64::NAN, |time| time.as_millisecond() as f64);
    value.as_f64().unwrap_or_else(|| value.as_str().map_or(f64::NAN, time))
}

/// The properties that every generated city has.
const CITY: &str = r#"[city]
name = "Grid"
timezone = "UTC"
roles = ["duty_officer"]
notice = "Generated for a benchmark."

[city.bbox]
west = -51.4
south = -30.3
east = -50.7
north = -29.6

[[purpose]]
id = "measure"
words = "To measure how the watch grows."
roles = ["duty_officer"]
feeds = ["grid"]

[[observed_property]]
id = "reading"
name = "Reading"
definition = "https://example.org/reading"
description = "What the recorded column says."
unit_name = "unit"
unit_symbol = "1"
min = -1000.0
max = 100000.0

[[feed]]
id = "grid"
name = "Grid of the benchmark"
kind = "sensor_things"
owner = "Townbell bench"
licence = "CC BY 4.0"
purpose = "to measure how the store grows"
beat = "1 h"
retention = "3650 days"
"#;

/// Writes the folder of a city with so many things on a grid, a datastream each, and gives the ids of those.
pub(crate) fn write_city(folder: &Path, series: u32) -> anyhow::Result<Arc<Vec<i64>>> {
    let mut text = CITY.to_owned();
    for number in 0..series {
        let (id, (longitude, latitude)) = (number + 1, place(number, series));
        let _written = write!(
            text,
            "\n[[thing]]\nid = {id}\nname = \"thing {number}\"\ndescription = \"A thing of the benchmark.\"\n\
             longitude = {longitude:.4}\nlatitude = {latitude:.4}\n\n[[datastream]]\nid = {id}\n\
             name = \"series {number}\"\nthing = {id}\nobserved_property = \"reading\"\nfeed = \"grid\"\nbeat = \"1 h\"\n"
        );
    }
    std::fs::create_dir_all(folder.join("rules"))?;
    std::fs::write(folder.join("city.toml"), text)?;
    Ok(Arc::new((1..=i64::from(series)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_numbers_of_series() {
        let shape = Shape { series: 2, minutes: 1, ids: Arc::new(vec![70, 90]) };
        let read = |ask, text: &str| rows(ask, &serde_json::from_str(text).unwrap(), &shape).unwrap();
        assert_eq!(read(Ask::Latest, r#"{"values":[[90,5,1.5,8],[70,6,-2,8]]}"#), [[1.0, 1.5], [0.0, -2.0]]);
        let things =
            r#"{"things":[{"id":"1","datastreams":[{"datastream":70,"result":-2}]},{"id":"2","datastreams":[]}]}"#;
        assert_eq!(read(Ask::BoxNamed, things), [[0.0, -2.0]]);
        assert_eq!(read(Ask::Range, r#"{"values":[[1000,0.5]]}"#), [[1000.0, 0.5]]);
        assert_eq!(read(Ask::Hourly, r#"{"buckets":[[0,1,3,2.5,2]]}"#), [[0.0, 1.0, 3.0, 2.5, 2.0]]);
        let array =
            r#"{"value":[{"components":["phenomenonTime","result"],"dataArray":[["1970-01-01T00:00:01Z",0.5]]}]}"#;
        assert_eq!(read(Ask::RangeStandard, array), [[1000.0, 0.5]]);
        assert_eq!(read(Ask::CountAll, r#"{"@iot.count":12,"value":[]}"#), [[12.0]]);
    }
}
