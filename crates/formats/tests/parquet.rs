//! Parquet, read back by the reader of the Apache Arrow project.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

use bytes::Bytes;
use city::{DatastreamId, Detail, Observation, Observations, Primitive, Time};
use formats::parquet::Writer;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use parquet::record::Field;
use proptest::prelude::*;

#[derive(Clone, Debug, PartialEq)]
struct Told {
    datastream: u32,
    phenomenon_time: i64,
    result: Option<f64>,
    result_text: Option<String>,
    result_time: Option<i64>,
}

fn columns(rows: &[Told]) -> Observations {
    let mut all = Observations::default();
    for row in rows {
        let observation = Observation {
            datastream: DatastreamId(row.datastream),
            phenomenon_time: Time::from_ms(row.phenomenon_time).expect("a time"),
            result: row.result.unwrap_or(0.0),
        };
        let result = row.result_text.as_deref().map(|text| Primitive::Text(text.into()));
        let result_time = row.result_time.and_then(Time::from_ms);
        all.push_detailed(observation, Detail { result, result_time, ..Detail::default() });
    }
    all
}

fn file(batches: &[Vec<Told>]) -> Vec<u8> {
    let mut writer = Writer::default();
    let mut out = writer.start();
    for batch in batches {
        out.extend(writer.rows(&columns(batch)));
    }
    out.extend(writer.finish());
    out
}

fn read(file: Vec<u8>) -> Vec<Told> {
    let reader = SerializedFileReader::new(Bytes::from(file)).expect("a Parquet file");
    let rows = reader.get_row_iter(None).expect("rows");
    let told = rows.map(|row| {
        let row = row.expect("a row");
        let mut fields = row.get_column_iter().map(|(_, field)| field.clone());
        let mut next = || fields.next().expect("a column");
        Told {
            datastream: match next() {
                Field::UInt(id) => id,
                other => panic!("{other:?}"),
            },
            phenomenon_time: match next() {
                Field::TimestampMillis(at) => at,
                other => panic!("{other:?}"),
            },
            result: match next() {
                Field::Double(result) => Some(result),
                Field::Null => None,
                other => panic!("{other:?}"),
            },
            result_text: match next() {
                Field::Str(text) => Some(text),
                Field::Null => None,
                other => panic!("{other:?}"),
            },
            result_time: match next() {
                Field::TimestampMillis(at) => Some(at),
                Field::Null => None,
                other => panic!("{other:?}"),
            },
        }
    });
    told.collect()
}

const TIMES: std::ops::RangeInclusive<i64> = 946_684_800_000..=4_102_444_800_000;

fn row() -> impl Strategy<Value = Told> {
    let text = prop_oneof![3 => Just(None), 1 => "\\PC{0,12}".prop_map(Some)];
    let result = prop_oneof![any::<f64>().prop_filter("finite", |number| number.is_finite()), Just(0.0), Just(-0.0)];
    (any::<u32>(), TIMES, result, text, proptest::option::of(TIMES)).prop_map(
        |(datastream, at, result, text, result_time)| Told {
            datastream,
            phenomenon_time: at,
            result: text.is_none().then_some(result),
            result_text: text,
            result_time,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(batches in proptest::collection::vec(proptest::collection::vec(row(), 0..300), 0..4)) {
        prop_assert_eq!(read(file(&batches)), batches.concat());
    }
}

#[test]
fn regular_series_take_little_and_groups_can_be_skipped() {
    let batch = |first: i64| -> Vec<Told> {
        let row = |row: i64| Told {
            datastream: 7,
            phenomenon_time: 1_714_618_800_000 + row * 60_000,
            result: Some(row as f64),
            result_text: None,
            result_time: None,
        };
        (first..first + 65_536).map(row).collect()
    };
    let file = file(&[batch(0), batch(65_536)]);
    assert!(
        file.len() < 2 * 65_536 * 8 + 2 * 65_536 / 8,
        "{} bytes for 131,072 rows of 8 bytes and little",
        file.len()
    );
    let reader = SerializedFileReader::new(Bytes::from(file)).expect("a Parquet file");
    assert_eq!(reader.num_row_groups(), 2);
    let second = reader.metadata().row_group(1);
    match second.column(1).statistics().expect("statistics") {
        Statistics::Int64(times) => {
            assert_eq!(times.min_opt(), Some(&(1_714_618_800_000 + 65_536 * 60_000)));
            assert_eq!(times.max_opt(), Some(&(1_714_618_800_000 + 131_071 * 60_000)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(second.column(4).statistics().and_then(Statistics::null_count_opt), Some(65_536));
}

#[test]
fn a_file_without_rows_is_a_file() {
    assert_eq!(read(file(&[])), []);
    assert_eq!(read(file(&[Vec::new()])), []);
}
