//! One batch of observations as each server's own interface takes it. Encoded before the clock starts.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::data::Observation;

/// How a server wants its observations.
#[derive(Clone, Debug)]
pub(crate) enum Dialect {
    /// SensorThings 1.1 `CreateObservations` with a data array for each run of rows of one series; the `@iot.id` of
    /// the datastream of each series.
    DataArray(std::sync::Arc<Vec<i64>>),
    /// The same, answered with a link for each row, as 18-088 has it; the others answer with nothing of the kind.
    DataArrayLinked(std::sync::Arc<Vec<i64>>),
    /// Line protocol of InfluxDB with milliseconds, posted to this path.
    Lines(&'static str),
    /// PostgreSQL `COPY ... (FORMAT binary)`.
    Copy,
    /// PostgreSQL: a prepared multi-row `INSERT ... ON CONFLICT DO NOTHING`, parameters in binary.
    Insert,
    /// PostgreSQL: the same statement as text.
    InsertText,
    /// Redis `XADD` for each row, pipelined.
    Xadd,
}

/// A request, ready to be written to a connection, and how many observations are in it.
#[derive(Debug)]
pub(crate) struct Request {
    /// What goes over the wire, heads included.
    pub(crate) bytes: Vec<u8>,
    /// Observations.
    pub(crate) rows: usize,
}

/// Encodes a batch for a server at `host`.
pub(crate) fn request(dialect: &Dialect, host: &str, batch: &[Observation]) -> Request {
    let bytes = match dialect {
        Dialect::DataArray(ids) => {
            post(host, crate::townbell::CREATE_OBSERVATIONS, crate::townbell::MINIMAL, &data_array(ids, batch))
        }
        Dialect::DataArrayLinked(ids) => {
            post(host, crate::townbell::CREATE_OBSERVATIONS, "application/json", &data_array(ids, batch))
        }
        Dialect::Lines(path) => post(host, path, "text/plain", &lines(batch)),
        Dialect::Copy => copy(batch),
        Dialect::Insert => insert(batch),
        Dialect::InsertText => message(b'Q', insert_text(batch).as_bytes()),
        Dialect::Xadd => xadd(batch).into_bytes(),
    };
    Request { bytes, rows: batch.len() }
}

/// An HTTP/1.1 request with a body of this content type; more headers may follow it.
pub(crate) fn post(host: &str, path: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn data_array(ids: &[i64], batch: &[Observation]) -> String {
    let mut out = String::with_capacity(batch.len() * 64 + 256);
    for run in batch.chunk_by(|a, b| a.series == b.series) {
        out.push(if out.is_empty() { '[' } else { ',' });
        let id = ids[run[0].series as usize];
        let count = run.len();
        // invariant: writing to a String cannot fail.
        let _written = write!(
            out,
            r#"{{"Datastream":{{"@iot.id":{id}}},"components":["phenomenonTime","result"],"dataArray@iot.count":{count},"dataArray":["#
        );
        for (n, row) in run.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let time = Timestamp::from_millisecond(row.time_ms).unwrap_or_default();
            let _written = write!(out, "{comma}[\"{time}\",{}]", row.value);
        }
        out.push_str("]}");
    }
    out.push(']');
    out
}

fn lines(batch: &[Observation]) -> String {
    let mut out = String::with_capacity(batch.len() * 36);
    for row in batch {
        let _written = writeln!(out, "obs,s={} v={} {}", row.series, row.value, row.time_ms);
    }
    out
}

fn xadd(batch: &[Observation]) -> String {
    let mut out = String::with_capacity(batch.len() * 80);
    for row in batch {
        let words = [
            "XADD".into(),
            format!("s:{}", row.series),
            format!("{}-0", row.time_ms),
            "v".into(),
            row.value.to_string(),
        ];
        let _written = write!(out, "*{}\r\n", words.len());
        for word in words {
            let _written = write!(out, "${}\r\n{word}\r\n", word.len());
        }
    }
    out
}

/// A message of PostgreSQL's protocol 3: a letter, its length with itself, the body.
pub(crate) fn message(letter: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![letter];
    out.extend((body.len() as i32 + 4).to_be_bytes());
    out.extend(body);
    out
}

/// The binary form of COPY: a fixed head, each row with its count of fields, -1 at the end.
fn copy(batch: &[Observation]) -> Vec<u8> {
    let mut rows = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for row in batch {
        rows.extend(3i16.to_be_bytes());
        fields(row, &mut rows);
    }
    rows.extend((-1i16).to_be_bytes());
    // The server reads what follows the statement as its input: one write, one answer.
    let mut out = message(b'Q', b"COPY obs FROM STDIN (FORMAT binary)\0");
    out.extend(message(b'd', &rows));
    out.extend(message(b'c', b""));
    out
}

/// Bind, Execute and Sync of the statement that [`insert_statement`] prepared.
fn insert(batch: &[Observation]) -> Vec<u8> {
    let mut bind = b"\0insert\0".to_vec();
    bind.extend([0, 1, 0, 1]);
    bind.extend((batch.len() as i16 * 3).to_be_bytes());
    for row in batch {
        fields(row, &mut bind);
    }
    bind.extend([0, 0]);
    let mut out = message(b'B', &bind);
    out.extend(message(b'E', b"\0\0\0\0\0"));
    out.extend(message(b'S', b""));
    out
}

fn insert_text(batch: &[Observation]) -> String {
    let rows = batch.iter().map(|row| format!("({},{},{})", row.series, row.time_ms, row.value));
    format!("INSERT INTO obs VALUES {} ON CONFLICT DO NOTHING\0", rows.collect::<Vec<_>>().join(","))
}

/// Parse and Sync of an INSERT of so many rows, under the name `insert`.
pub(crate) fn insert_statement(rows: usize) -> Vec<u8> {
    let places = (0..rows).map(|n| format!("(${},${},${})", n * 3 + 1, n * 3 + 2, n * 3 + 3)).collect::<Vec<_>>();
    let sql = format!("insert\0INSERT INTO obs VALUES {} ON CONFLICT DO NOTHING\0\0\0", places.join(","));
    let mut out = message(b'P', sql.as_bytes());
    out.extend(message(b'S', b""));
    out
}

/// (s int, t bigint, v float8) in binary, each with its length before it.
fn fields(row: &Observation, out: &mut Vec<u8>) {
    out.extend(4i32.to_be_bytes());
    out.extend(row.series.to_be_bytes());
    out.extend(8i32.to_be_bytes());
    out.extend(row.time_ms.to_be_bytes());
    out.extend(8i32.to_be_bytes());
    out.extend(row.value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: [Observation; 3] = [
        Observation { series: 0, time_ms: 1_704_067_200_000, value: 4.0 },
        Observation { series: 0, time_ms: 1_704_067_261_000, value: -0.7 },
        Observation { series: 1, time_ms: 1_704_067_202_000, value: 1024.5 },
    ];

    #[test]
    fn a_data_array_is_json_with_one_group_a_series() {
        let value: serde_json::Value = serde_json::from_str(&data_array(&[7, 9], &BATCH)).unwrap();
        let expected = serde_json::json!([
            {"Datastream": {"@iot.id": 7}, "components": ["phenomenonTime", "result"], "dataArray@iot.count": 2,
             "dataArray": [["2024-01-01T00:00:00Z", 4], ["2024-01-01T00:01:01Z", -0.7]]},
            {"Datastream": {"@iot.id": 9}, "components": ["phenomenonTime", "result"], "dataArray@iot.count": 1,
             "dataArray": [["2024-01-01T00:00:02Z", 1024.5]]},
        ]);
        assert_eq!(value, expected);
    }

    #[test]
    fn line_protocol_and_redis_keep_every_digit() {
        let text = insert_text(&BATCH[1..2]);
        assert_eq!(text, "INSERT INTO obs VALUES (0,1704067261000,-0.7) ON CONFLICT DO NOTHING\0");
        assert_eq!(lines(&BATCH[1..2]), "obs,s=0 v=-0.7 1704067261000\n");
        let redis = xadd(&BATCH[2..]);
        assert_eq!(redis, "*5\r\n$4\r\nXADD\r\n$3\r\ns:1\r\n$15\r\n1704067202000-0\r\n$1\r\nv\r\n$6\r\n1024.5\r\n");
    }

    #[test]
    fn postgres_messages_say_their_own_length() {
        for bytes in [copy(&BATCH), insert(&BATCH), insert_statement(3)] {
            let (mut at, mut letters) = (0, String::new());
            while at < bytes.len() {
                letters.push(bytes[at] as char);
                at += 1 + i32::from_be_bytes(bytes[at + 1..at + 5].try_into().unwrap()) as usize;
            }
            assert_eq!(at, bytes.len());
            assert!(["Qdc", "BES", "PS"].contains(&letters.as_str()), "{letters}");
        }
        // Head of 19 bytes, three rows of 34, and the end.
        assert_eq!(copy(&BATCH).len(), 5 + 36 + 5 + 19 + 3 * 34 + 2 + 5);
    }

    #[test]
    fn a_request_says_the_length_of_its_body() {
        let text = String::from_utf8(post("h:1", "/p", "text/plain", "é")).unwrap();
        assert!(text.starts_with("POST /p HTTP/1.1\r\nHost: h:1\r\n") && text.ends_with("Content-Length: 2\r\n\r\né"));
    }
}
