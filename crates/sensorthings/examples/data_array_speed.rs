//! How fast a data array is read: rows a second on one core, for bodies of loggers that send one row each, and of one
//! logger that sends many. `cargo run --release -p sensorthings --example data_array_speed`
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures, and prints what it measured")]

use std::fmt::Write as _;
use std::time::Instant;

use sensorthings::data_array::DataArray;
use sensorthings::problem::Problem;

/// Times that each body is read; the median is told.
const PASSES: usize = 41;

fn main() {
    for (rows_a_group, groups) in [(1, 5_000), (5_000, 1), (10, 500)] {
        let body = body(rows_a_group, groups);
        let mut spent: Vec<f64> = (0..PASSES)
            .map(|_| {
                let start = Instant::now();
                let read = DataArray::parse(body.as_bytes(), |_| Err(Problem::malformed("not plain")));
                let rows = read.map_or(0, |array| array.rows.len());
                assert_eq!(rows, rows_a_group * groups, "every row is read");
                start.elapsed().as_secs_f64()
            })
            .collect();
        spent.sort_by(f64::total_cmp);
        let median = spent.get(PASSES / 2).copied().unwrap_or(f64::NAN);
        let rows = (rows_a_group * groups) as f64;
        println!(
            "{groups:5} groups of {rows_a_group:5}: {:6.2} M rows/s, {:6.0} MB/s, {:.3} us a row",
            rows / median / 1e6,
            body.len() as f64 / median / 1e6,
            median * 1e6 / rows
        );
    }
}

fn body(rows_a_group: usize, groups: usize) -> String {
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
