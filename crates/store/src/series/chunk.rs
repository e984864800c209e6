//! One sealed chunk: the columns of some thousand versions of one series, each compressed without loss.

use std::sync::Arc;

use city::Detail;
use pco::standalone::simple_compress;
use pco::{ChunkConfig, DeltaSpec};

use super::bytes::{Broken, Bytes, put};
use super::decimal::{Scale, scale_of};
use super::ints::{PCO_LEVEL, PCO_MIN, put_ints, skip_ints, take_ints, unpack};
use super::sample::{Sample, keep_current, keep_numbers};
use crate::error::StoreError;

/// Versions in one chunk, unless more of them have one phenomenon time. A day of minutes is 1,440; a chunk decodes
/// in some 40 microseconds.
pub const CHUNK_POINTS_MAX: usize = 4096;
/// A chunk that says it has more is damaged.
const COUNT_MAX: usize = 1 << 22;
const VERSION: u8 = 1;
/// Forms of the results.
const EVEN: u8 = 0x40;
const RAW: u8 = 0x41;
const PACKED: u8 = 0x42;
const DECIMAL_ODD: u8 = 0x20;

/// What the index says of a chunk, beside where it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    /// Versions.
    pub(crate) count: u64,
    /// Observations: versions that no later one in the chunk corrects.
    pub(crate) current: u64,
    /// Phenomenon times whose result is a number, and those numbers in four figures.
    pub(crate) numbers: u64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) total: f64,
    pub(crate) seq_min: u64,
    pub(crate) seq_max: u64,
    /// The newest observation: its result where it has no detail, and its journal row.
    pub(crate) last_result: Option<f64>,
    pub(crate) last_seq: u64,
}

/// A chunk, decoded; versions in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chunk {
    pub(crate) times_ms: Vec<i64>,
    pub(crate) results: Vec<f64>,
    pub(crate) seqs: Vec<i64>,
    pub(crate) details: Vec<(u32, Arc<Detail>)>,
}

impl Chunk {
    /// Where versions begin that are at `time_ms` or later.
    pub(crate) fn place(&self, time_ms: i64) -> usize {
        self.times_ms.partition_point(|time| *time < time_ms)
    }

    /// The versions of these places.
    pub(crate) fn samples(&self, places: std::ops::Range<usize>) -> Vec<Sample> {
        let mut details = {
            let from = self.details.partition_point(|(row, _)| (*row as usize) < places.start);
            self.details.get(from..).unwrap_or_default().iter().peekable()
        };
        let mut samples = Vec::with_capacity(places.len());
        for place in places {
            let (Some(time_ms), Some(result), Some(seq)) =
                (self.times_ms.get(place), self.results.get(place), self.seqs.get(place))
            else {
                break;
            };
            let detail = details.next_if(|(row, _)| *row as usize == place).map(|(_, detail)| Arc::clone(detail));
            samples.push(Sample { time_ms: *time_ms, result: *result, seq: seq.cast_unsigned(), detail });
        }
        samples
    }

    /// All versions from `from_ms` to `to_ms`, both included.
    pub(crate) fn samples_between(&self, from_ms: i64, to_ms: i64) -> Vec<Sample> {
        let to = self.times_ms.partition_point(|time| *time <= to_ms);
        self.samples(self.place(from_ms).min(to)..to)
    }
}

/// Works out what the index says of these versions.
pub(crate) fn figures(samples: &[Sample]) -> Figures {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Figures::default() };
    let mut figures = Figures {
        from_ms: first.time_ms,
        to_ms: last.time_ms,
        count: samples.len() as u64,
        current: samples.len() as u64,
        seq_min: samples.iter().map(|sample| sample.seq).min().unwrap_or_default(),
        seq_max: samples.iter().map(|sample| sample.seq).max().unwrap_or_default(),
        last_result: last.detail.is_none().then_some(last.result),
        last_seq: last.seq,
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
        ..Figures::default()
    };
    let plain = samples.windows(2).all(|pair| matches!(pair, [one, two] if one.time_ms < two.time_ms))
        && samples.iter().all(|sample| sample.detail.is_none());
    let mut add = |sample: &Sample| {
        figures.numbers += 1;
        figures.low = figures.low.min(sample.result);
        figures.high = figures.high.max(sample.result);
        figures.total += sample.result;
    };
    if plain {
        samples.iter().for_each(&mut add);
    } else {
        let mut current = samples.to_vec();
        keep_current(&mut current);
        let observations = current.len() as u64;
        keep_numbers(&mut current);
        current.iter().for_each(&mut add);
        figures.current = observations;
    }
    if figures.numbers == 0 {
        (figures.low, figures.high) = (0.0, 0.0);
    }
    figures.total = exact(figures.total, samples);
    figures
}

/// A sum of decimals is a decimal itself: what adding up lost of it is put right, so that it is short in the index.
fn exact(total: f64, samples: &[Sample]) -> f64 {
    let results: Vec<f64> = samples.iter().map(|sample| sample.result).collect();
    let scale = scale_of(&results).filter(|scale| results.iter().all(|result| scale.whole(*result).is_some()));
    scale.and_then(|scale| scale.nearest(total)).unwrap_or(total)
}

/// Writes versions as bytes.
pub(crate) fn encode(samples: &[Sample]) -> Result<Vec<u8>, StoreError> {
    let pack = |error: pco::errors::PcoError| StoreError::Unwritable { what: "chunk", why: error.to_string() };
    let mut out = Vec::with_capacity(samples.len() * 2 + 32);
    out.push(VERSION);
    put(&mut out, samples.len() as u64);
    let times: Vec<i64> = samples.iter().map(|sample| sample.time_ms).collect();
    put_ints(&mut out, &times, DeltaSpec::TryConsecutive(1)).map_err(pack)?;
    let seqs: Vec<i64> = samples.iter().map(|sample| sample.seq.cast_signed()).collect();
    put_ints(&mut out, &seqs, DeltaSpec::TryConsecutive(1)).map_err(pack)?;
    let results: Vec<f64> = samples.iter().map(|sample| sample.result).collect();
    put_results(&mut out, &results).map_err(pack)?;
    let details: Vec<(u32, &Detail)> =
        (0_u32..).zip(samples).filter_map(|(row, sample)| Some((row, sample.detail.as_deref()?))).collect();
    if !details.is_empty() {
        out.extend(crate::codec::encode("details", &details)?);
    }
    Ok(out)
}

pub(super) fn put_results(out: &mut Vec<u8>, results: &[f64]) -> Result<(), pco::errors::PcoError> {
    let Some(first) = results.first() else { return Ok(()) };
    if results.iter().all(|result| result.to_bits() == first.to_bits()) {
        out.push(EVEN);
        out.extend(first.to_le_bytes());
        return Ok(());
    }
    let Some(scale) = scale_of(results) else {
        if results.len() < PCO_MIN {
            out.push(RAW);
            for result in results {
                out.extend(result.to_le_bytes());
            }
            return Ok(());
        }
        out.push(PACKED);
        let packed = simple_compress(results, &ChunkConfig::default().with_compression_level(PCO_LEVEL))?;
        put(out, packed.len() as u64);
        out.extend(packed);
        return Ok(());
    };
    let mut odd = Vec::new();
    let mut wholes = Vec::with_capacity(results.len());
    for (row, result) in results.iter().enumerate() {
        if let Some(whole) = scale.whole(*result) {
            wholes.push(whole);
        } else {
            // The one before it, so that the column stays smooth.
            wholes.push(wholes.last().copied().unwrap_or_default());
            odd.push((row, *result));
        }
    }
    out.push(scale.decimals() | if odd.is_empty() { 0 } else { DECIMAL_ODD });
    put_ints(out, &wholes, DeltaSpec::Auto)?;
    if !odd.is_empty() {
        put(out, odd.len() as u64);
        for (row, result) in odd {
            put(out, row as u64);
            out.extend(result.to_le_bytes());
        }
    }
    Ok(())
}

/// Reads bytes back.
pub(crate) fn decode(bytes: &[u8]) -> Result<Chunk, Broken> {
    let mut bytes = Bytes(bytes);
    let times_ms = take_times(&mut bytes)?;
    let count = times_ms.len();
    let seqs = take_ints(&mut bytes, count)?;
    let results = take_results(&mut bytes, count)?;
    let mut details = Vec::new();
    let rest = bytes.rest();
    if !rest.is_empty() {
        let read: Vec<(u32, Detail)> = postcard::from_bytes(rest).map_err(|_| Broken("its details cannot be read"))?;
        let rising = read.windows(2).all(|pair| matches!(pair, [one, two] if one.0 < two.0));
        if !rising || read.last().is_some_and(|(row, _)| *row as usize >= count) {
            return Err(Broken("its details are of other rows"));
        }
        details = read.into_iter().map(|(row, detail)| (row, Arc::new(detail))).collect();
    }
    Ok(Chunk { times_ms, results, seqs, details })
}

/// Reads times and results back, and steps over what else there is.
pub(crate) fn decode_numbers(bytes: &[u8]) -> Result<(Vec<i64>, Vec<f64>), Broken> {
    let mut bytes = Bytes(bytes);
    let times_ms = take_times(&mut bytes)?;
    skip_ints(&mut bytes, times_ms.len())?;
    let results = take_results(&mut bytes, times_ms.len())?;
    Ok((times_ms, results))
}

/// The head of a chunk, and its first column.
fn take_times(bytes: &mut Bytes<'_>) -> Result<Vec<i64>, Broken> {
    if bytes.byte()? != VERSION {
        return Err(Broken("of an unknown version"));
    }
    let count = usize::try_from(bytes.unsigned()?).unwrap_or(usize::MAX);
    if count == 0 || count > COUNT_MAX {
        return Err(Broken("a chunk of an impossible length"));
    }
    let times_ms = take_ints(bytes, count)?;
    let range = city::time::TIME_MIN.ms()..=city::time::TIME_MAX.ms();
    let ends = [times_ms.first(), times_ms.last()];
    if !times_ms.is_sorted() || !ends.into_iter().flatten().all(|ms| range.contains(ms)) {
        return Err(Broken("its times are out of order or range"));
    }
    Ok(times_ms)
}

pub(super) fn take_results(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<f64>, Broken> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let form = bytes.byte()?;
    match form {
        EVEN => return Ok(vec![bytes.float()?; count]),
        RAW => return (0..count).map(|_| bytes.float()).collect(),
        PACKED => return unpack(bytes, count),
        _ => {}
    }
    let scale = Scale::new(form & !DECIMAL_ODD).ok_or(Broken("an unknown form of results"))?;
    let wholes = take_ints(bytes, count)?;
    let mut results: Vec<f64> = wholes.into_iter().map(|whole| scale.value(whole)).collect();
    if form & DECIMAL_ODD != 0 {
        for _ in 0..bytes.length()? {
            let row = usize::try_from(bytes.unsigned()?).unwrap_or(usize::MAX);
            *results.get_mut(row).ok_or(Broken("a row past the end"))? = bytes.float()?;
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use city::{Primitive, Time};
    use proptest::prelude::*;

    use super::*;

    const START_MS: i64 = 1_714_446_000_000;

    fn samples() -> impl Strategy<Value = Vec<Sample>> {
        let result = prop_oneof![
            8 => (-1000_i32..1000).prop_map(|n| f64::from(n) / 10.0),
            1 => any::<f64>().prop_filter("finite", |f| f.is_finite()),
        ];
        let detail = prop_oneof![
            9 => Just(None),
            1 => (0_i64..9).prop_map(|ms| Some(Detail { result_time: Time::from_ms(START_MS + ms), ..Detail::default() })),
            1 => (0_i64..9).prop_map(|ms| Some(Detail { phenomenon_end: Time::from_ms(START_MS + ms), ..Detail::default() })),
            1 => Just(Some(Detail { result: Some(Primitive::Bool(true)), ..Detail::default() })),
        ];
        prop::collection::vec((0_i64..300, result, 1_u64..50, detail), 1..600).prop_map(|list| {
            let sample = |(ms, result, seq, detail): (i64, f64, u64, Option<Detail>)| Sample {
                time_ms: START_MS + ms * 60_000,
                result,
                seq,
                detail: detail.map(Arc::new),
            };
            let mut samples: Vec<Sample> = list.into_iter().map(sample).collect();
            samples.sort_by_key(Sample::order);
            samples
        })
    }

    proptest! {
        #[test]
        fn versions_come_back_bit_for_bit(samples in samples()) {
            let bytes = encode(&samples).expect("bytes");
            let chunk = decode(&bytes).expect("a chunk");
            let (times_ms, results) = decode_numbers(&bytes).expect("numbers");
            prop_assert_eq!(&times_ms, &chunk.times_ms);
            prop_assert!(results.iter().zip(&chunk.results).all(|(a, b)| a.to_bits() == b.to_bits()));
            prop_assert_eq!(results.len(), samples.len());
            let back = chunk.samples(0..samples.len());
            prop_assert!(back.iter().zip(&samples).all(|(a, b)| a.result.to_bits() == b.result.to_bits()));
            prop_assert_eq!(back, samples);
        }

        #[test]
        fn any_bytes_are_survived(samples in samples(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = encode(&samples).expect("bytes");
            let _ = decode(&bytes[..cut.index(bytes.len())]);
            let place = at.index(bytes.len());
            bytes[place] = byte;
            let _ = (decode(&bytes), decode_numbers(&bytes));
        }
    }

    #[test]
    fn figures_count_what_is_current() {
        let sample =
            |minute: i64, seq, result| Sample { time_ms: START_MS + minute * 60_000, result, seq, detail: None };
        let found = figures(&[sample(0, 5, 1.0), sample(0, 7, 3.0), sample(1, 6, -2.0)]);
        assert_eq!((found.count, found.current, found.numbers), (3, 2, 2));
        assert_eq!((found.low, found.high, found.total), (-2.0, 3.0, 1.0));
        assert_eq!((found.seq_min, found.seq_max, found.last_result, found.last_seq), (5, 7, Some(-2.0), 6));
    }
}
