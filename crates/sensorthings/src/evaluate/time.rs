//! Instants and intervals: comparison, relation, calendar.
//!
//! An instant is an interval without length, and one rule holds for both (FROST's): with the first from a to b and the
//! second from c to d,
//! `lt` b <= c and a < c (the whole of the first before the second), `gt` the mirror of it,
//! `le` a <= c and b <= d, `ge` the mirror of it, `eq` a = c and b = d.
//! For two instants these are the usual five.

use crate::query::DAY_MS;
use crate::query::expression::Comparison;
use crate::query::function::Function;

/// From and to in milliseconds.
pub(super) type Extent = (i64, i64);

pub(super) fn compare(operator: Comparison, (a, b): Extent, (c, d): Extent) -> bool {
    match operator {
        Comparison::Eq => a == c && b == d,
        Comparison::Ne => a != c || b != d,
        Comparison::Lt => b <= c && a < c,
        Comparison::Gt => a >= d && a > c,
        Comparison::Le => a <= c && b <= d,
        Comparison::Ge => a >= c && b >= d,
    }
}

/// The temporal relations; `None` for a function that is none.
pub(super) fn relation(function: Function, first: Extent, second: Extent) -> Option<bool> {
    let ((a, b), (c, d)) = (first, second);
    Some(match function {
        Function::Before => compare(Comparison::Lt, first, second),
        Function::After => compare(Comparison::Gt, first, second),
        Function::Meets => a == d || b == c,
        // The end of an interval does not belong to it; an instant lies in itself.
        Function::During => c <= a && b <= d && (a < d || c == d),
        Function::Overlaps => (a < d && c < b) || a == c,
        Function::Starts => a == c,
        Function::Finishes => b == d,
        _ => return None,
    })
}

/// Days since 1970-01-01 of an instant, UTC; `None` beyond the calendar.
pub(super) fn date(ms: i64) -> Option<i32> {
    i32::try_from(ms.div_euclid(DAY_MS)).ok()
}

/// Milliseconds since midnight of an instant, UTC.
pub(super) fn time_of_day(ms: i64) -> i32 {
    // invariant: below the milliseconds of a day.
    i32::try_from(ms.rem_euclid(DAY_MS)).unwrap_or_default()
}

/// Year, month and day of days since 1970-01-01; `None` beyond years -9999 to 9999.
pub(super) fn calendar(days: i32) -> Option<(i16, i8, i8)> {
    let epoch = jiff::civil::Date::constant(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    Some((date.year(), date.month(), date.day()))
}

/// The first and the last instant there is, in milliseconds.
pub(super) fn ends() -> Extent {
    (jiff::Timestamp::MIN.as_millisecond(), jiff::Timestamp::MAX.as_millisecond())
}
