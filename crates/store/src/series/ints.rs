//! A column of integers, in the form that suits it: evenly spaced, in runs of one difference, in plateaus of one value,
//! in short differences, or compressed by `pco`.

use pco::standalone::{simple_compress, simple_decompress_into};
use pco::{ChunkConfig, DeltaSpec};

use super::bytes::{Broken, Bytes, put, put_signed};

/// From this many numbers on `pco` is worth its head of some 30 bytes and its start of some microseconds.
pub(super) const PCO_MIN: usize = 192;
/// Level of compression. On the air-quality series of `examples/append_speed` level 8 makes a file 3 % smaller than
/// level 4, at the same CPU a row within the spread of three runs (0.28 to 0.31 us).
pub(super) const PCO_LEVEL: usize = 8;
/// A column has runs when there is one for at least so many numbers, unless each plateau makes two of them.
const RUN_MIN: usize = 4;

const EVEN: u8 = 0;
const RUNS: u8 = 1;
const SHORT: u8 = 2;
const PCO: u8 = 3;
const PLATEAUS: u8 = 4;
/// A column has plateaus when there is one for at least so many numbers.
const PLATEAU_MIN: usize = 2;
/// So many for a long one, which `pco` makes short too.
const LONG_PLATEAU_MIN: usize = 4;

/// Writes a column; its length is known to who reads it.
pub(crate) fn put_ints(out: &mut Vec<u8>, column: &[i64], delta: DeltaSpec) -> Result<(), pco::errors::PcoError> {
    let Some(first) = column.first() else { return Ok(()) };
    let deltas = || column.iter().zip(column.iter().skip(1)).map(|(before, value)| value.wrapping_sub(*before));
    let runs = 1 + deltas().zip(deltas().skip(1)).filter(|(one, two)| one != two).count();
    if runs == 1 {
        out.push(EVEN);
        put_signed(out, *first);
        put_signed(out, deltas().next().unwrap_or_default());
        return Ok(());
    }
    let plateaus = column.chunk_by(|one, two| one == two).count();
    // Steps between plateaus are runs of one: then the plateaus say the same in half as many numbers.
    if runs * RUN_MIN <= column.len() && runs < plateaus * 3 / 2 {
        out.push(RUNS);
        put_signed(out, *first);
        put(out, runs as u64);
        let (mut steps, mut lengths): (Vec<i64>, Vec<i64>) = (Vec::with_capacity(runs), Vec::with_capacity(runs));
        for step in deltas() {
            match (steps.last(), lengths.last_mut()) {
                (Some(last), Some(length)) if *last == step => *length += 1,
                _ => {
                    steps.push(step);
                    lengths.push(1);
                }
            }
        }
        put_plain(out, &steps, DeltaSpec::NoOp)?;
        return put_plain(out, &lengths, DeltaSpec::NoOp);
    }
    let least = if column.len() < PCO_MIN { PLATEAU_MIN } else { LONG_PLATEAU_MIN };
    if plateaus * least <= column.len() {
        out.push(PLATEAUS);
        put(out, plateaus as u64);
        let equal = || column.chunk_by(|one, two| one == two);
        let values: Vec<i64> = equal().filter_map(|plateau| plateau.first().copied()).collect();
        let lengths: Vec<i64> = equal().map(|plateau| i64::try_from(plateau.len()).unwrap_or(i64::MAX)).collect();
        put_ints(out, &values, delta)?;
        return put_ints(out, &lengths, DeltaSpec::NoOp);
    }
    put_plain(out, column, delta)
}

/// Short differences, or `pco`.
fn put_plain(out: &mut Vec<u8>, column: &[i64], delta: DeltaSpec) -> Result<(), pco::errors::PcoError> {
    if column.len() >= PCO_MIN {
        let config = ChunkConfig::default().with_compression_level(PCO_LEVEL).with_delta_spec(delta);
        let packed = simple_compress(column, &config)?;
        out.push(PCO);
        put(out, packed.len() as u64);
        out.extend(packed);
        return Ok(());
    }
    out.push(SHORT);
    let mut last = 0;
    for value in column {
        put_signed(out, value.wrapping_sub(last));
        last = *value;
    }
    Ok(())
}

/// Reads a column of `count` numbers back.
pub(crate) fn take_ints(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<i64>, Broken> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut column = Vec::with_capacity(count);
    match bytes.byte()? {
        EVEN => {
            let (mut value, step) = (bytes.signed()?, bytes.signed()?);
            for _ in 0..count {
                column.push(value);
                value = value.wrapping_add(step);
            }
        }
        RUNS => {
            let mut value = bytes.signed()?;
            let runs = usize::try_from(bytes.unsigned()?).unwrap_or(usize::MAX);
            if runs > count {
                return Err(Broken("more runs than numbers"));
            }
            let steps = take_ints(bytes, runs)?;
            let lengths = take_ints(bytes, runs)?;
            column.push(value);
            for (step, length) in steps.into_iter().zip(lengths) {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > count - column.len() {
                    return Err(Broken("runs are longer than the column"));
                }
                for _ in 0..length {
                    value = value.wrapping_add(step);
                    column.push(value);
                }
            }
        }
        SHORT => {
            let mut value = 0_i64;
            for _ in 0..count {
                value = value.wrapping_add(bytes.signed()?);
                column.push(value);
            }
        }
        PCO => return unpack(bytes, count),
        PLATEAUS => {
            let plateaus = usize::try_from(bytes.unsigned()?).unwrap_or(usize::MAX);
            // Half as many each time, so that this ends soon whatever the bytes say.
            if plateaus > count / PLATEAU_MIN {
                return Err(Broken("more plateaus than numbers"));
            }
            let values = take_ints(bytes, plateaus)?;
            let lengths = take_ints(bytes, plateaus)?;
            for (value, length) in values.into_iter().zip(lengths) {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > count - column.len() {
                    return Err(Broken("plateaus are longer than the column"));
                }
                column.resize(column.len() + length, value);
            }
        }
        _ => return Err(Broken("an unknown form of a column")),
    }
    if column.len() == count { Ok(column) } else { Err(Broken("runs are shorter than the column")) }
}

/// Steps over a column of `count` numbers.
pub(crate) fn skip_ints(bytes: &mut Bytes<'_>, count: usize) -> Result<(), Broken> {
    if count == 0 {
        return Ok(());
    }
    match bytes.byte()? {
        EVEN => {
            bytes.signed()?;
            bytes.signed()?;
        }
        form @ (RUNS | PLATEAUS) => {
            if form == RUNS {
                bytes.signed()?;
            }
            let parts = usize::try_from(bytes.unsigned()?).unwrap_or(usize::MAX);
            if parts > if form == RUNS { count } else { count / PLATEAU_MIN } {
                return Err(Broken("more parts than numbers"));
            }
            skip_ints(bytes, parts)?;
            skip_ints(bytes, parts)?;
        }
        SHORT => {
            for _ in 0..count {
                bytes.unsigned()?;
            }
        }
        PCO => {
            let length = bytes.length()?;
            bytes.take(length)?;
        }
        _ => return Err(Broken("an unknown form of a column")),
    }
    Ok(())
}

/// Reads `count` numbers that `pco` packed, with their length before them.
pub(super) fn unpack<T: pco::data_types::Number + Default>(
    bytes: &mut Bytes<'_>,
    count: usize,
) -> Result<Vec<T>, Broken> {
    let length = bytes.length()?;
    let packed = bytes.take(length)?;
    let mut column = vec![T::default(); count];
    let read = simple_decompress_into(packed, &mut column).map_err(|_| Broken("a packed column cannot be read"))?;
    if read.finished && read.n_processed == count {
        Ok(column)
    } else {
        Err(Broken("a packed column is of another length"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn back(column: &[i64]) -> Vec<i64> {
        let mut out = Vec::new();
        put_ints(&mut out, column, DeltaSpec::Auto).expect("bytes");
        let mut bytes = Bytes(&out);
        let mut skipped = bytes;
        let back = take_ints(&mut bytes, column.len()).expect("a column");
        skip_ints(&mut skipped, column.len()).expect("a column");
        assert_eq!((bytes.len(), skipped.len()), (0, 0));
        back
    }

    #[test]
    fn each_form_comes_back() {
        let forms: [Vec<i64>; 8] = [
            vec![],
            vec![i64::MIN],
            vec![i64::MIN, i64::MAX],
            (0..5000).map(|n| n * 60_000).collect(),
            (0..5000).map(|n| n / 50 + n / 700).collect(),
            (0..5000).map(|n| n * n % 977).collect(),
            (0..50).map(|n| n * n % 977).collect(),
            (0..100).map(|n| n / 2).collect(),
        ];
        for column in forms {
            assert_eq!(back(&column), column);
        }
    }

    #[test]
    fn pairs_of_one_value_take_few_bytes() {
        let mut out = Vec::new();
        put_ints(&mut out, &(0..100).map(|n| n / 2).collect::<Vec<i64>>(), DeltaSpec::Auto).expect("bytes");
        assert!(out.len() < 12, "{}", out.len());
    }

    proptest! {
        #[test]
        fn any_column_comes_back(column in prop::collection::vec(prop_oneof![3 => -3_i64..3, 1 => any::<i64>()], 0..600)) {
            prop_assert_eq!(back(&column), column);
        }

        #[test]
        fn any_bytes_are_survived(form in 0_u8..6, bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0_usize..5000) {
            let mut all = vec![form];
            all.extend(bytes);
            let (mut taken, mut skipped) = (Bytes(&all), Bytes(&all));
            if take_ints(&mut taken, count).is_ok() {
                // What can be read can be stepped over, to the same place.
                prop_assert!(skip_ints(&mut skipped, count).is_ok());
                prop_assert_eq!(taken.len(), skipped.len());
            }
        }
    }
}
