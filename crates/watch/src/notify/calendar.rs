//! Clocks of the city to instants, right across the nights on which they change.

use city::{Repeat, Silence, Span, Time};
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::notify::config::Hours;

/// How far back a window that still lasts may have begun: its longest length, and a day for the clocks.
const DAYS_BACK: i64 = 8;
/// How far ahead the next window begins at the latest: a week, and a day for the clocks.
const DAYS_AHEAD: i64 = 8;

/// The instant at which the clocks show `minute` (after midnight) on a day: where they skip it, when they have
/// skipped; where they show it twice, the first.
pub(crate) fn instant(date: Date, minute: u16, zone: &TimeZone) -> Option<Time> {
    let minute = minute.min(24 * 60 - 1);
    let clock = date.at(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0);
    let timestamp = match zone.to_ambiguous_timestamp(clock).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(clock).ok()?,
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(clock).ok()?,
        AmbiguousOffset::Gap { after, .. } => {
            // Read with the offset of after the jump, a skipped minute lies before the jump.
            let before = after.to_timestamp(clock).ok()?;
            zone.following(before).next()?.timestamp()
        }
    };
    Time::from_ms(timestamp.as_millisecond())
}

/// The day on the calendars of the city.
pub(crate) fn day(at: Time, zone: &TimeZone) -> Date {
    zone.to_datetime(at.timestamp()).date()
}

fn days_from(date: Date, back: i64, ahead: i64) -> impl Iterator<Item = Date> {
    (-back..=ahead).filter_map(move |days| date.checked_add(jiff::Span::new().days(days)).ok())
}

fn on_weekday(weekdays: u8, date: Date) -> bool {
    let bit = u32::from(date.weekday().to_monday_zero_offset().unsigned_abs());
    weekdays >> bit & 1 == 1
}

/// When the hours that hold now end; `None` when they do not hold. `fits` says on which days they may begin.
pub(crate) fn hours_until(hours: Hours, at: Time, zone: &TimeZone, fits: impl Fn(Date) -> bool) -> Option<Time> {
    let begins = days_from(day(at, zone), 1, 0).filter(|date| on_weekday(hours.weekdays, *date) && fits(*date));
    let ends = begins.filter_map(|date| {
        let from = instant(date, hours.from_min, zone)?;
        let last = if hours.to_min > hours.from_min { date } else { date.tomorrow().ok()? };
        let to = instant(last, hours.to_min, zone)?;
        (from <= at && at < to).then_some(to)
    });
    ends.max()
}

fn begins(repeat: Repeat, around: Time, zone: &TimeZone, back: i64, ahead: i64) -> impl Iterator<Item = Time> {
    let dates = days_from(day(around, zone), back, ahead).filter(move |date| on_weekday(repeat.weekdays, *date));
    dates.filter_map(move |date| instant(date, repeat.begins_min, zone))
}

/// When the window that lasts now ends; of several the last.
fn repeat_until(repeat: Repeat, at: Time, zone: &TimeZone) -> Option<Time> {
    let lasts = Span::min(i64::from(repeat.lasts_min.min(Repeat::LASTS_MIN_MAX)));
    let now = begins(repeat, at, zone, DAYS_BACK, 0).filter(|begin| *begin <= at && at < *begin + lasts);
    now.map(|begin| begin + lasts).max()
}

/// Until when a silence keeps quiet without a break, if it does now.
pub fn quiet_until(silence: &Silence, at: Time, zone: &TimeZone) -> Option<Time> {
    if at < silence.from || at >= silence.until {
        return None;
    }
    match silence.repeat {
        None => Some(silence.until),
        Some(repeat) => repeat_until(repeat, at, zone).map(|end| end.min(silence.until)),
    }
}

/// The next instant after `at` at which a silence begins or stops keeping quiet; `None` when it is over.
pub fn next_edge(silence: &Silence, at: Time, zone: &TimeZone) -> Option<Time> {
    if at >= silence.until {
        return None;
    }
    if at < silence.from {
        return Some(silence.from);
    }
    if let Some(end) = quiet_until(silence, at, zone) {
        return Some(end);
    }
    let ahead = |repeat| begins(repeat, at, zone, 0, DAYS_AHEAD).find(|begin| *begin > at);
    let begin = silence.repeat.and_then(ahead);
    Some(begin.map_or(silence.until, |begin| begin.min(silence.until)))
}
