//! JSON bodies -> observations.

use city::{DatastreamId, Reason, Tally, Time};
use serde_json::{Map, Value};

use crate::error::{FormatError, Place, Refusal, Standard};
use crate::limits::{SENSORTHINGS_BYTES, SENSORTHINGS_OBSERVATIONS, TIME_TEXT_CHARS};

/// One value that a sender put.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObservationRow {
    /// `Datastream.@iot.id`.
    pub datastream: DatastreamId,
    /// `phenomenonTime`; of an interval its end, the instant from which the value was known.
    pub phenomenon_time: Time,
    /// `result`; always finite.
    pub result: f64,
}

/// One answer for each observation of the body, in its order: a row, or the field for which it was refused.
pub type Rows = Vec<Result<ObservationRow, Refusal>>;

const DATASTREAM: &str = "Datastream/@iot.id";
const PHENOMENON_TIME: &str = "phenomenonTime";
const RESULT: &str = "result";

/// Body of `POST /v1.1/Observations` (`datastream` is `None`) or of `POST /v1.1/Datastreams(ID)/Observations`
/// (`Some`: the one of the path; another in the body is refused as `UnknownReference`). 18-088, clause 10.2.
///
/// An `Err` means that the body as a whole cannot be read: no JSON, deeper than 128, larger than the limit.
pub fn decode_observation(bytes: &[u8], datastream: Option<DatastreamId>) -> Result<(Rows, Tally), FormatError> {
    let mut tally = Tally::default();
    let Value::Object(body) = json(bytes)? else {
        return Err(malformed(Place::Document, "an object", "another JSON value"));
    };
    let row = observation(&body, datastream, &mut tally);
    count(row.as_ref(), &mut tally);
    Ok((vec![row], tally))
}

fn observation(
    body: &Map<String, Value>,
    implied: Option<DatastreamId>,
    tally: &mut Tally,
) -> Result<ObservationRow, Refusal> {
    let told = match body.get("Datastream") {
        None => None,
        Some(reference) => Some(datastream_id(reference)?),
    };
    let mismatch =
        Refusal { reason: Reason::UnknownReference, path: DATASTREAM, expected: "the datastream of the path" };
    let missing = Refusal { reason: Reason::MissingField, path: DATASTREAM, expected: "the id of a datastream" };
    let datastream = match (implied, told) {
        (Some(implied), Some(told)) if implied != told => return Err(mismatch),
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => return Err(missing),
    };
    let row = ObservationRow {
        datastream,
        phenomenon_time: phenomenon_time(body.get(PHENOMENON_TIME))?,
        result: result(body.get(RESULT))?,
    };
    let kept = |key: &str| matches!(key, "Datastream" | PHENOMENON_TIME | RESULT);
    tally.fields_dropped += body.keys().filter(|key| !kept(key)).count() as u64;
    Ok(row)
}

/// Body of `POST /v1.1/CreateObservations` (data array extension, clause 13.3): a list of
/// `{"Datastream":{"@iot.id":1},"components":["phenomenonTime","result"],"dataArray":[["2024-...Z",2.4]]}`.
/// A block whose head cannot be read refuses its rows, and only its own.
pub fn decode_create_observations(bytes: &[u8]) -> Result<(Rows, Tally), FormatError> {
    let mut tally = Tally::default();
    let Value::Array(blocks) = json(bytes)? else {
        return Err(malformed(Place::Document, "a list of data arrays", "another JSON value"));
    };
    let array = |block: &Value| block.get("dataArray").and_then(Value::as_array).map_or(0, Vec::len);
    let found = blocks.iter().map(|block| array(block) as u64).sum::<u64>().max(blocks.len() as u64);
    if found > SENSORTHINGS_OBSERVATIONS {
        let (standard, at, most) = (Standard::SensorThings, Place::Path("dataArray"), SENSORTHINGS_OBSERVATIONS);
        return Err(FormatError::TooLarge { standard, at, unit: "observations", most, found });
    }
    let mut rows = Rows::with_capacity(usize::try_from(found).unwrap_or_default());
    for block in &blocks {
        match Columns::of(block) {
            Ok((columns, values)) => rows.extend(values.iter().map(|value| columns.row(value, &mut tally))),
            // The head is broken: each of its rows is refused for it, and one when it has no rows to count.
            Err(refusal) => rows.extend(std::iter::repeat_n(Err(refusal), array(block).max(1))),
        }
    }
    for row in &rows {
        count(row.as_ref(), &mut tally);
    }
    Ok((rows, tally))
}

/// Where in each row of a data array the fields are.
struct Columns {
    datastream: DatastreamId,
    phenomenon_time: usize,
    result: usize,
}

impl Columns {
    fn of(block: &Value) -> Result<(Self, &[Value]), Refusal> {
        let missing = |path, expected| Refusal { reason: Reason::MissingField, path, expected };
        let reference = block.get("Datastream").ok_or(missing(DATASTREAM, "the id of a datastream"))?;
        let datastream = datastream_id(reference)?;
        let components = block.get("components").and_then(Value::as_array);
        let components = components.ok_or(missing("components", "a list of component names"))?;
        let find = |name: &'static str| components.iter().position(|component| component.as_str() == Some(name));
        let columns = Self {
            datastream,
            phenomenon_time: find(PHENOMENON_TIME).ok_or(missing("components", "\"phenomenonTime\" among them"))?,
            result: find(RESULT).ok_or(missing("components", "\"result\" among them"))?,
        };
        let values = block.get("dataArray").and_then(Value::as_array).ok_or(missing("dataArray", "a list of rows"))?;
        Ok((columns, values))
    }

    fn row(&self, value: &Value, tally: &mut Tally) -> Result<ObservationRow, Refusal> {
        let malformed = Refusal { reason: Reason::Malformed, path: "dataArray", expected: "rows that are lists" };
        let values = value.as_array().ok_or(malformed)?;
        let row = ObservationRow {
            datastream: self.datastream,
            phenomenon_time: phenomenon_time(values.get(self.phenomenon_time))?,
            result: result(values.get(self.result))?,
        };
        tally.fields_dropped += values.len().saturating_sub(2) as u64;
        Ok(row)
    }
}

fn count(row: Result<&ObservationRow, &Refusal>, tally: &mut Tally) {
    match row {
        Ok(_) => tally.received += 1,
        Err(refusal) => tally.reject(refusal.reason),
    }
}

/// `{"@iot.id": 1}`.
fn datastream_id(reference: &Value) -> Result<DatastreamId, Refusal> {
    let refusal = |reason| Refusal { reason, path: DATASTREAM, expected: "the id of a datastream, a whole number" };
    let id = reference.get("@iot.id").ok_or(refusal(Reason::MissingField))?;
    let number = id.as_u64().and_then(|id| u32::try_from(id).ok());
    number.map(DatastreamId).ok_or(refusal(Reason::BadId))
}

/// An instant, or an interval `from/to` (ISO 8601), of which the end is taken.
fn phenomenon_time(value: Option<&Value>) -> Result<Time, Refusal> {
    let expected = "an RFC 3339 time with a zone, 2000 to 2100";
    let refusal = |reason| Refusal { reason, path: PHENOMENON_TIME, expected };
    let text = match value {
        None | Some(Value::Null) => return Err(refusal(Reason::MissingField)),
        Some(Value::String(text)) if text.len() <= TIME_TEXT_CHARS => text,
        Some(_) => return Err(refusal(Reason::BadTime)),
    };
    let bad = |_| refusal(Reason::BadTime);
    match text.split_once('/') {
        None => text.parse().map_err(bad),
        Some((from, to)) => {
            let (from, to): (Time, Time) = (from.parse().map_err(bad)?, to.parse().map_err(bad)?);
            if from <= to { Ok(to) } else { Err(refusal(Reason::BadTime)) }
        }
    }
}

fn result(value: Option<&Value>) -> Result<f64, Refusal> {
    let refusal = |reason| Refusal { reason, path: RESULT, expected: "a finite number" };
    match value {
        None | Some(Value::Null) => Err(refusal(Reason::MissingField)),
        Some(Value::Number(number)) => {
            number.as_f64().filter(|number| number.is_finite()).ok_or(refusal(Reason::OutOfRange))
        }
        // "NaN" and "-Infinity" are how senders write what JSON has no number for.
        Some(Value::String(text)) if text.parse::<f64>().is_ok_and(|number| !number.is_finite()) => {
            Err(refusal(Reason::OutOfRange))
        }
        // Numbers only: text could hold anything, so it is not on the list.
        Some(_) => Err(refusal(Reason::NotAllowed)),
    }
}

/// Parses within the limits: `serde_json` itself refuses more than 128 levels, long before a stack could end.
fn json(bytes: &[u8]) -> Result<Value, FormatError> {
    if bytes.len() as u64 > SENSORTHINGS_BYTES {
        let (standard, at, most) = (Standard::SensorThings, Place::Document, SENSORTHINGS_BYTES);
        return Err(FormatError::TooLarge { standard, at, unit: "bytes", most, found: bytes.len() as u64 });
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let at = Place::Line(error.line() as u64, error.column() as u64);
        match error.classify() {
            serde_json::error::Category::Eof => malformed(at, "JSON", "an end too soon"),
            // Its text says which limit, but may also quote the body: only this prefix is looked at.
            _ if error.to_string().starts_with("recursion limit exceeded") => {
                let (standard, unit) = (Standard::SensorThings, "levels of nesting");
                FormatError::TooLarge { standard, at, unit, most: JSON_DEPTH, found: JSON_DEPTH + 1 }
            }
            _ => malformed(at, "JSON", "something else"),
        }
    })
}

/// Levels of nesting that `serde_json` takes at most. An observation needs 2.
const JSON_DEPTH: u64 = 128;

fn malformed(at: Place, expected: &'static str, found: &'static str) -> FormatError {
    FormatError::Malformed { standard: Standard::SensorThings, at, expected, found }
}
