//! How fast a data array is read: rows a second on one core, for bodies of loggers that send one row each, and of one
//! logger that sends many. `cargo run --release -p sensorthings --example data_array_speed`
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures, and prints what it measured")]

mod loggers;

use sensorthings::data_array::DataArray;
use sensorthings::problem::Problem;

fn main() {
    for (rows_a_group, groups) in [(1, 5_000), (5_000, 1), (10, 500)] {
        let (rows, body) = (rows_a_group * groups, loggers::body(groups, rows_a_group));
        let median_s = loggers::median_s(rows, || {
            let read = DataArray::parse(body.as_bytes(), |_| Err(Problem::malformed("not plain")));
            read.map_or(0, |array| array.rows.len())
        });
        println!(
            "{groups:5} groups of {rows_a_group:5}: {:6.2} M rows/s, {:6.0} MB/s, {:.3} us a row",
            rows as f64 / median_s / 1e6,
            body.len() as f64 / median_s / 1e6,
            median_s * 1e6 / rows as f64
        );
    }
}
