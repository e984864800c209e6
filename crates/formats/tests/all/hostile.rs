//! Input that means harm, one test each: the typed error, within bounded time and memory.

use city::Reason;
use formats::gtfs_rt::{decode_alerts, decode_trip_updates, decode_vehicle_positions};
use formats::{FormatError, Place, Standard, atom, cap, gtfs, limits};

use crate::support::{feed, recording, zip};

#[test]
fn truncated_protobuf_keeps_the_entities_before_the_cut() {
    let bytes = recording("miway/VehiclePositions_1761519032.pb");
    let (whole, _) = decode_vehicle_positions(&bytes).expect("a message");
    let mut most = 0;
    for end in 0..bytes.len() {
        let Ok((message, tally)) = decode_vehicle_positions(&bytes[..end]) else {
            assert!(end < 40, "the header was there at byte {end}");
            continue;
        };
        assert!(message.rows == whole.rows[..message.rows.len()], "the rows before byte {end} are as they were");
        assert!(tally.rejected.get(&Reason::Malformed).is_none_or(|count| *count == 1), "{tally:?}");
        most = most.max(message.rows.len());
    }
    assert_eq!(most + 1, whole.rows.len(), "all but the last");
}

#[test]
fn bit_flipped_protobuf_is_read_or_refused() {
    for name in ["miway/VehiclePositions_1761519032.pb", "miway/Alerts_1761519032.pb"] {
        let bytes = recording(name);
        let (mut read, mut refused) = (0, 0);
        for at in (0..bytes.len()).step_by(11) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let results = [
                decode_vehicle_positions(&flipped).map(|(message, tally)| (message.rows.len(), tally)),
                decode_alerts(&flipped, &["en"]).map(|(message, tally)| (message.rows.len(), tally)),
            ];
            for result in results {
                match result {
                    Ok((rows, tally)) => {
                        assert_eq!(rows as u64 + tally.rejected_total(), tally.received);
                        read += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(read > refused, "{name}: {read} read, {refused} refused");
    }
}

#[test]
fn oversized_protobuf() {
    let too_long = vec![0; usize::try_from(limits::GTFS_RT_BYTES).expect("fits") + 1];
    for error in
        [decode_trip_updates(&too_long).expect_err("too long"), decode_alerts(&too_long, &[]).expect_err("too long")]
    {
        assert!(matches!(error, FormatError::TooLarge { unit: "bytes", .. }), "{error}");
    }
    // A header, then more empty entities than any fleet has.
    let mut bytes = b"\x0a\x05\x0a\x032.0".to_vec();
    bytes.extend(b"\x12\x00".repeat(usize::try_from(limits::GTFS_RT_ENTITIES).expect("fits") + 1));
    let error = decode_trip_updates(&bytes).expect_err("too many");
    assert!(matches!(error, FormatError::TooLarge { unit: "entities", .. }), "{error}");
    // One entity larger than any can be: that one is refused, the message is read.
    let mut bytes = b"\x0a\x05\x0a\x032.0\x12".to_vec();
    prost::encoding::encode_varint(limits::GTFS_RT_ENTITY_BYTES as u64 + 1, &mut bytes);
    bytes.resize(bytes.len() + limits::GTFS_RT_ENTITY_BYTES + 1, 0);
    let (message, tally) = decode_trip_updates(&bytes).expect("a message");
    assert_eq!((message.rows.len(), tally.rejected[&Reason::TooLarge]), (0, 1));
    // A length that says more than there is, up to all of 2^64.
    let (_, tally) =
        decode_trip_updates(b"\x0a\x05\x0a\x032.0\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").expect("a message");
    assert_eq!(tally.rejected[&Reason::Malformed], 1);
}

#[test]
fn deeply_nested_protobuf_is_one_refused_entity() {
    // Groups inside groups, 10^5 deep, in a field that is not known.
    let mut entity = b"\x0a\x01x".to_vec();
    entity.extend([0x9b, 0x06].repeat(100_000));
    let mut bytes = b"\x0a\x05\x0a\x032.0\x12".to_vec();
    prost::encoding::encode_varint(entity.len() as u64, &mut bytes);
    bytes.extend(entity);
    let (_, tally) = decode_vehicle_positions(&bytes).expect("a message");
    assert_eq!((tally.received, tally.rejected[&Reason::Malformed]), (1, 1));
}

#[test]
fn zip_bomb_by_ratio() {
    let zeroes = vec![b'0'; 64 * 1024 * 1024];
    let bytes = zip(&[("agency.txt", &zeroes)]);
    assert!(bytes.len() < 100_000, "{} bytes packed", bytes.len());
    let error = gtfs::decode(&bytes).expect_err("a bomb");
    assert!(matches!(error, FormatError::TooLarge { standard: Standard::Zip, at: Place::Entry(0), .. }), "{error}");
}

#[test]
fn zip_bomb_that_lies_about_its_size() {
    let zeroes = vec![b'0'; 64 * 1024 * 1024];
    let mut bytes = zip(&[("agency.txt", &zeroes)]);
    // The unpacked size in both headers says 100 bytes.
    let size = u32::try_from(zeroes.len()).expect("fits").to_le_bytes();
    let places: Vec<_> = (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == size).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
    }
    let error = gtfs::decode(&bytes).expect_err("a bomb");
    assert!(matches!(error.reason(), Reason::TooLarge | Reason::Malformed), "{error}");
}

#[test]
fn zip_with_names_that_lead_out() {
    for name in ["../stops.txt", "a/../../stops.txt", "/etc/stops.txt", "..\\stops.txt", "C:/stops.txt", "a/.."] {
        let error = gtfs::decode(&zip(&[("agency.txt", b"x"), (name, b"x")])).expect_err(name);
        assert!(matches!(error, FormatError::Unsupported { at: Place::Entry(1), .. }), "{name}: {error}");
        assert!(!error.to_string().contains("stops"), "the name is not repeated: {error}");
    }
}

#[test]
fn zip_with_too_many_entries() {
    let names: Vec<_> = (0..=limits::ZIP_ENTRIES).map(|number| format!("{number}.txt")).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    let error = gtfs::decode(&zip(&members)).expect_err("too many");
    assert!(matches!(error, FormatError::TooLarge { unit: "entries", .. }), "{error}");
}

#[test]
fn zip_with_a_missing_file() {
    for file in ["agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt"] {
        let error = gtfs::decode(&feed(&[(file, "")])).expect_err(file);
        assert_eq!(error, FormatError::Missing { standard: Standard::Gtfs, what: file });
    }
    let error = gtfs::decode(&feed(&[("calendar.txt", "")])).expect_err("no calendar");
    assert!(error.to_string().contains("calendar.txt or calendar_dates.txt"), "{error}");
    let error =
        gtfs::decode(&feed(&[("stops.txt", "stop_id,stop_name,stop_lon\nA,Alpha,-51\n")])).expect_err("no column");
    assert!(error.to_string().contains("stops.txt column stop_lat"), "{error}");
    let error = gtfs::decode(&feed(&[("trips.txt", "route_id,service_id,trip_id\n")])).expect_err("no trips");
    assert!(error.to_string().contains("a trip with two calls"), "{error}");
    let zone = "agency_name,agency_timezone\nTram Co,Mars/Olympus\n";
    let error = gtfs::decode(&feed(&[("agency.txt", zone)])).expect_err("no such zone");
    assert!(error.to_string().contains("agency_timezone") && !error.to_string().contains("Mars"), "{error}");
}

#[test]
fn truncated_and_flipped_zips_are_read_or_refused() {
    let bytes = recording("gtfs/poa_t1_cut.gtfs.zip");
    for end in (0..bytes.len()).step_by(97) {
        gtfs::decode(&bytes[..end]).expect_err("the directory is at the end");
    }
    for at in (0..bytes.len()).step_by(61) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        if let Ok((timetable, tally)) = gtfs::decode(&flipped) {
            assert!(!timetable.trips.is_empty() && tally.received > 0);
        }
    }
}

fn cap_with(before: &str, event: &str) -> Vec<u8> {
    format!(
        "{before}<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>i</identifier><sender>s</sender>\
         <sent>2024-04-30T10:00:00-03:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>\
         <info><category>Met</category><event>{event}</event></info></alert>"
    )
    .into_bytes()
}

#[test]
fn cap_with_a_dtd() {
    let dtd = "<!DOCTYPE alert SYSTEM 'http://127.0.0.1/evil.dtd'>";
    let error = cap::decode(&cap_with(dtd, "Flood"), &[]).expect_err("a DTD");
    assert!(matches!(error, FormatError::Unsupported { what: "a DOCTYPE", .. }), "{error}");
    let error = atom::decode(b"<!DOCTYPE feed><feed xmlns='http://www.w3.org/2005/Atom'/>").expect_err("a DTD");
    assert_eq!(error.reason(), Reason::Unsupported);
}

#[test]
fn cap_with_entities() {
    let laughs = "<!DOCTYPE a [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c SYSTEM 'file:///etc/passwd'>]>";
    let error = cap::decode(&cap_with(laughs, "&b;&c;"), &[]).expect_err("entities");
    assert!(matches!(error, FormatError::Unsupported { what: "a DOCTYPE", .. }), "{error}");
    let error = cap::decode(&cap_with("", "&secret;"), &[]).expect_err("an entity");
    assert!(matches!(error, FormatError::Unsupported { what: "an entity of its own", .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn cap_of_a_million_elements() {
    let error = cap::decode(&cap_with("", &"<b/>".repeat(1_000_000)), &[]).expect_err("too many");
    assert!(matches!(error, FormatError::TooLarge { unit: "elements", .. }), "{error}");
    let error = cap::decode(&cap_with("", &"<b>".repeat(100_000)), &[]).expect_err("too deep");
    assert!(matches!(error, FormatError::TooLarge { unit: "levels of elements", .. }), "{error}");
    let error = cap::decode(&cap_with("", &"x".repeat(1_000_000)), &[]).expect_err("too long");
    assert!(matches!(error, FormatError::TooLarge { unit: "bytes of text", .. }), "{error}");
    let error = cap::decode(&vec![b' '; 9 * 1024 * 1024], &[]).expect_err("too long");
    assert!(matches!(error, FormatError::TooLarge { unit: "bytes", .. }), "{error}");
    let attributes: String = (0..100).fold(String::new(), |all, number| all + &format!(" a{number}=''"));
    let error = cap::decode(&cap_with("", &format!("<cap{attributes}/>")), &[]).expect_err("too many");
    assert!(matches!(error, FormatError::TooLarge { unit: "attributes", .. }), "{error}");
}

#[test]
fn cap_with_an_embedded_picture_is_read_without_it() {
    let picture = format!("Flood</event><resource><derefUri>{}</derefUri></resource><event>x", "QUJD".repeat(500_000));
    let (alerts, tally) = cap::decode(&cap_with("", &picture), &[]).expect("XML");
    assert_eq!((alerts.len(), tally.fields_dropped), (1, 1));
}
