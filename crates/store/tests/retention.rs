//! What a contract no longer allows is gone: from every table, and from every byte of every file.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_sign_loss, reason = "tests")]

mod town;

use city::{Contract, DatastreamId, Span};
use store::{Reader, Store};

const H: i64 = 3_600_000;

/// Whether the bytes are in any file of the store's folder.
fn in_files(folder: &std::path::Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap();
        if bytes.windows(needle.len()).any(|window| window == needle) {
            found.push(file.display().to_string());
        }
    }
    found
}

#[test]
fn expired_records_leave_no_byte_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let (gate, policy) = (town::gate(), town::policy());
    let mut store = Store::open(&path).unwrap();
    let canary = "trip-canary-5f2c9e";
    let level = 41.726_151_812_f64;
    store.commit(vec![town::batch(&gate, "bus-positions", vec![town::position(canary, 0)], 0)]).unwrap();
    // Enough besides it that its page is shared and freed pages are reused.
    for i in 1..200 {
        let list = (0..20).map(|n| town::position(&format!("other-{i}-{n}"), i * 1000)).collect();
        store.commit(vec![town::batch(&gate, "bus-positions", list, i * 1000)]).unwrap();
    }
    store.commit(vec![town::batch(&gate, "water", vec![town::level(1, 0, level)], 0)]).unwrap();
    store.commit(vec![town::batch(&gate, "water", vec![town::level(2, H, 1.5)], H)]).unwrap();
    assert!(!in_files(folder.path(), canary.as_bytes()).is_empty(), "the canary was never written");
    // A decimal is written as the whole number of its last digit, here millionths and so eight raw bytes.
    assert!(!in_files(folder.path(), &level.to_le_bytes()).is_empty(), "the level was never written");

    // Positions are kept for 2 h, levels for 30 days.
    let (contracts, datastreams) = (&policy.contracts, &town::series(&policy));
    let gone = store.apply_retention(town::at(3 * H), contracts, datastreams).unwrap();
    assert_eq!((gone.journal_rows, gone.points, gone.wal_emptied), (200, 0, true));
    assert_eq!(in_files(folder.path(), canary.as_bytes()), Vec::<String>::new());
    assert_eq!(store.read().latest().unwrap().len(), 2);

    // Received times never fall, so the level counts as received with the last position, 199 s after the start.
    let later = town::at(24 * 30 * H + 200_000);
    let gone = store.apply_retention(later, contracts, datastreams).unwrap();
    assert_eq!((gone.journal_rows, gone.points), (1, 1));
    assert_eq!(in_files(folder.path(), &level.to_le_bytes()), Vec::<String>::new());
    assert_eq!(in_files(folder.path(), &level.to_be_bytes()), Vec::<String>::new());
    assert!(store.read().range(DatastreamId(1), town::at(-H), later).unwrap().is_empty());
    assert_eq!(store.read().range(DatastreamId(2), town::at(-H), later).unwrap().len(), 1);
    // The journal goes on where it was, and the account of what was once received stays.
    let next = town::batch(&gate, "water", vec![town::level(1, 40 * 24 * H, 1.0)], 40 * 24 * H);
    assert_eq!(store.commit(vec![next]).unwrap().batches[0].seq, Some(city::Seq(203)));
    assert_eq!(store.read().accounts().unwrap()[&town::feed("bus-positions")].tally.stored, 1 + 199 * 20);
}

#[test]
fn a_chunk_across_the_cutoff_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let (gate, policy) = (town::gate(), town::policy());
    let mut store = Store::open(&path).unwrap();
    let list = (0..10).map(|i| town::level(1, i * H, 1.0 + i as f64)).collect();
    store.commit(vec![town::batch(&gate, "water", list, 10 * H)]).unwrap();
    store.seal(town::at(72 * H)).unwrap();
    let cutoff = 5 * H;
    let now = town::at(cutoff + 30 * 24 * H);
    assert_eq!(store.apply_retention(now, &policy.contracts, &town::series(&policy)).unwrap().points, 5);
    let left = store.read().range(DatastreamId(1), town::at(0), town::at(100 * H)).unwrap();
    assert_eq!(left.iter().map(|p| p.result).collect::<Vec<_>>(), [6.0, 7.0, 8.0, 9.0, 10.0]);
}

#[test]
fn a_feed_without_a_contract_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    store.commit(vec![town::batch(&town::gate(), "water", vec![town::level(1, 0, 1.0)], 0)]).unwrap();
    let contracts: Vec<Contract> =
        town::policy().contracts.into_iter().filter(|c| c.feed.as_str() != "water").collect();
    let gone = store.apply_retention(town::at(0) + Span::h(24 * 365), &contracts, &[]).unwrap();
    assert_eq!((gone.orphans, gone.journal_rows), (vec![town::feed("water")], 0));
}

#[test]
fn a_reader_in_the_way_is_told_and_the_next_run_empties_the_wal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let (gate, policy) = (town::gate(), town::policy());
    let mut store = Store::open(&path).unwrap();
    store.commit(vec![town::batch(&gate, "bus-positions", vec![town::position("a", 0)], 0)]).unwrap();
    let reader = Reader::open(&path).unwrap();
    let mut retired = None;
    reader
        .journal_between(town::at(-1), town::at(1), |_| {
            retired = Some(store.apply_retention(town::at(3 * H), &policy.contracts, &[]));
            Ok::<_, store::StoreError>(())
        })
        .unwrap();
    assert!(!retired.unwrap().unwrap().wal_emptied);
    assert!(store.apply_retention(town::at(3 * H), &policy.contracts, &[]).unwrap().wal_emptied);
}

#[test]
fn hours_are_left_of_what_expired_and_go_in_their_turn() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("town.db")).unwrap();
    let mut policy = town::policy();
    policy.observed_properties[0].keeps = Some(city::Keeps { raw: Span::h(10), hourly: Some(Span::h(48)) });
    let (contracts, series) = (policy.contracts.clone(), town::series(&policy));
    let gate = town::gate();
    // Twelve hours of quarters: 0, 0.25, 0.5 ...; one of them corrected.
    for part in 0..12 {
        let list = (0..4).map(|n| town::level(1, part * H + n * H / 4, (part * 4 + n) as f64 / 4.0)).collect();
        store.commit(vec![town::batch(&gate, "water", list, part * H + H)]).unwrap();
    }
    store.commit(vec![town::batch(&gate, "water", vec![town::level(1, 0, 100.0)], 12 * H)]).unwrap();
    let hourly = |store: &Store| {
        let found = store.read().downsample_every(DatastreamId(1), town::at(0), town::at(24 * H), Span::h(1)).unwrap();
        found
            .into_iter()
            .map(|b| ((b.from - Span::ms(town::START_MS)).ms() / H, b.count, b.min, b.max, b.mean))
            .collect::<Vec<_>>()
    };
    let before = hourly(&store);
    assert_eq!(before.len(), 12);
    assert_eq!(before[0], (0, 4, 0.25, 100.0, (100.0 + 0.25 + 0.5 + 0.75) / 4.0));
    let gone = store.apply_retention(town::at(15 * H + 1), &contracts, &series).unwrap();
    assert_eq!(gone.points, 5 * 4 + 1, "five hours, and what was corrected");
    assert_eq!(hourly(&store), before);
    assert_eq!(store.read().range(DatastreamId(1), town::at(0), town::at(24 * H)).unwrap().len(), 7 * 4);
    assert_eq!(store.read().count(DatastreamId(1)), 7 * 4);
    // What comes late for an hour that is left only as figures is added to them.
    store.commit(vec![town::batch(&gate, "water", vec![town::level(1, H + 1, 50.0)], 15 * H)]).unwrap();
    store.apply_retention(town::at(15 * H + 2), &contracts, &series).unwrap();
    assert_eq!(hourly(&store)[1], (1, 5, 1.0, 50.0, (1.0 + 1.25 + 1.5 + 1.75 + 50.0) / 5.0));
    // Two days on, two of the hours are left.
    store.apply_retention(town::at(58 * H), &contracts, &series).unwrap();
    assert_eq!(hourly(&store).len(), 2);
    store.apply_retention(town::at(90 * H), &contracts, &series).unwrap();
    assert_eq!(hourly(&store), []);
}

/// The bytes of each chunk of a series, as they are in the file.
fn chunks(path: &std::path::Path) -> Vec<Vec<u8>> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT body FROM segment").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn erased_observations_leave_no_byte_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.db");
    let gate = town::gate();
    let mut store = Store::open(&path).unwrap();
    let feed = town::feed("water");
    let magic = |n: i64| f64::from_bits(0x4049_5eed_c0de_0000 + n as u64);
    let say = |store: &mut Store, id: u32, from: i64, to: i64, value: &dyn Fn(i64) -> f64| {
        let list = (from..to).map(|n| town::level(id, n * 1000, value(n))).collect();
        store.commit(vec![town::batch(&gate, "water", list, 1_000_000)]).unwrap();
    };
    // Few of the magic ones among others, so that they are written as their eight bytes; then in a chunk, too.
    say(&mut store, 1, 0, 200, &|n| if n % 50 == 7 { magic(n) } else { n as f64 / 10.0 });
    say(&mut store, 2, 0, 200, &|n| (n % 90) as f64);
    assert_eq!(in_files(folder.path(), &magic(7).to_le_bytes()).len(), 1, "in the journal, still in the log");
    store.seal(town::at(0)).unwrap();
    store.checkpoint().unwrap();
    let sealed = chunks(&path).remove(0);
    assert!(sealed.windows(8).any(|bytes| bytes == magic(7).to_le_bytes()));
    say(&mut store, 1, 200, 260, &|n| if n % 50 == 7 { magic(n) } else { n as f64 / 10.0 });

    let key = |n: i64| (town::at(n * 1000), None, None);
    let keys = Some((0..260).filter(|n| n % 50 == 7).map(key).collect());
    let erasure = city::Erasure { datastream: DatastreamId(1), keys };
    let batch =
        store::Batch::new(feed.clone(), gate.admit_erasures(&feed, vec![erasure], town::at(2_000_000)).unwrap());
    store.commit(vec![batch.unwrap()]).unwrap();
    assert!(store.checkpoint().unwrap());
    for n in (0..260).filter(|n| n % 50 == 7) {
        assert_eq!(in_files(folder.path(), &magic(n).to_le_bytes()), Vec::<String>::new(), "{n}");
    }
    assert_eq!(store.read().count(DatastreamId(1)), 254);
    assert_eq!(store.read().count(DatastreamId(2)), 200);

    // The whole series: not even what its chunk was before is left, nor what it is now.
    let left = chunks(&path);
    let erasure = city::Erasure { datastream: DatastreamId(1), keys: None };
    let batch =
        store::Batch::new(feed.clone(), gate.admit_erasures(&feed, vec![erasure], town::at(2_000_000)).unwrap());
    store.commit(vec![batch.unwrap()]).unwrap();
    assert!(store.checkpoint().unwrap());
    assert_eq!(store.read().count(DatastreamId(1)), 0);
    assert_eq!(store.read().latest().unwrap().len(), 1);
    let piece = |bytes: &[u8]| bytes[20..60].to_vec();
    assert_eq!(in_files(folder.path(), &piece(&sealed)), Vec::<String>::new());
    let of_other = chunks(&path).concat();
    let gone = left.iter().map(|body| piece(body)).filter(|piece| !of_other.windows(40).any(|bytes| bytes == piece));
    for piece in gone {
        assert_eq!(in_files(folder.path(), &piece), Vec::<String>::new());
    }
    let store = {
        drop(store);
        Store::open(&path).unwrap()
    };
    assert_eq!(store.read().count(DatastreamId(1)), 0);
    assert_eq!(store.read().count(DatastreamId(2)), 200);
    assert!(store.read().range(DatastreamId(1), town::at(0), town::at(1_000_000)).unwrap().is_empty());
}

/// A busy town of some days: levels of all series by the hour, positions, and a level that comes late.
fn some_days(store: &mut Store, gate: &gate::Gate) {
    for hour in 0..72 {
        let value = |n: i64| 40.5 + ((hour * 7 + n) % 90) as f64 / 10.0;
        let list = (1..=8_u32)
            .flat_map(|id| (0..30).map(move |n| (id, n)))
            .map(|(id, n)| town::level(id, hour * H + n * 120_000, value(i64::from(id) + n)))
            .collect();
        store.commit(vec![town::batch(gate, "water", list, hour * H + H)]).unwrap();
        let list = (0..40).map(|n| town::position(&format!("trip-{hour}-{n}"), hour * H)).collect();
        store.commit(vec![town::batch(gate, "bus-positions", list, hour * H + H)]).unwrap();
        if hour == 40 {
            store.seal(town::at(0)).unwrap();
        }
    }
    store.commit(vec![town::batch(gate, "water", vec![town::level(3, 5 * H + 1, 99.5)], 72 * H)]).unwrap();
}

#[test]
fn short_steps_take_away_what_one_long_one_does_and_commits_go_on_between_them() {
    let mut policy = town::policy();
    policy.observed_properties[0].keeps = Some(city::Keeps { raw: Span::h(24), hourly: Some(Span::h(60)) });
    let (contracts, series, gate) = (policy.contracts.clone(), town::series(&policy), town::gate());
    let now = town::at(73 * H);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [mut whole, mut stepped] = [0, 1].map(|n: usize| Store::open(&folders[n].path().join("town.db")).unwrap());
    some_days(&mut whole, &gate);
    some_days(&mut stepped, &gate);
    let late = |turn: i64| vec![town::batch(&gate, "water", vec![town::level(8, 72 * H + turn, 1.5)], 73 * H)];

    let retired = whole.apply_retention(now, &contracts, &series).unwrap();
    assert!(retired.points > 8 * 30 * 40 && retired.journal_rows > 60, "{retired:?}");
    stepped.begin_retention(now, &contracts, &series).unwrap();
    let (mut turn, mut idle) = (0, 0);
    while idle < 3 {
        if let Some(mut plan) = stepped.plan_seal(now).unwrap() {
            while let Some(slice) = plan.next_slice().unwrap() {
                stepped.write_sealed(slice).unwrap();
            }
        }
        idle = if stepped.is_behind() { 0 } else { idle + 1 };
        if turn < 20 {
            assert_eq!(stepped.commit(late(turn)).unwrap().batches[0].tally.stored, 1);
            whole.commit(late(turn)).unwrap();
        }
        turn += 1;
        assert!(turn < 1_000, "it never ends");
    }
    assert!(turn > 10, "in steps: {turn}");

    for id in (1..=8).map(DatastreamId) {
        let ends = (town::at(-H), town::at(100 * H));
        let [one, other] = [&whole, &stepped].map(|store| {
            let reader = store.read();
            let hours = reader.downsample_every(id, town::at(0), town::at(96 * H), Span::h(1)).unwrap();
            (reader.range(id, ends.0, ends.1).unwrap(), hours, reader.count(id), reader.span(id))
        });
        assert_eq!(one, other, "{id:?}");
        assert!(one.0.len() < 30 * 30 && one.1.len() > 50);
    }
    let rows = |store: &Store| {
        let mut rows = Vec::new();
        store
            .read()
            .journal_between(town::at(-H), town::at(100 * H), |row| {
                rows.push((row.seq, row.received, row.feed));
                Ok::<_, store::StoreError>(())
            })
            .unwrap();
        rows
    };
    assert_eq!(rows(&whole), rows(&stepped));

    // A minute later the log is emptied; then what is gone is in no file.
    let gone = b"trip-3-17";
    while stepped.plan_seal(now + Span::min(2)).is_ok() && stepped.is_behind() {}
    assert_eq!(in_files(folders[1].path(), gone), Vec::<String>::new());
    assert_eq!(in_files(folders[0].path(), gone), Vec::<String>::new());
    drop(stepped);
    let stepped = Store::open(&folders[1].path().join("town.db")).unwrap();
    assert_eq!(stepped.read().count_all(), whole.read().count_all());
}
