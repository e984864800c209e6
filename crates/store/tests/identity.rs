//! `received = stored + rejected + duplicate`, whatever the feeds send.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod town;

use std::collections::{BTreeMap, HashMap};

use city::{DatastreamId, Reason, Tally};
use gate::Candidate;
use proptest::prelude::*;
use store::{Batch, Store, StoreError};

#[derive(Clone, Debug)]
enum Say {
    Level { datastream: u32, minute: i64, tenths: i32 },
    Position { trip: u8, minute: i64 },
    Update { trip: u8, minute: i64, delay_s: i32 },
    Warning { id: u8, minute: i64 },
}

impl Say {
    fn feed(&self) -> &'static str {
        match self {
            Self::Level { .. } => "water",
            Self::Position { .. } => "bus-positions",
            Self::Update { .. } => "bus-updates",
            Self::Warning { .. } => "civil-defence",
        }
    }

    fn candidate(&self) -> Candidate {
        match *self {
            Self::Level { datastream, minute, tenths } => {
                town::level(datastream, minute * 60_000, f64::from(tenths) / 10.0)
            }
            Self::Position { trip, minute } => town::position(&format!("t{trip}"), minute * 60_000),
            Self::Update { trip, minute, delay_s } => town::update(&format!("t{trip}"), minute * 60_000, delay_s),
            Self::Warning { id, minute } => town::warning(&format!("w{id}"), minute * 60_000),
        }
    }
}

/// Small ranges, so that repeats, corrections and stale news happen; some of it is out of range or of no series.
fn say() -> impl Strategy<Value = Say> {
    prop_oneof![
        (0_u32..10, -50_i64..50, -80_i32..1100).prop_map(|(datastream, minute, tenths)| Say::Level {
            datastream,
            minute,
            tenths: tenths / 100 * 100
        }),
        (0_u8..4, -150_i64..50).prop_map(|(trip, minute)| Say::Position { trip, minute }),
        (0_u8..4, -50_i64..50, 0_i32..3).prop_map(|(trip, minute, delay_s)| Say::Update { trip, minute, delay_s }),
        (0_u8..4, -3_i64..3).prop_map(|(id, minute)| Say::Warning { id, minute }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_identity_holds_and_nothing_is_lost(rounds in prop::collection::vec(prop::collection::vec(say(), 1..40), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("town.db");
        let gate = town::gate();
        let mut store = Store::open(&path).unwrap();
        let mut sent: BTreeMap<&str, u64> = BTreeMap::new();
        let mut newest: HashMap<(u32, i64), f64> = HashMap::new();
        for (round, said) in rounds.iter().enumerate() {
            let mut by_feed: BTreeMap<&str, Vec<Candidate>> = BTreeMap::new();
            for say in said {
                *sent.entry(say.feed()).or_default() += 1;
                by_feed.entry(say.feed()).or_default().push(say.candidate());
                if let Candidate::Observation(o) = say.candidate()
                    && (1..=8).contains(&o.datastream.0) && (-5.0..=100.0).contains(&o.result)
                    && o.phenomenon_time <= town::at(5 * 60_000) {
                    newest.insert((o.datastream.0, o.phenomenon_time.ms()), o.result);
                }
            }
            let batches = by_feed.into_iter().map(|(feed, list)| town::batch(&gate, feed, list, 0)).collect();
            let group = store.commit(batches).unwrap();
            let written: u64 = group.rows.iter().flat_map(|row| &row.records).map(city::Record::entities).sum();
            prop_assert_eq!(group.batches.iter().map(|batch| batch.tally.stored).sum::<u64>(), written);
            for committed in group.batches {
                prop_assert!(committed.tally.balances());
                prop_assert_eq!(committed.seq.is_some(), committed.tally.stored > 0);
            }
            match round % 3 {
                0 => { store.seal(town::at(30 * 3_600_000)).unwrap(); }
                1 => { drop(store); store = Store::open(&path).unwrap(); }
                _ => {}
            }
        }
        town::check_identity(store.read());
        let accounts = store.read().accounts().unwrap();
        for (feed, count) in sent {
            prop_assert_eq!(accounts.get(&town::feed(feed)).unwrap().tally.received, count, "{}", feed);
        }
        for datastream in 1..=8 {
            let points = store.read().range(DatastreamId(datastream), town::at(-10_000_000), town::at(10_000_000)).unwrap();
            let kept: HashMap<(u32, i64), f64> = points.iter().map(|p| ((datastream, p.time.ms()), p.result)).collect();
            let expected: HashMap<(u32, i64), f64> =
                newest.iter().filter(|((d, _), _)| *d == datastream).map(|(key, result)| (*key, *result)).collect();
            prop_assert_eq!(kept, expected);
        }
    }
}

#[test]
fn what_goes_missing_before_the_store_is_an_error() {
    let gate = town::gate();
    let mut admission = town::admit(&gate, "water", vec![town::level(1, 0, 2.0), town::level(1, 60_000, 2.1)], 0);
    admission.records.pop();
    let wrong = Batch::new(town::feed("water"), admission).unwrap_err();
    assert!(matches!(wrong, StoreError::Unbalanced { received: 2, counted: 0, .. }), "{wrong}");
}

#[test]
fn what_the_decoder_refused_is_counted_too() {
    let gate = town::gate();
    let mut decoded = Tally { fields_dropped: 3, ..Tally::default() };
    decoded.reject(Reason::Malformed);
    let admission = town::admit(&gate, "water", vec![town::level(1, 0, 2.0)], 0).counting(&decoded).with_beat(true);
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    let committed = store.commit(vec![Batch::new(town::feed("water"), admission).unwrap()]).unwrap();
    assert_eq!(committed.rows.len(), 2, "the beat and the level");
    assert_eq!(committed.batches[0].seq, Some(city::Seq(2)));
    let tally = &store.read().accounts().unwrap().get(&town::feed("water")).unwrap().tally.clone();
    assert_eq!((tally.received, tally.stored, tally.rejected_total(), tally.fields_dropped), (2, 1, 1, 3));
    town::check_identity(store.read());
}
