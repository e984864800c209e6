#![allow(clippy::expect_used, clippy::panic, reason = "a test says what went wrong by failing")]

use city::Time;
use proptest::prelude::*;

use super::*;

/// The same through `serde_json`: a tree, and nothing clever.
fn by_tree(body: &[u8]) -> Option<Vec<Option<(u32, i64, u64)>>> {
    let Value::Array(groups) = serde_json::from_slice(body).ok()? else { return None };
    let mut rows = Vec::new();
    for group in groups {
        let datastream = u32::try_from(whole(group.get("Datastream")?.get("@iot.id")?)?).ok()?;
        if group.get("dataArray@iot.count").is_some_and(|said| whole(said) != length(&group)) {
            return None;
        }
        let components: Vec<&str> = group.get("components")?.as_array()?.iter().filter_map(Value::as_str).collect();
        for row in group.get("dataArray")?.as_array()? {
            let row = row.as_array()?;
            rows.push(if row.len() == components.len() { read(datastream, &components, row) } else { None });
        }
    }
    Some(rows)
}

fn length(group: &Value) -> Option<u64> {
    Some(group.get("dataArray")?.as_array()?.len() as u64)
}

fn whole(id: &Value) -> Option<u64> {
    let number = id.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=1e15).contains(number))?;
    format!("{number}").parse().ok()
}

fn read(datastream: u32, components: &[&str], row: &[Value]) -> Option<(u32, i64, u64)> {
    let of = |name: &str| row.get(components.iter().position(|component| *component == name)?);
    let time: Time = of("phenomenonTime")?.as_str()?.parse().ok()?;
    Some((datastream, time.ms(), of("result")?.as_f64()?.to_bits()))
}

fn by_bytes(body: &[u8]) -> Option<Vec<Option<(u32, i64, u64)>>> {
    let rare = |rare: Rare<'_>| {
        let names: Vec<&str> = rare.members.iter().map(|(name, _)| *name).collect();
        let values: Vec<Value> = rare.members.iter().map(|(_, value)| value.clone()).collect();
        let (datastream, ms, bits) =
            read(rare.datastream.0, &names, &values).ok_or_else(|| Problem::malformed("not plain"))?;
        let phenomenon_time = Time::from_ms(ms).expect("was a time");
        let result = f64::from_bits(bits);
        Ok((Observation { datastream: DatastreamId(datastream), phenomenon_time, result }, Detail::default()))
    };
    let array = DataArray::parse(body, rare).ok()?;
    let mut good = array.rows.iter();
    let row = |row: usize| {
        let refused = array.refused.iter().any(|(refused, _)| *refused == row);
        let good = if refused { None } else { good.next() };
        good.map(|o| (o.datastream.0, o.phenomenon_time.ms(), o.result.to_bits()))
    };
    Some((0..array.count).map(row).collect())
}

fn value() -> impl Strategy<Value = String> {
    let instant = (0_i64..3_000_000_000_000).prop_map(|ms| {
        let time = Time::from_ms(946_684_800_000 + ms).expect("in range");
        format!("\"{time}\"")
    });
    prop_oneof![
        4 => instant,
        3 => any::<f64>().prop_filter("JSON has no other", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        6 => (-1_000_000_i64..1_000_000, 0_u32..6).prop_map(|(n, digits)| {
            format!("{:.*}", digits as usize, n as f64 / 10_f64.powi(i32::try_from(digits).expect("small")))
        }),
        1 => Just("null".to_owned()),
        1 => Just("\"2024-05-01T12:00:00-03:00\"".to_owned()),
        1 => Just("\"2024-05-01T12:00:00\"".to_owned()),
        1 => Just("\"a \\\"b\\\" \\u00e9\"".to_owned()),
        1 => Just("[1, {\"a\": [2]}]".to_owned()),
        1 => Just("01".to_owned()),
        1 => Just("-".to_owned()),
        1 => Just("1.".to_owned()),
        1 => Just("0.1e-7".to_owned()),
    ]
}

/// Groups as a logger writes them: each the same but for its datastream, its count and its rows. Now and then one
/// member has another byte.
fn alike() -> impl Strategy<Value = String> {
    let gap = prop_oneof![3 => Just(""), 1 => Just(" "), 1 => Just("\n")];
    let count = prop_oneof![3 => Just(true), 1 => Just(false)];
    let id = prop_oneof![8 => (0_u32..300).prop_map(|id| id.to_string()), 1 => Just("07".to_owned()),
        1 => Just("4294967296".to_owned()), 1 => Just("4294967295".to_owned()), 1 => Just("7.0".to_owned()), 1 => Just("1e1".to_owned())];
    let row = (value(), value()).prop_map(|(time, result)| format!("[{time},{result}]"));
    let tail = prop_oneof![12 => Just(""), 1 => Just(",\"@iot.x\":1")];
    let group = (id, prop::collection::vec(row, 0..4), tail, prop_oneof![9 => Just(true), 1 => Just(false)]);
    (gap, count, prop::collection::vec(group, 0..7)).prop_map(|(gap, counted, groups)| {
        let write = |(id, rows, tail, right): (String, Vec<String>, &str, bool)| {
            let count = if counted {
                format!("\"dataArray@iot.count\":{gap}{},", rows.len() + usize::from(!right))
            } else {
                String::new()
            };
            format!(
                "{{\"Datastream\":{gap}{{\"@iot.id\":{id}}},\"components\":[\"phenomenonTime\",\"result\"],{count}\
                 {gap}\"dataArray\":[{}]{tail}}}",
                rows.join(",")
            )
        };
        let groups: Vec<String> = groups.into_iter().map(write).collect();
        format!("[{}]", groups.join(&format!(",{gap}")))
    })
}

fn group() -> impl Strategy<Value = String> {
    let components = prop_oneof![
        6 => Just(vec!["phenomenonTime", "result"]),
        2 => Just(vec!["result", "phenomenonTime"]),
        1 => Just(vec!["phenomenonTime", "result", "resultTime"]),
        1 => Just(vec!["result"]),
    ];
    let gap = prop_oneof![Just(""), Just(" "), Just("\n\t")];
    (0_u32..9, components, prop::collection::vec(prop::collection::vec(value(), 0..4), 0..5), gap, any::<u8>())
        .prop_map(|(id, components, rows, gap, order)| {
            let width = components.len();
            let rows: Vec<String> = rows
                .into_iter()
                .map(|mut row| {
                    if row.len() > width || order % 8 != 0 {
                        row.resize(width, "1.5".to_owned());
                    }
                    format!("[{gap}{}{gap}]", row.join(","))
                })
                .collect();
            let mut members = [
                format!("\"Datastream\":{gap}{{\"@iot.id\":{id}}}"),
                format!(
                    "\"components\": [{}]",
                    components.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ")
                ),
                format!("\"dataArray@iot.count\":{}", rows.len()),
                format!("\"dataArray\":{gap}[{}]", rows.join(",")),
            ];
            members.rotate_left(usize::from(order % 4));
            format!("{{{}}}", members.join(&format!("{gap},")))
        })
}

proptest! {
    #[test]
    fn bytes_and_tree_read_the_same(groups in prop::collection::vec(group(), 0..4)) {
        let body = format!("[{}]", groups.join(","));
        prop_assert_eq!(by_bytes(body.as_bytes()), by_tree(body.as_bytes()), "{}", body);
    }

    #[test]
    fn groups_that_are_written_alike_read_the_same(body in alike(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        prop_assert_eq!(by_bytes(body.as_bytes()), by_tree(body.as_bytes()), "{}", body);
        let mut body = body.into_bytes();
        let at = at.index(body.len());
        if let Some(slot) = body.get_mut(at) { *slot = byte; }
        let (bytes, tree) = (by_bytes(&body), by_tree(&body));
        if bytes.is_some() { prop_assert_eq!(&bytes, &tree, "{}", String::from_utf8_lossy(&body)); }
    }

    #[test]
    fn broken_bodies_are_refused_and_never_a_panic(groups in prop::collection::vec(group(), 1..3), cut in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = format!("[{}]", groups.join(",")).into_bytes();
        let at = cut.index(body.len());
        let whole = by_bytes(&body);
        if let Some(slot) = body.get_mut(at) { *slot = byte; }
        // Where the tree can be read, so can the bytes, and the same way; where not, all of it is refused.
        let (bytes, tree) = (by_bytes(&body), by_tree(&body));
        if bytes.is_some() { prop_assert_eq!(&bytes, &tree, "{}", String::from_utf8_lossy(&body)); }
        body.truncate(at);
        prop_assert!(by_bytes(&body).is_none() || at == 0 && whole.is_none());
    }

    #[test]
    fn numbers_are_those_of_the_standard_library(text in "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?") {
        let exact: f64 = text.parse().expect("a number");
        prop_assert_eq!(number::parse(text.as_bytes()).map(f64::to_bits), exact.is_finite().then_some(exact.to_bits()));
        if let Some((number, length)) = number::short(format!("{text}]").as_bytes()) {
            prop_assert_eq!((number.to_bits(), length), (exact.to_bits(), text.len()));
        }
    }
}

#[test]
fn what_is_no_number_of_json_is_none() {
    for text in
        ["", "-", "+1", "01", "-01", ".5", "1.", "1.e5", "1e", "1e+", "0x10", "NaN", "Infinity", "1_0", "1 2", "--1"]
    {
        assert_eq!(number::parse(text.as_bytes()), None, "{text:?}");
        let whole = |(_, length): &(f64, usize)| *length == text.len();
        assert_eq!(number::short(format!("{text},").as_bytes()).filter(whole), None, "{text:?}");
    }
    assert_eq!(number::parse(b"1e400"), None, "no finite one");
    assert_eq!(number::parse(b"-0").map(f64::to_bits), Some((-0.0_f64).to_bits()));
}

#[test]
fn a_group_says_each_thing_once_whichever_way_it_is_read() {
    let good = r#"{"Datastream":{"@iot.id":1},"components":["phenomenonTime","result"],"dataArray":[["2024-05-01T12:00:00Z",1]]}"#;
    let twice = good.replace("]]}", r#"]],"dataArray":[["2024-05-01T12:01:00Z",2]]}"#);
    // The second is read by comparing it with the first.
    for body in [format!("[{twice}]"), format!("[{good},{twice}]")] {
        let problem = DataArray::parse(body.as_bytes(), |_| Err(Problem::malformed("rare"))).expect_err(&body);
        assert_eq!((problem.status, problem.field.as_deref()), (400, Some("dataArray")));
    }
}

#[test]
fn a_body_that_is_no_data_array_says_where() {
    let wrong = |body: &str| DataArray::parse(body.as_bytes(), |_| Err(Problem::malformed("rare"))).expect_err(body);
    assert_eq!(wrong("{}").detail, "byte 0: expected an array of groups");
    assert_eq!(wrong("[{}]").field.as_deref(), Some("Datastream"));
    let start = r#"[{"Datastream":{"@iot.id":1},"components":["phenomenonTime","result"],"#;
    assert_eq!(wrong(&format!("{start}\"dataArray\":[5]}}]")).status, 400);
    assert_eq!(wrong(&format!("{start}\"data\":[]}}]")).field.as_deref(), Some("data"));
    assert_eq!(wrong(r#"[{"Datastream":{"@iot.id":"one"}}]"#).field.as_deref(), Some("Datastream"));
    assert_eq!(wrong(r#"[{"Datastream":{"@iot.id":4294967296}}]"#).field.as_deref(), Some("Datastream"));
    let no_text =
        b"[{\"Datastream\":{\"@iot.id\":1},\"components\":[\"result\"],\"dataArray@x\":\"\xd8\",\"dataArray\":[]}]";
    let refused = DataArray::parse(no_text, |_| Err(Problem::malformed("rare"))).expect_err("no UTF-8");
    assert_eq!(refused.status, 400, "found by the fuzzer");
    assert_eq!(wrong(r#"[{"MultiDatastream":{"@iot.id":1}}]"#).status, 501);
    assert_eq!(wrong(&format!("{start}\"dataArray\":{}", "[".repeat(100_000))).status, 400);
}
