//! The five reads: what each server is asked, what it answered, and what the answer must be.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;
use serde_json::Value;

use crate::connection::{Connection, sql_rows};
use crate::data::{MINUTE_MS, START_MS, Source, mixed};
use crate::encode::message;
use crate::peer::Peer;
use crate::townbell;

/// Numbers, row by row: the form in which all answers are compared.
pub(crate) type Rows = Vec<Vec<f64>>;

const HOUR_MS: i64 = 3_600_000;
/// Points of the raw range: a day.
const RANGE_POINTS: u32 = 1_440;
/// Points of one page of SensorThings: what a server gives without a next link.
const PAGE_POINTS: u32 = 1_000;
/// Degrees between two things of the grid.
const STEP: f64 = 0.002;
/// West and south of the grid.
const CORNER: (f64, f64) = (-51.3, -30.2);
/// Things on a side of the box that is asked for.
const BOX_SIDE: u32 = 20;
/// How far two servers may differ in the last digits of a mean.
const ROUNDING: f64 = 1e-9;

/// A kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// The latest value of every series.
    Latest,
    /// All observations of one series in a day.
    Range,
    /// The same in the words of SensorThings.
    RangeStandard,
    /// Minimum, maximum, mean and count of one series for every hour.
    Hourly,
    /// The latest values of all things in a box on the map.
    Box,
    /// The same with names, places, properties and units.
    BoxNamed,
    /// How many observations one series has.
    CountOne,
    /// How many observations there are.
    CountAll,
}

/// All of them, in the order of the table, and how often each is asked in a pass.
pub(crate) const ALL: [(Ask, u64); 8] = [
    (Ask::Latest, 20),
    (Ask::Range, 200),
    (Ask::RangeStandard, 200),
    (Ask::Hourly, 200),
    (Ask::Box, 200),
    (Ask::BoxNamed, 200),
    (Ask::CountOne, 200),
    (Ask::CountAll, 20),
];

/// What has been loaded.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Series, each on a thing of its own.
    pub(crate) series: u32,
    /// Observations of each.
    pub(crate) minutes: u32,
    /// Townbell's id of each series.
    pub(crate) ids: Arc<Vec<i64>>,
}

/// One question with its parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    ask: Ask,
    series: u32,
    minute: u32,
    points: u32,
    /// West, south, east, north.
    area: [f64; 4],
}

/// Where the thing of a series stands: degrees east and north.
pub(crate) fn place(series: u32, all: u32) -> (f64, f64) {
    let side = side(all);
    (CORNER.0 + f64::from(series % side) * STEP, CORNER.1 + f64::from(series / side) * STEP)
}

fn side(all: u32) -> u32 {
    f64::from(all).sqrt().ceil() as u32
}

impl Ask {
    /// For the table.
    pub(crate) fn title(self, shape: &Shape) -> String {
        let points = self.points(shape);
        match self {
            Self::Latest => format!("latest of {} series", shape.series),
            Self::Range => format!("range of {points} points"),
            Self::RangeStandard => format!("range of {points} points by SensorThings `$filter`"),
            Self::Hourly => format!("min, max, mean, count of {} hours", points.div_ceil(60)),
            Self::Box => "latest values of the things in a box".into(),
            Self::BoxNamed => "the same with names, places, properties and units".into(),
            Self::CountOne => "count of one series".into(),
            Self::CountAll => "count of all".into(),
        }
    }

    /// Points of one series that are asked for.
    fn points(self, shape: &Shape) -> u32 {
        match self {
            Self::Hourly => shape.minutes,
            Self::RangeStandard => PAGE_POINTS.min(shape.minutes),
            _ => RANGE_POINTS.min(shape.minutes),
        }
    }

    /// Whether a server can be asked this at all.
    pub(crate) fn fits(self, peer: Peer) -> bool {
        match self {
            Self::Box => matches!(peer, Peer::Townbell | Peer::Postgres),
            Self::RangeStandard | Self::BoxNamed => peer == Peer::Townbell,
            _ => peer != Peer::Redis && !peer.is_ceiling(),
        }
    }

    /// The n-th question of this kind: the same at every run and for every server.
    pub(crate) fn question(self, n: u64, shape: &Shape) -> Question {
        let noise = mixed(n << 8 | self as u64);
        let series = (noise % u64::from(shape.series)) as u32;
        let points = self.points(shape);
        let minute = (mixed(noise) % u64::from(shape.minutes - points + 1)) as u32;
        let free = u64::from(side(shape.series).saturating_sub(BOX_SIDE)) + 1;
        let corner = |seed: u64| (mixed(seed) % free) as f64 - 0.5;
        let (west, south) = (CORNER.0 + corner(noise + 1) * STEP, CORNER.1 + corner(noise + 2) * STEP);
        let width = f64::from(BOX_SIDE) * STEP;
        Question { ask: self, series, minute, points, area: [west, south, west + width, south + width] }
    }

    /// Asks once, without checking.
    pub(crate) fn run(self, peer: Peer, connection: &mut Connection, shape: &Shape) -> anyhow::Result<Rows> {
        let question = self.question(0, shape);
        connection.exchange(&question.request(peer, &connection.host()?, shape)?, 1)?;
        question.rows(peer, &connection.answer, shape)
    }
}

impl Shape {
    /// For questions that depend on nothing.
    pub(crate) fn any() -> Self {
        Self { series: 1, minutes: 1, ids: Arc::new(vec![0]) }
    }
}

impl Question {
    fn begin_ms(&self) -> i64 {
        START_MS + i64::from(self.minute) * MINUTE_MS
    }

    fn end_ms(&self) -> i64 {
        let end = self.begin_ms() + i64::from(self.points) * MINUTE_MS;
        if self.ask == Ask::Hourly { (end + HOUR_MS - 1) / HOUR_MS * HOUR_MS } else { end }
    }

    /// What goes over the wire.
    pub(crate) fn request(&self, peer: Peer, host: &str, shape: &Shape) -> anyhow::Result<Vec<u8>> {
        let path = match peer {
            Peer::Townbell => self.townbell(shape),
            Peer::VictoriaMetrics => self.victoria_metrics(shape),
            Peer::InfluxDb => format!("/query?db=bench&epoch=ms&q={}", escaped(&self.influxql())),
            Peer::Postgres => return Ok(message(b'Q', format!("{}\0", self.sql()).as_bytes())),
            Peer::Redis | Peer::Ceiling | Peer::CeilingLog => bail!("{} is not asked", peer.name()),
        };
        Ok(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes())
    }

    fn townbell(&self, shape: &Shape) -> String {
        let time = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default().to_string();
        let (from, to) = (time(self.begin_ms()), time(self.end_ms()));
        let id = shape.ids.get(self.series as usize).copied().unwrap_or_default();
        match self.ask {
            Ask::Latest => townbell::LATEST.into(),
            Ask::Range => townbell::range(id, &from, &to),
            Ask::RangeStandard => townbell::range_standard(id, &from, &to, self.points),
            Ask::Hourly => townbell::buckets(id, &from, &to, HOUR_MS / 1_000),
            Ask::Box => townbell::latest_in(self.area),
            Ask::BoxNamed => townbell::things(self.area),
            Ask::CountOne => townbell::count(Some(id)),
            Ask::CountAll => townbell::count(None),
        }
    }

    /// A window of MetricsQL ends with its instant and begins after its start: one millisecond earlier is ours.
    fn victoria_metrics(&self, shape: &Shape) -> String {
        let s = |ms: i64| format!("{}.{:03}", ms.div_euclid(1_000), ms.rem_euclid(1_000));
        let instant =
            |query: &str, ms: i64| format!("/api/v1/query?query={}&time={}&nocache=1", escaped(query), s(ms - 1));
        let series = self.series;
        let ever = START_MS + 400 * 24 * HOUR_MS;
        match self.ask {
            Ask::Range => {
                let name = escaped(&format!("obs_v{{s=\"{series}\"}}"));
                format!("/api/v1/export?match[]={name}&start={}&end={}", s(self.begin_ms()), s(self.end_ms() - 1))
            }
            Ask::Hourly => {
                let all = r#"("min_over_time","max_over_time","avg_over_time","count_over_time")"#;
                let query = escaped(&format!("aggr_over_time({all}, obs_v{{s=\"{series}\"}}[1h])"));
                let (first, last) = (s(self.begin_ms() + HOUR_MS - 1), s(self.end_ms() - 1));
                format!("/api/v1/query_range?query={query}&start={first}&end={last}&step=1h&nocache=1")
            }
            Ask::CountOne => instant(&format!("count_over_time(obs_v{{s=\"{series}\"}}[400d])"), ever),
            Ask::CountAll => instant("sum(count_over_time(obs_v[400d]))", ever),
            _ => instant("last_over_time(obs_v[5m])", START_MS + i64::from(shape.minutes) * MINUTE_MS),
        }
    }

    fn influxql(&self) -> String {
        let (series, from, to) = (self.series, self.begin_ms(), self.end_ms());
        match self.ask {
            Ask::Range => format!("SELECT v FROM obs WHERE s='{series}' AND time>={from}ms AND time<{to}ms"),
            Ask::Hourly => format!(
                "SELECT min(v),max(v),mean(v),count(v) FROM obs WHERE s='{series}' AND time>={from}ms AND time<{to}ms GROUP BY time(1h)"
            ),
            Ask::CountOne => format!("SELECT count(v) FROM obs WHERE s='{series}'"),
            Ask::CountAll => "SELECT count(v) FROM obs".into(),
            _ => "SELECT last(v) FROM obs GROUP BY s".into(),
        }
    }

    /// The statements that [`prepare`] has planned; a count of all needs none.
    fn sql(&self) -> String {
        let (series, from, to, [west, south, east, north]) = (self.series, self.begin_ms(), self.end_ms(), self.area);
        match self.ask {
            Ask::Range | Ask::RangeStandard => format!("EXECUTE a_range({series},{from},{to})"),
            Ask::Hourly => format!("EXECUTE hourly({series},{from},{to})"),
            Ask::Box | Ask::BoxNamed => format!("EXECUTE a_box({west},{south},{east},{north})"),
            Ask::CountOne => format!("EXECUTE count_one({series})"),
            Ask::CountAll => "SELECT count(*) FROM obs".into(),
            Ask::Latest => "EXECUTE latest".into(),
        }
    }

    /// The answer as numbers.
    pub(crate) fn rows(&self, peer: Peer, answer: &[u8], shape: &Shape) -> anyhow::Result<Rows> {
        let mut rows = match peer {
            Peer::Postgres => {
                sql_rows(answer).iter().map(|row| row.iter().map(|cell| number(cell)).collect()).collect()
            }
            Peer::VictoriaMetrics if self.ask == Ask::Range => exported(answer)?,
            Peer::VictoriaMetrics => self.prometheus(&serde_json::from_slice(answer)?)?,
            Peer::InfluxDb => self.influxdb(&serde_json::from_slice(answer)?),
            Peer::Townbell => townbell::rows(self.ask, &serde_json::from_slice(answer)?, shape)?,
            Peer::Redis | Peer::Ceiling | Peer::CeilingLog => bail!("{} is not asked", peer.name()),
        };
        rows.sort_by(|a, b| a.first().unwrap_or(&0.0).total_cmp(b.first().unwrap_or(&0.0)));
        Ok(rows)
    }

    fn prometheus(&self, answer: &Value) -> anyhow::Result<Rows> {
        let found = answer.pointer("/data/result").and_then(Value::as_array).context("no result")?;
        let of = |value: Option<&Value>| number(value.and_then(Value::as_str).unwrap_or_default());
        if self.ask == Ask::Hourly {
            // One series for each function; the instants are the ends of the hours.
            let column = |name: &str| {
                let series = found.iter().find(|series| series.to_string().contains(name));
                series.and_then(|series| series["values"].as_array()).cloned().unwrap_or_default()
            };
            let columns = ["min_over_time", "max_over_time", "avg_over_time", "count_over_time"].map(column);
            let row = |(n, cell): (usize, &Value)| {
                let begin = (cell[0].as_f64().unwrap_or_default() * 1e3).round() + 1.0 - HOUR_MS as f64;
                let values = columns.iter().map(|column| of(column.get(n).and_then(|cell| cell.get(1))));
                std::iter::once(begin).chain(values).collect()
            };
            return Ok(columns[0].iter().enumerate().map(row).collect());
        }
        let row = |series: &Value| {
            let value = of(series.pointer("/value/1"));
            if self.ask == Ask::Latest { vec![of(series.pointer("/metric/s")), value] } else { vec![value] }
        };
        Ok(found.iter().map(row).collect())
    }

    fn influxdb(&self, answer: &Value) -> Rows {
        let series = answer.pointer("/results/0/series").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut out = Rows::new();
        for one in &series {
            for row in one["values"].as_array().into_iter().flatten() {
                let mut cells: Vec<f64> =
                    row.as_array().into_iter().flatten().map(|cell| cell.as_f64().unwrap_or(f64::NAN)).collect();
                match self.ask {
                    Ask::Latest => {
                        cells[0] = number(one.pointer("/tags/s").and_then(Value::as_str).unwrap_or_default());
                    }
                    Ask::CountOne | Ask::CountAll => cells = cells.split_off(1),
                    _ => {}
                }
                out.push(cells);
            }
        }
        out
    }

    /// What the answer must be.
    pub(crate) fn truth(&self, source: &Source, shape: &Shape) -> Rows {
        let last = |series: u32| vec![f64::from(series), source.at(series, shape.minutes - 1).value];
        let [west, south, east, north] = self.area;
        match self.ask {
            Ask::Latest => (0..shape.series).map(last).collect(),
            Ask::Range | Ask::RangeStandard => {
                let minutes = self.minute..self.minute + self.points;
                minutes.map(|minute| source.at(self.series, minute)).map(|o| vec![o.time_ms as f64, o.value]).collect()
            }
            Ask::Hourly => (0..self.points.div_ceil(60)).map(|hour| self.hour(hour, source)).collect(),
            Ask::Box | Ask::BoxNamed => {
                let inside = |series: &u32| {
                    let (longitude, latitude) = place(*series, shape.series);
                    (west..=east).contains(&longitude) && (south..=north).contains(&latitude)
                };
                (0..shape.series).filter(inside).map(last).collect()
            }
            Ask::CountOne => vec![vec![f64::from(shape.minutes)]],
            Ask::CountAll => vec![vec![f64::from(shape.series) * f64::from(shape.minutes)]],
        }
    }

    fn hour(&self, hour: u32, source: &Source) -> Vec<f64> {
        let minutes = hour * 60..(hour * 60 + 60).min(self.points);
        let values: Vec<f64> = minutes.map(|minute| source.at(self.series, minute).value).collect();
        let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(l, m), v| (l.min(*v), m.max(*v)));
        let count = values.len() as f64;
        vec![(START_MS + i64::from(hour) * HOUR_MS) as f64, least, most, values.iter().sum::<f64>() / count, count]
    }

    /// A fast wrong answer is a failure.
    pub(crate) fn check(&self, found: &Rows, truth: &Rows) -> anyhow::Result<()> {
        ensure!(found.len() == truth.len(), "{self:?}: {} rows, expected {}", found.len(), truth.len());
        // Keys, times and counts stand first and are exact; readings may differ by rounding.
        let near = |(n, (a, b)): (usize, (&f64, &f64))| {
            (a - b).abs() <= if n == 0 { 0.0 } else { ROUNDING * b.abs().max(1.0) }
        };
        for (found, truth) in found.iter().zip(truth) {
            let same = found.len() == truth.len() && found.iter().zip(truth).enumerate().all(near);
            ensure!(same, "{self:?}: {found:?}, expected {truth:?}");
        }
        Ok(())
    }
}

/// Plans the statements of PostgreSQL, and makes its table of things.
pub(crate) fn prepare(connection: &mut Connection, shape: &Shape) -> anyhow::Result<()> {
    let things = (0..shape.series).map(|series| {
        let (longitude, latitude) = place(series, shape.series);
        format!("({series},ST_SetSRID(ST_MakePoint({longitude},{latitude}),4326))")
    });
    let things = things.collect::<Vec<_>>().join(",");
    let last = "LATERAL (SELECT v FROM obs WHERE obs.s=things.s ORDER BY t DESC LIMIT 1) AS last";
    let hour = HOUR_MS;
    for sql in [
        "CREATE EXTENSION IF NOT EXISTS postgis".to_owned(),
        "CREATE TABLE IF NOT EXISTS things(s int PRIMARY KEY, place geometry(Point,4326))".to_owned(),
        format!("INSERT INTO things VALUES {things} ON CONFLICT DO NOTHING"),
        "CREATE INDEX IF NOT EXISTS things_place ON things USING gist(place)".to_owned(),
        "VACUUM ANALYZE things".to_owned(),
        "PREPARE a_range(int,bigint,bigint) AS SELECT t,v FROM obs WHERE s=$1 AND t>=$2 AND t<$3 ORDER BY t".to_owned(),
        format!(
            "PREPARE hourly(int,bigint,bigint) AS SELECT t/{hour}*{hour},min(v),max(v),avg(v),count(*) FROM obs \
             WHERE s=$1 AND t>=$2 AND t<$3 GROUP BY 1 ORDER BY 1"
        ),
        format!("PREPARE latest AS SELECT things.s,last.v FROM things,{last}"),
        format!(
            "PREPARE a_box(float8,float8,float8,float8) AS SELECT things.s,last.v FROM things,{last} \
             WHERE place && ST_MakeEnvelope($1,$2,$3,$4,4326)"
        ),
        "PREPARE count_one(int) AS SELECT count(*) FROM obs WHERE s=$1".to_owned(),
    ] {
        connection.sql(&sql)?;
    }
    Ok(())
}

/// Lines of `/api/v1/export`, each with a block of values and one of times.
fn exported(answer: &[u8]) -> anyhow::Result<Rows> {
    let mut rows = Rows::new();
    for line in answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let block: Value = serde_json::from_slice(line)?;
        let column = |name: &str| block[name].as_array().cloned().unwrap_or_default();
        let cells = column("timestamps").into_iter().zip(column("values"));
        rows.extend(
            cells.map(|(time, value)| vec![time.as_f64().unwrap_or_default(), value.as_f64().unwrap_or_default()]),
        );
    }
    Ok(rows)
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// Percent-encoded for a query.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(byte as char);
        } else {
            let _written = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_truth_agrees_with_itself_and_a_wrong_answer_is_told() {
        let source = Source::open(Path::new("no such folder")).unwrap();
        let shape = Shape { series: 2_500, minutes: 200, ids: Arc::default() };
        for (ask, _) in ALL {
            let question = ask.question(3, &shape);
            let truth = question.truth(&source, &shape);
            question.check(&truth, &truth).unwrap();
            let mut wrong = truth.clone();
            wrong[0][0] += 0.1;
            assert!(question.check(&wrong, &truth).is_err(), "{ask:?}");
            assert!(question.check(&truth[1..].to_vec(), &truth).is_err(), "{ask:?}");
        }
        let (hourly, area) = (Ask::Hourly.question(0, &shape), Ask::Box.question(1, &shape));
        assert_eq!(
            hourly.truth(&source, &shape).iter().map(|row| row[4]).collect::<Vec<_>>(),
            [60.0, 60.0, 60.0, 20.0]
        );
        assert_eq!(area.truth(&source, &shape).len(), (BOX_SIDE * BOX_SIDE) as usize);
    }

    #[test]
    fn a_window_of_metricsql_begins_where_ours_begins() {
        let shape = Shape::any();
        let question = Ask::CountAll.question(0, &shape);
        let text = String::from_utf8(question.request(Peer::VictoriaMetrics, "h:1", &shape).unwrap()).unwrap();
        // 400 days after the start, less a millisecond.
        assert!(text.contains("time=1738627199.999&"), "{text}");
    }
}
