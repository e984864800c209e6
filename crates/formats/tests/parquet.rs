//! Parquet, read back by the reader of the Apache Arrow project.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

use bytes::Bytes;
use city::{DatastreamId, Detail, Observation, ObservationKey, Observations, Primitive, Properties, Time};
use formats::parquet::Writer;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use parquet::record::Field;
use proptest::option;
use proptest::prelude::*;

/// An id of the test's own.
fn id(key: &ObservationKey) -> String {
    format!("{}-{}", key.datastream.0, key.phenomenon_time.ms())
}

fn columns(rows: &[(Observation, Detail)]) -> Observations {
    let mut all = Observations::default();
    for (observation, detail) in rows {
        all.push_detailed(*observation, detail.clone());
    }
    all
}

fn file(of: &[&str], batches: &[Vec<(Observation, Detail)>]) -> Vec<u8> {
    let mut writer = Writer::new(of, id);
    let mut out = writer.start();
    for batch in batches {
        out.extend(writer.rows(&columns(batch)));
    }
    out.extend(writer.finish());
    out
}

fn read(file: Vec<u8>) -> Vec<Vec<(String, Field)>> {
    let reader = SerializedFileReader::new(Bytes::from(file)).expect("a Parquet file");
    let rows = reader.get_row_iter(None).expect("rows");
    let fields =
        |row: parquet::record::Row| row.get_column_iter().map(|(name, field)| (name.clone(), field.clone())).collect();
    rows.map(|row| fields(row.expect("a row"))).collect()
}

/// What a row is to be read as.
fn told((observation, detail): &(Observation, Detail)) -> Vec<(String, Field)> {
    let key = columns(&[(*observation, detail.clone())]).key(0).expect("a row");
    let time = |at: Option<Time>| at.map_or(Field::Null, |at| Field::TimestampMillis(at.ms()));
    let text = |words: Option<String>| words.map_or(Field::Null, Field::Str);
    let quality = detail.result_quality.as_ref().map(|value| match value {
        Primitive::Text(words) => words.to_string(),
        Primitive::Integer(whole) => whole.to_string(),
        other => panic!("{other:?}"),
    });
    let parameters = detail.parameters.get("depth").map(|value| match value {
        Primitive::Text(words) => format!("{{\"depth\":{}}}", serde_json::Value::from(&**words)),
        other => panic!("{other:?}"),
    });
    let (mut result, mut words, mut truth) = (Field::Null, Field::Null, Field::Null);
    match &detail.result {
        Some(Primitive::Text(text)) => words = Field::Str(text.to_string()),
        Some(Primitive::Bool(value)) => truth = Field::Bool(*value),
        _ => result = Field::Double(observation.result),
    }
    let fields = [
        ("id", Field::Str(id(&key))),
        ("datastream", Field::UInt(observation.datastream.0)),
        ("phenomenon_time", Field::TimestampMillis(observation.phenomenon_time.ms())),
        ("phenomenon_end", time(detail.phenomenon_end)),
        ("result", result),
        ("result_text", words),
        ("result_truth", truth),
        ("result_time", time(detail.result_time)),
        ("result_quality", text(quality)),
        ("valid_from", time(detail.valid_time.map(|(from, _)| from))),
        ("valid_to", time(detail.valid_time.map(|(_, to)| to))),
        ("parameters", text(parameters)),
    ];
    fields.map(|(name, field)| (name.to_owned(), field)).into()
}

fn time() -> impl Strategy<Value = Time> {
    (946_684_800_000..=4_102_444_800_000_i64).prop_map(|ms| Time::from_ms(ms).expect("a time"))
}

fn row() -> impl Strategy<Value = (Observation, Detail)> {
    let words = || "\\PC{0,12}".prop_map(|words| Primitive::Text(words.as_str().into()));
    let own = prop_oneof![3 => Just(None), 1 => words().prop_map(Some), 1 => any::<bool>().prop_map(|t| Some(Primitive::Bool(t)))];
    let result = prop_oneof![any::<f64>().prop_filter("finite", |number| number.is_finite()), Just(0.0), Just(-0.0)];
    let times = (time(), option::of(time()), option::of(time()), option::of((time(), time())));
    let quality = option::of(prop_oneof![words(), any::<i64>().prop_map(Primitive::Integer)]);
    (any::<u32>(), times, result, own, quality, option::of(words())).prop_map(
        |(datastream, (phenomenon_time, phenomenon_end, result_time, valid_time), result, own, quality, parameter)| {
            let mut parameters = Properties::default();
            if let Some(value) = parameter {
                parameters.set("depth", value);
            }
            let observation = Observation { datastream: DatastreamId(datastream), phenomenon_time, result };
            let detail = Detail {
                phenomenon_end,
                result_time,
                valid_time,
                result: own,
                result_quality: quality,
                parameters,
                feature_of_interest: None,
            };
            (observation, detail)
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(batches in proptest::collection::vec(proptest::collection::vec(row(), 0..300), 0..4)) {
        let expected: Vec<_> = batches.concat().iter().map(told).collect();
        prop_assert_eq!(read(file(&[], &batches)), expected);
    }

    #[test]
    fn some_columns_alone_are_as_in_the_whole_file(batch in proptest::collection::vec(row(), 1..50)) {
        let some = read(file(&["result", "Datastream"], std::slice::from_ref(&batch)));
        let names = ["datastream", "result", "result_text", "result_truth"];
        let expected: Vec<Vec<_>> = batch.iter().map(|row| {
            told(row).into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect()
        }).collect();
        prop_assert_eq!(some, expected);
    }
}

#[test]
fn regular_series_take_little_and_groups_can_be_skipped() {
    let batch = |first: i64| -> Vec<(Observation, Detail)> {
        let row = |row: i64| {
            let phenomenon_time = Time::from_ms(1_714_618_800_000 + row * 60_000).expect("a time");
            (Observation { datastream: DatastreamId(7), phenomenon_time, result: row as f64 }, Detail::default())
        };
        (first..first + 65_536).map(row).collect()
    };
    let file = file(&[], &[batch(0), batch(65_536)]);
    assert!(
        file.len() < 2 * 65_536 * (8 + 9),
        "{} bytes for 131,072 rows of 8 bytes, the end of an id and little",
        file.len()
    );
    let reader = SerializedFileReader::new(Bytes::from(file)).expect("a Parquet file");
    assert_eq!(reader.num_row_groups(), 2);
    let second = reader.metadata().row_group(1);
    match second.column(2).statistics().expect("statistics") {
        Statistics::Int64(times) => {
            assert_eq!(times.min_opt(), Some(&(1_714_618_800_000 + 65_536 * 60_000)));
            assert_eq!(times.max_opt(), Some(&(1_714_618_800_000 + 131_071 * 60_000)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(second.column(7).statistics().and_then(Statistics::null_count_opt), Some(65_536));
}

#[test]
fn a_file_without_rows_is_a_file() {
    assert!(read(file(&[], &[])).is_empty());
    assert!(read(file(&[], &[Vec::new()])).is_empty());
}
