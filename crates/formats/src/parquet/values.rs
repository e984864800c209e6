//! The values of one column of a batch, encoded.

use city::{Detail, ObservationKey, Observations, Primitive, Time};

use super::columns::{Column, Physical};
use super::delta;
use super::footer::Statistics;

/// The values of one column chunk.
pub(super) struct Values {
    /// Encoded; those that are null left out.
    pub(super) bytes: Vec<u8>,
    /// Which rows have a value; empty where all must.
    pub(super) present: Vec<bool>,
    pub(super) statistics: Statistics,
}

impl Values {
    pub(super) fn of(column: &Column, rows: &Observations, id: fn(&ObservationKey) -> String) -> Self {
        let details = || (0..rows.len()).map(|row| rows.detail(row));
        let time = |of: fn(&Detail) -> Option<Time>| Self::times(details().map(|detail| of(detail?)));
        match column.name {
            "id" => {
                let ids = (0..rows.len()).map(|row| rows.key(row).map(|key| id(&key)).unwrap_or_default());
                Self::whole(prefixed(&ids.collect::<Vec<_>>()), None)
            }
            "datastream" => {
                // The bits of an unsigned number, as the format keeps it.
                let ids = rows.datastreams().iter().map(|series| i64::from(series.0.cast_signed()));
                let range = minimum_and_maximum(rows.datastreams().iter().map(|series| series.0));
                let range = range.map(|(least, most)| (least.to_le_bytes().to_vec(), most.to_le_bytes().to_vec()));
                Self::whole(delta::encode(&ids.collect::<Vec<_>>(), delta::Width::Int32), range)
            }
            "phenomenon_time" => {
                let times: Vec<i64> = rows.phenomenon_times().iter().map(|at| at.ms()).collect();
                Self::whole(delta::encode(&times, delta::Width::Int64), instants(&times))
            }
            "phenomenon_end" => time(|detail| detail.phenomenon_end),
            "result_time" => time(|detail| detail.result_time),
            "valid_from" => time(|detail| detail.valid_time.map(|(from, _)| from)),
            "valid_to" => time(|detail| detail.valid_time.map(|(_, to)| to)),
            "result" => Self::numbers(rows),
            "result_truth" => Self::truths(details().map(|detail| match result(detail)? {
                Primitive::Bool(truth) => Some(*truth),
                _ => None,
            })),
            "result_quality" => Self::texts(details().map(|detail| detail?.result_quality.as_ref().map(words))),
            "parameters" => Self::texts(details().map(|detail| {
                let bag = detail.map(|detail| &detail.parameters).filter(|bag| !bag.is_empty())?;
                let members = bag.iter().map(|(key, value)| (key.to_owned(), json(value)));
                Some(serde_json::Value::Object(members.collect()).to_string())
            })),
            _ => {
                debug_assert_eq!((column.name, column.physical), ("result_text", Physical::Bytes));
                Self::texts(details().map(|detail| match result(detail)? {
                    Primitive::Text(words) => Some(words),
                    _ => None,
                }))
            }
        }
    }

    fn whole(bytes: Vec<u8>, range: Option<(Vec<u8>, Vec<u8>)>) -> Self {
        Self { bytes, present: Vec::new(), statistics: Statistics { nulls: 0, range } }
    }

    fn some(bytes: Vec<u8>, present: Vec<bool>, range: Option<(Vec<u8>, Vec<u8>)>) -> Self {
        let nulls = present.iter().filter(|present| !**present).count() as u64;
        Self { bytes, present, statistics: Statistics { nulls, range } }
    }

    fn times(times: impl Iterator<Item = Option<Time>>) -> Self {
        let times: Vec<Option<i64>> = times.map(|at| at.map(Time::ms)).collect();
        let known: Vec<i64> = times.iter().flatten().copied().collect();
        let present = times.iter().map(Option::is_some).collect();
        Self::some(delta::encode(&known, delta::Width::Int64), present, instants(&known))
    }

    fn numbers(rows: &Observations) -> Self {
        let is_number = |row: usize| !matches!(result(rows.detail(row)), Some(Primitive::Text(_) | Primitive::Bool(_)));
        let present: Vec<bool> = (0..rows.len()).map(is_number).collect();
        let known = rows.results().iter().zip(&present).filter(|(_, present)| **present).map(|(result, _)| *result);
        let known: Vec<f64> = known.collect();
        let bytes = known.iter().flat_map(|result| result.to_le_bytes()).collect();
        let range = known.iter().copied().fold(None, |range: Option<(f64, f64)>, result| {
            Some(range.map_or((result, result), |(least, most)| (least.min(result), most.max(result))))
        });
        // A zero bound has the sign that leaves both zeroes inside (parquet.thrift, `ColumnOrder`).
        let bound =
            |(least, most): (f64, f64)| (if least == 0.0 { -0.0 } else { least }, if most == 0.0 { 0.0 } else { most });
        let range = range.map(bound).map(|(least, most)| (least.to_le_bytes().to_vec(), most.to_le_bytes().to_vec()));
        Self::some(bytes, present, range)
    }

    fn truths(truths: impl Iterator<Item = Option<bool>>) -> Self {
        let truths: Vec<Option<bool>> = truths.collect();
        let known: Vec<bool> = truths.iter().flatten().copied().collect();
        Self::some(bits(&known), truths.iter().map(Option::is_some).collect(), None)
    }

    fn texts<T: AsRef<str>>(texts: impl Iterator<Item = Option<T>>) -> Self {
        let (mut bytes, mut present) = (Vec::new(), Vec::new());
        for words in texts {
            present.push(words.is_some());
            if let Some(words) = words {
                let words = words.as_ref();
                bytes.extend_from_slice(&u32::try_from(words.len()).unwrap_or(u32::MAX).to_le_bytes());
                bytes.extend_from_slice(words.as_bytes());
            }
        }
        Self::some(bytes, present, None)
    }
}

/// Truths packed into bytes, the first into the lowest bit.
pub(super) fn bits(truths: &[bool]) -> Vec<u8> {
    truths.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect()
}

/// Texts of which each is like the one before it: how much of that it begins with, and the rest.
fn prefixed(texts: &[String]) -> Vec<u8> {
    let (mut shared, mut lengths, mut rests) = (Vec::new(), Vec::new(), Vec::new());
    let mut before: &[u8] = &[];
    for text in texts {
        let same = before.iter().zip(text.as_bytes()).take_while(|(one, other)| one == other).count();
        let rest = text.as_bytes().get(same..).unwrap_or_default();
        // Texts are shorter than a page, and that is shorter than 2 GiB.
        shared.push(i64::try_from(same).unwrap_or(i64::MAX));
        lengths.push(i64::try_from(rest.len()).unwrap_or(i64::MAX));
        rests.extend_from_slice(rest);
        before = text.as_bytes();
    }
    let mut out = delta::encode(&shared, delta::Width::Int32);
    out.extend(delta::encode(&lengths, delta::Width::Int32));
    out.extend(rests);
    out
}

/// The result of a row, where it is no number alone.
fn result(detail: Option<&Detail>) -> Option<&Primitive> {
    detail?.result.as_ref()
}

/// A value as JSON.
fn json(value: &Primitive) -> serde_json::Value {
    match value {
        Primitive::Bool(truth) => (*truth).into(),
        Primitive::Integer(whole) => (*whole).into(),
        Primitive::Number(number) => (*number).into(),
        Primitive::Text(words) => (**words).into(),
    }
}

/// A value as text, without quotes.
fn words(value: &Primitive) -> String {
    match json(value) {
        serde_json::Value::String(words) => words,
        other => other.to_string(),
    }
}

fn instants(times: &[i64]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (least, most) = minimum_and_maximum(times.iter().copied())?;
    Some((least.to_le_bytes().to_vec(), most.to_le_bytes().to_vec()))
}

fn minimum_and_maximum<T: Ord + Copy>(values: impl Iterator<Item = T> + Clone) -> Option<(T, T)> {
    Some((values.clone().min()?, values.max()?))
}
