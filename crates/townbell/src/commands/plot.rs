//! A series as text: columns from its lowest to its highest reading, and below them when an alert stood.

use city::Time;
use jiff::tz::TimeZone;

use crate::tell::rules::BacktestView;

/// Columns: with the scale beside it, it fits a terminal of 100.
const COLUMNS: usize = 88;
/// Lines.
const LINES: usize = 12;

/// Prints the rule's first series over the backtest; nothing for a rule without one.
pub(super) fn print(view: &BacktestView, zone: &TimeZone) {
    let (Some(first), Some(last)) = (view.shape.first(), view.shape.last()) else { return };
    let (from_ms, to_ms) = (first.0, last.0.max(first.0 + 1));
    let share = |part: f64, whole: f64, places: usize| place(part / whole.max(f64::EPSILON), places);
    let column = |ms: i64| share((ms - from_ms) as f64, (to_ms - from_ms) as f64, COLUMNS);
    let low = view.shape.iter().map(|(_, low, _)| *low).fold(f64::INFINITY, f64::min);
    let high = view.shape.iter().map(|(_, _, high)| *high).fold(f64::NEG_INFINITY, f64::max);
    let line = |value: f64| share(value - low, high - low, LINES);
    let mut columns: Vec<Option<(usize, usize)>> = vec![None; COLUMNS];
    for (ms, lowest, highest) in &view.shape {
        if let Some(cell) = columns.get_mut(column(*ms)) {
            let (down, up) = (line(*lowest), line(*highest));
            *cell = Some(cell.map_or((down, up), |(low, high)| (low.min(down), high.max(up))));
        }
    }
    println!();
    for at in (0..LINES).rev() {
        let drawn: String = columns
            .iter()
            .map(|cell| if cell.is_some_and(|(low, high)| (low..=high).contains(&at)) { '█' } else { ' ' })
            .collect();
        let value = low + (high - low) * at as f64 / (LINES - 1) as f64;
        println!("{value:>9.2} {}", drawn.trim_end());
    }
    let mut rang = vec![' '; COLUMNS];
    for ring in &view.rings {
        let begin = column(ring.opened.ms().clamp(from_ms, to_ms));
        let end = column(ring.resolved.map_or(to_ms, Time::ms).clamp(from_ms, to_ms));
        for place in begin..=end {
            if let Some(mark) = rang.get_mut(place)
                && *mark != '▲'
            {
                *mark = if place == begin { '▲' } else { '─' };
            }
        }
    }
    println!("{:>9} {}", "rang", rang.into_iter().collect::<String>().trim_end());
    let day = |ms: i64| {
        let time = Time::from_ms(ms).map(|time| time.timestamp().to_zoned(zone.clone()));
        time.map_or(String::new(), |time| time.strftime("%Y-%m-%d").to_string())
    };
    println!("{:>9} {}{:>width$}", "", day(from_ms), day(to_ms), width = COLUMNS - 10);
}

/// The place of a share, 0 to 1, among so many.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last place")]
fn place(share: f64, places: usize) -> usize {
    let last = (places - 1) as f64;
    (share * last).round().clamp(0.0, last) as usize
}
