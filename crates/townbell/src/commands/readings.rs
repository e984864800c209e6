//! Readings out of a CSV file: a column of times (RFC 3339) and one of numbers.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};
use city::Time;
use flate2::read::GzDecoder;

/// Reads times from the first column and numbers from the column `result`, from the column named `result` or, when
/// there is neither, from the second. Lines that are neither are counted and told. In the order of time.
///
/// # Errors
/// When the file cannot be read, or holds no reading.
pub fn read(path: &Path, column: Option<&str>) -> anyhow::Result<Vec<(Time, f64)>> {
    let cannot = || format!("{} cannot be read", path.display());
    let file = File::open(path).with_context(cannot)?;
    let bytes: Box<dyn Read> = match path.extension() {
        Some(extension) if extension == "gz" => Box::new(GzDecoder::new(file)),
        _ => Box::new(file),
    };
    let mut lines = BufReader::new(bytes).lines();
    let header = loop {
        match lines.next().transpose().with_context(cannot)? {
            Some(line) if line.starts_with('#') => {}
            line => break line.unwrap_or_default(),
        }
    };
    let columns: Vec<&str> = header.trim_end().split(',').collect();
    let named = |wanted: &str| columns.iter().position(|name| *name == wanted);
    let at = match column {
        Some(column) if named(column).is_some() => named(column),
        _ => named("result").or((columns.len() == 2).then_some(1)),
    };
    let Some(at) = at.filter(|at| *at > 0) else {
        bail!("{}: expected a column `result`; there are {}", path.display(), columns.join(", "));
    };
    let mut readings = Vec::new();
    let mut refused = 0u64;
    for line in lines {
        let line = line.with_context(cannot)?;
        let mut cells = line.trim_end().split(',');
        let time = cells.next().and_then(|text| text.parse::<Time>().ok());
        let value = cells.nth(at - 1).and_then(|text| text.parse::<f64>().ok()).filter(|value| value.is_finite());
        match (time, value) {
            (Some(time), Some(value)) => readings.push((time, value)),
            _ => refused += 1,
        }
    }
    if refused > 0 {
        eprintln!("{}: {refused} lines without a time and a number left out", path.display());
    }
    if readings.is_empty() {
        bail!("{}: expected lines with a time (RFC 3339) and a number, found none", path.display());
    }
    readings.sort_by_key(|(time, _)| *time);
    Ok(readings)
}
