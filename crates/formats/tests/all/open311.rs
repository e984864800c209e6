//! Open311: a request with every field, what servers do otherwise, and what never comes through.

use city::{GridCell, Position, Reason, RequestStatus, ServiceRequest, Tally};
use formats::{FormatError, open311};
use proptest::prelude::*;

use crate::support::recording;

fn read(bytes: &[u8]) -> (Vec<ServiceRequest>, Tally) {
    let (requests, tally) = open311::decode(bytes).expect("a list of requests");
    assert_eq!(requests.len() as u64 + tally.rejected_total(), tally.received);
    (requests, tally)
}

/// One request in JSON, with some fields changed (an empty value takes the field out).
fn json(changes: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("service_request_id", "\"24-0017\""),
        ("status", "\"closed\""),
        ("service_code", "\"flood\""),
        ("requested_datetime", "\"2024-05-02T06:37:38-03:00\""),
        ("lat", "-30.0312218"),
        ("long", "-51.2351145"),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    fields.retain(|(_, value)| !value.is_empty());
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn list(items: &[String]) -> Vec<u8> {
    format!("[{}]", items.join(",")).into_bytes()
}

#[test]
fn a_request_with_every_field_becomes_a_cell_and_an_hour() {
    let (requests, tally) = read(&recording("open311/requests.xml"));
    let cell = GridCell::of(Position { longitude: -51.235_114_5, latitude: -30.031_221_8 });
    let expected = ServiceRequest {
        id: "24-0017".into(),
        code: "flood".into(),
        cell,
        hour: "2024-05-02T09:00:00Z".parse().expect("a time"),
        status: RequestStatus::Closed,
    };
    assert_eq!(requests[0], expected);
    assert_eq!((requests.len(), requests[1].status), (2, RequestStatus::Open));
    assert_eq!(tally.fields_dropped, 2 * 11);
    assert!(!format!("{requests:?}").contains("CANARY") && !format!("{requests:?}").contains("30.03"));
    assert_eq!(read(&list(&[json(&[])])).0, requests[..1], "JSON says the same");
}

#[test]
fn what_servers_do_otherwise_is_read() {
    let plain = read(&list(&[json(&[])])).0;
    let dialects = [
        format!("{{\"service_requests\":[{}]}}", json(&[])),
        format!("{{\"requests\":[{}],\"total\":1}}", json(&[])),
        json(&[]),
        json(&[("service_code", "[\"flood\"]"), ("lat", "[\"-30.0312218\"]")]),
        json(&[("status", "\"CLOSED\""), ("long", "\" -51.2351145 \"")]),
        format!("\u{feff} {}", json(&[("description", "{\"a\":[1,{\"b\":null}]}"), ("media_url", "[]")])),
    ];
    for dialect in dialects {
        assert_eq!(read(dialect.as_bytes()).0, plain, "{dialect}");
    }
    let number = read(&list(&[json(&[("service_request_id", "638344")])])).0;
    assert_eq!(number[0].id.as_str(), "638344");
    assert_eq!(read(b"[]").0, []);
    assert_eq!(read(b"<service_requests></service_requests>").0, []);
    assert_eq!(read(b"<service_requests type='array'/>").0, []);
}

#[test]
fn each_request_that_cannot_be_counted_is_refused_for_its_reason() {
    let cases = [
        ("service_request_id", "", Reason::MissingField),
        ("service_request_id", "\"\"", Reason::MissingField),
        ("service_code", "null", Reason::MissingField),
        ("lat", "", Reason::MissingField),
        ("lat", "91", Reason::OutOfRange),
        ("long", "\"east\"", Reason::OutOfRange),
        ("lat", "\"NaN\"", Reason::OutOfRange),
        ("requested_datetime", "\"2024-05-02 06:37:38\"", Reason::BadTime),
        ("requested_datetime", "\"1970-01-01T00:00:00Z\"", Reason::BadTime),
        ("status", "\"in progress\"", Reason::Unsupported),
        ("status", "{\"is\":\"open\"}", Reason::Malformed),
        ("service_code", "[\"1\",\"2\"]", Reason::Malformed),
        ("service_code", "true", Reason::Malformed),
    ];
    for (field, value, reason) in cases {
        let (requests, tally) = read(&list(&[json(&[(field, value)]), json(&[])]));
        assert_eq!((requests.len(), tally.rejected.get(&reason)), (1, Some(&1)), "{field} {value}: {tally:?}");
    }
    let long = format!("\"{}\"", "x".repeat(300));
    let (_, tally) = read(&list(&[json(&[("service_code", &long)])]));
    assert_eq!(tally.rejected.get(&Reason::TooLarge), Some(&1));
    let (requests, tally) = read(&list(&["1".into(), "null".into(), "[{}]".into(), "\"a\"".into(), json(&[])]));
    assert_eq!((requests.len(), tally.rejected.get(&Reason::Malformed)), (1, Some(&4)));
    let (requests, tally) = read(b"<service_requests><other/><request/></service_requests>");
    assert_eq!((requests.len(), tally.received, tally.rejected_total()), (0, 2, 2));
}

#[test]
fn an_answer_that_is_no_list_of_requests_is_refused_whole() {
    let errors = [
        "[{\"code\":400,\"description\":\"CANARY\"}]",
        "{\"errors\":[{\"code\":400}]}",
        "<errors><error><code>400</code><description>CANARY</description></error></errors>",
    ];
    for errors in errors {
        let error = open311::decode(errors.as_bytes()).expect_err(errors);
        assert!(matches!(error, FormatError::Unsupported { .. }) && !error.to_string().contains("CANARY"), "{error}");
    }
    let (missing, not_json, html) =
        (b"{\"a\":1}".as_slice(), b"CANARY".as_slice(), b"<html><p>CANARY</p></html>".as_slice());
    assert!(matches!(open311::decode(missing).expect_err("no list"), FormatError::Missing { .. }));
    for bytes in [not_json, html, b"", b"3", b"[{\"lat\":1,}]"] {
        let error = open311::decode(bytes).expect_err("no requests");
        assert!(matches!(error, FormatError::Malformed { .. }) && !error.to_string().contains("CANARY"), "{error}");
    }
}

#[test]
fn an_answer_without_an_end_is_refused() {
    let most = formats::limits::OPEN311_REQUESTS;
    let error = open311::decode(&list(&vec!["{}".to_owned(); most + 1])).expect_err("too many");
    assert!(
        matches!(error, FormatError::TooLarge { unit: "requests", found, .. } if found == most as u64 + 1),
        "{error}"
    );
    let many = format!("<service_requests>{}</service_requests>", "<request/>".repeat(most + 1));
    assert!(matches!(open311::decode(many.as_bytes()).expect_err("too many"), FormatError::TooLarge { .. }));
    let bytes = vec![b' '; usize::try_from(formats::limits::OPEN311_BYTES).expect("fits") + 1];
    assert!(matches!(open311::decode(&bytes).expect_err("too long"), FormatError::TooLarge { unit: "bytes", .. }));
    let deep = "[".repeat(100_000);
    assert!(matches!(open311::decode(deep.as_bytes()).expect_err("too deep"), FormatError::Malformed { .. }));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the request, XML and JSON say the same, and its place is told to a kilometre and its time to the hour.
    #[test]
    fn both_forms_say_the_same_and_no_more_than_they_may(
        id in "[A-Za-z0-9:-]{1,40}", code in "[A-Za-z0-9 &<>-]{1,20}x", open in any::<bool>(),
        longitude in -180.0..180.0_f64, latitude in -89.0..89.0_f64, second in 0..2_000_000_000_i64,
        text in "[^\\p{C}]{0,40}",
    ) {
        let when = city::Time::from_ms(946_684_800_000 + second * 1000).expect("a time");
        let status = if open { "open" } else { "closed" };
        let quote = |text: &str| serde_json::Value::from(text).to_string();
        let fields = [("service_request_id", id.trim()), ("service_code", code.trim()), ("status", status), ("description", &text)];
        let object: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{}", quote(value))).collect();
        let json = format!("[{{{},\"lat\":{latitude},\"long\":{longitude},\"requested_datetime\":\"{when}\"}}]", object.join(","));
        let elements: Vec<String> =
            fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value))).collect();
        let elements = elements.concat();
        let xml = format!(
            "<service_requests><request>{elements}<lat>{latitude}</lat><long>{longitude}</long>\
             <requested_datetime>{when}</requested_datetime></request></service_requests>"
        );
        let ((from_json, tally), (from_xml, _)) = (read(json.as_bytes()), read(xml.as_bytes()));
        prop_assert_eq!(tally.rejected_total(), 0);
        prop_assert_eq!(&from_json, &from_xml);
        let request = &from_json[0];
        prop_assert_eq!((request.id.as_str(), request.code.as_str()), (id.trim(), code.trim()));
        let off_m = request.cell.centre().distance_m(Position { longitude, latitude });
        prop_assert!(off_m < 1000.0 && request.hour <= when && request.hour.ms() % 3_600_000 == 0);
    }
}
