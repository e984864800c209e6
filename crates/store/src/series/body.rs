//! Observations as a body of the journal: a few bytes a row, written and read in some ten nanoseconds a row.
//!
//! Version byte, number of rows, then the columns one after another: the series as differences, the times as
//! differences in the largest unit that all of them are multiples of, the results as decimals (or eight bytes each
//! where they are none), and last the few details with their rows.

use city::{DatastreamId, Detail, Observation, Observations, Time};

use super::bytes::{Broken, Bytes, put, put_signed};
use super::decimal::{Scale, scale_of};

const VERSION: u8 = 1;
/// Units of time differences, milliseconds.
const UNITS_MS: [i64; 4] = [3_600_000, 60_000, 1_000, 1];
/// Stands for "eight bytes each" where the number of decimals is.
const RAW: u8 = 0xff;

/// Writes rows in canonical order.
pub(crate) fn encode(rows: &Observations) -> Result<Vec<u8>, postcard::Error> {
    let mut out = Vec::with_capacity(rows.len() * 6 + 16);
    out.push(VERSION);
    put(&mut out, rows.len() as u64);
    let mut last = 0;
    for DatastreamId(datastream) in rows.datastreams() {
        // Rows are sorted; should they ever not be, the difference wraps and comes back all the same.
        put(&mut out, u64::from(datastream.wrapping_sub(last)));
        last = *datastream;
    }
    put_times(&mut out, rows.phenomenon_times());
    put_results(&mut out, rows.results());
    if !rows.details().is_empty() {
        out.extend(postcard::to_stdvec(rows.details())?);
    }
    Ok(out)
}

fn put_times(out: &mut Vec<u8>, times: &[Time]) {
    let Some(first) = times.first() else { return };
    let pairs = || times.iter().zip(times.iter().skip(1)).map(|(before, time)| time.ms() - before.ms());
    let (mut hours, mut minutes, mut seconds) = (true, true, true);
    for delta in pairs() {
        hours &= delta % 3_600_000 == 0;
        minutes &= delta % 60_000 == 0;
        seconds &= delta % 1_000 == 0;
    }
    let unit = if hours { 0 } else { 3 - u8::from(minutes) - u8::from(seconds) };
    out.push(unit);
    put_signed(out, first.ms());
    match unit {
        0 => pairs().for_each(|delta| put_signed(out, delta / 3_600_000)),
        1 => pairs().for_each(|delta| put_signed(out, delta / 60_000)),
        2 => pairs().for_each(|delta| put_signed(out, delta / 1_000)),
        _ => pairs().for_each(|delta| put_signed(out, delta)),
    }
}

/// Decimals; the rows for which there are none follow, each with its place and its eight bytes.
fn put_results(out: &mut Vec<u8>, results: &[f64]) {
    let Some(scale) = scale_of(results) else {
        out.push(RAW);
        for result in results {
            out.extend(result.to_le_bytes());
        }
        return;
    };
    out.push(scale.decimals());
    let mut odd = Vec::new();
    for (row, result) in results.iter().enumerate() {
        let whole = scale.whole(*result);
        if whole.is_none() {
            odd.push((row, *result));
        }
        put_signed(out, whole.unwrap_or_default());
    }
    put(out, odd.len() as u64);
    for (row, result) in odd {
        put(out, row as u64);
        out.extend(result.to_le_bytes());
    }
}

/// Reads rows back.
pub(crate) fn decode(bytes: &[u8]) -> Result<Observations, Broken> {
    let mut bytes = Bytes(bytes);
    if bytes.byte()? != VERSION {
        return Err(Broken("of an unknown version"));
    }
    let rows = bytes.length()?;
    let mut datastreams = Vec::with_capacity(rows);
    let mut last = 0_u32;
    for _ in 0..rows {
        let delta = u32::try_from(bytes.unsigned()?).map_err(|_| Broken("a series is out of range"))?;
        last = last.wrapping_add(delta);
        datastreams.push(DatastreamId(last));
    }
    let times = take_times(&mut bytes, rows)?;
    let results = take_results(&mut bytes, rows)?;
    let details = take_details(bytes.rest(), rows)?;
    let mut details = details.into_iter().peekable();
    let mut all = Observations::with_capacity(rows);
    for (row, ((datastream, time), result)) in (0_u32..).zip(datastreams.into_iter().zip(times).zip(results)) {
        let observation = Observation { datastream, phenomenon_time: time, result };
        match details.next_if(|(of, _)| *of == row) {
            Some((_, detail)) => all.push_detailed(observation, detail),
            None => all.push(observation),
        }
    }
    // Nearly always they are: rows of one key that were intervals of several ends stood as they came, before the end was
    // part of the key.
    all.sort();
    Ok(all)
}

fn take_times(bytes: &mut Bytes<'_>, rows: usize) -> Result<Vec<Time>, Broken> {
    if rows == 0 {
        return Ok(Vec::new());
    }
    let unit = UNITS_MS.get(usize::from(bytes.byte()?)).ok_or(Broken("an unknown unit of time"))?;
    let mut ms = bytes.signed()?;
    let mut times = Vec::with_capacity(rows);
    let check = |ms| Time::from_ms(ms).ok_or(Broken("a time outside 2000..2100"));
    times.push(check(ms)?);
    for _ in 1..rows {
        ms = bytes.signed()?.checked_mul(*unit).and_then(|delta| ms.checked_add(delta)).ok_or(Broken("a time"))?;
        times.push(check(ms)?);
    }
    Ok(times)
}

fn take_results(bytes: &mut Bytes<'_>, rows: usize) -> Result<Vec<f64>, Broken> {
    let decimals = bytes.byte()?;
    let mut results = Vec::with_capacity(rows);
    if decimals == RAW {
        for _ in 0..rows {
            results.push(bytes.float()?);
        }
        return Ok(results);
    }
    let scale = Scale::new(decimals).ok_or(Broken("an unknown number of decimals"))?;
    for _ in 0..rows {
        results.push(scale.value(bytes.signed()?));
    }
    for _ in 0..bytes.length()? {
        let row = usize::try_from(bytes.unsigned()?).unwrap_or(usize::MAX);
        *results.get_mut(row).ok_or(Broken("a row past the end"))? = bytes.float()?;
    }
    Ok(results)
}

fn take_details(bytes: &[u8], rows: usize) -> Result<Vec<(u32, Detail)>, Broken> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let details: Vec<(u32, Detail)> = postcard::from_bytes(bytes).map_err(|_| Broken("its details cannot be read"))?;
    let rising = details.windows(2).all(|pair| matches!(pair, [one, two] if one.0 < two.0));
    if !rising || details.last().is_some_and(|(row, _)| *row as usize >= rows) {
        return Err(Broken("its details are of other rows"));
    }
    Ok(details)
}

#[cfg(test)]
mod tests {
    use city::Primitive;
    use proptest::prelude::*;

    use super::*;

    fn rows() -> impl Strategy<Value = Observations> {
        let result = prop_oneof![
            4 => (-100_000_i32..100_000, 0_u8..5).prop_map(|(n, d)| f64::from(n) / 10_f64.powi(i32::from(d))),
            1 => any::<f64>().prop_filter("finite", |f| f.is_finite()),
            1 => Just(-0.0),
        ];
        let detail = prop_oneof![
            6 => Just(None),
            1 => (0_i64..1000).prop_map(|ms| Some(Detail { result_time: Time::from_ms(1_714_446_000_000 + ms), ..Detail::default() })),
            1 => Just(Some(Detail { result: Some(Primitive::Text("calm".into())), ..Detail::default() })),
        ];
        let unit = prop_oneof![Just(1_i64), Just(1_000), Just(60_000), Just(3_600_000)];
        let row = (prop_oneof![0_u32..20, any::<u32>()], -5_000_i64..5_000, result, detail);
        (unit, prop::collection::vec(row, 0..200)).prop_map(|(unit, list)| {
            let mut rows = Observations::default();
            for (datastream, step, result, detail) in list {
                let phenomenon_time = Time::from_ms(1_714_446_000_000 + step * unit).expect("a time");
                let one = Observation { datastream: DatastreamId(datastream), phenomenon_time, result };
                rows.push_detailed(one, detail.unwrap_or_default());
            }
            rows.sort();
            rows
        })
    }

    proptest! {
        #[test]
        fn rows_come_back_bit_for_bit(rows in rows()) {
            let bytes = encode(&rows).expect("bytes");
            let back = decode(&bytes).expect("rows");
            prop_assert_eq!(back.results().iter().map(|r| r.to_bits()).collect::<Vec<_>>(),
                rows.results().iter().map(|r| r.to_bits()).collect::<Vec<_>>());
            prop_assert_eq!(back, rows);
        }

        #[test]
        fn damage_is_an_error_or_other_rows_and_never_a_panic(rows in rows(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = encode(&rows).expect("bytes");
            let place = at.index(bytes.len());
            bytes[place] = byte;
            let _ = decode(&bytes);
            let _ = decode(&bytes[..cut.index(bytes.len())]);
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&bytes);
            let mut versioned = vec![VERSION];
            versioned.extend(bytes);
            let _ = decode(&versioned);
        }
    }

    #[test]
    fn intervals_that_stand_as_they_came_are_put_in_order() {
        let at = |ms: i64| Time::from_ms(1_714_446_000_000 + ms).expect("a time");
        let mut rows = Observations::default();
        for (end, result) in [(24, 24.0), (1, 1.0), (24, 25.0)] {
            let one = Observation { datastream: DatastreamId(1), phenomenon_time: at(0), result };
            rows.push_detailed(one, Detail { phenomenon_end: Some(at(end)), ..Detail::default() });
        }
        let back = decode(&encode(&rows).expect("bytes")).expect("rows");
        assert_eq!(back.results(), [1.0, 24.0, 25.0]);
    }

    #[test]
    fn a_minute_of_many_series_takes_few_bytes() {
        let time = Time::from_ms(1_714_446_000_000).expect("a time");
        let rows: Observations = (0..5000_u32)
            .map(|n| Observation {
                datastream: DatastreamId(n),
                phenomenon_time: time,
                result: f64::from(n % 500) / 10.0,
            })
            .collect();
        let bytes = encode(&rows).expect("bytes").len();
        assert!(bytes < 5000 * 4 + 20, "{bytes}");
    }
}
