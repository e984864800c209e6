//! What the measurements of data arrays share: the body of many loggers, and how long it takes to read.

use std::fmt::Write as _;
use std::time::Instant;

/// Times that a body is read; the median is told.
const PASSES: usize = 41;

/// A data array: groups of one datastream each, and rows in each, a second apart.
pub(crate) fn body(groups: usize, rows_a_group: usize) -> String {
    let mut body = String::from("[");
    for group in 0..groups {
        let comma = if group == 0 { "" } else { "," };
        let _written = write!(
            body,
            "{comma}{{\"Datastream\":{{\"@iot.id\":{}}},\"components\":[\"phenomenonTime\",\"result\"],\
             \"dataArray@iot.count\":{rows_a_group},\"dataArray\":[",
            group + 1
        );
        for row in 0..rows_a_group {
            let comma = if row == 0 { "" } else { "," };
            let (minute, second) = (row / 60 % 60, row % 60);
            let value = (row * 7 + group * 13) % 400;
            let _written =
                write!(body, "{comma}[\"2013-03-01T00:{minute:02}:{second:02}Z\",{}.{}]", value / 10, value % 10);
        }
        body.push_str("]}");
    }
    body.push(']');
    body
}

/// How many seconds `read` takes, which gives how many rows it read.
pub(crate) fn median_s(rows: usize, read: impl Fn() -> usize) -> f64 {
    let pass = |_| {
        let start = Instant::now();
        assert_eq!(read(), rows, "every row is read");
        start.elapsed().as_secs_f64()
    };
    let mut spent: Vec<f64> = (0..PASSES).map(pass).collect();
    spent.sort_by(f64::total_cmp);
    spent.get(PASSES / 2).copied().unwrap_or(f64::NAN)
}
