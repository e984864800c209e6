//! Instants and intervals as bodies write them (ISO 8601 with a zone).

use city::Time;

use crate::problem::Problem;
use crate::write::field::Field;

/// Characters of one instant: with nanoseconds, an offset and a zone's name in brackets it has some 60.
const INSTANT_CHARS_MAX: usize = 80;

/// Why a text is no instant here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoInstant {
    /// A date and a time, and nobody knows where.
    WithoutZone,
    /// Before 2000 or after 2100.
    OutOfRange,
    /// `23:59:60`: there is no room for it between two milliseconds.
    LeapSecond,
    /// An interval that ends before it starts.
    Backwards,
    /// Anything else.
    Other,
}

impl NoInstant {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::WithoutZone => "expected a time with its zone, as 2024-05-02T13:00:00Z; the zone is never guessed",
            Self::OutOfRange => "expected a time between 2000 and 2100",
            Self::LeapSecond => "expected no leap second, as 23:59:60; send 23:59:59.999 or the next second",
            Self::Backwards => "expected an interval that ends after it starts",
            Self::Other => "expected an ISO 8601 time, as 2024-05-02T13:00:00Z",
        }
    }
}

/// An instant; what is finer than a millisecond is cut off.
pub(crate) fn instant(text: &str) -> Result<Time, NoInstant> {
    if let Some(ms) = utc_ms(text.as_bytes()) {
        return Time::from_ms(ms).ok_or(NoInstant::OutOfRange);
    }
    if text.len() > INSTANT_CHARS_MAX {
        return Err(NoInstant::Other);
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(_) if is_leap_second(text) => Err(NoInstant::LeapSecond),
        Ok(timestamp) => Time::from_ms(timestamp.as_millisecond()).ok_or(NoInstant::OutOfRange),
        Err(_) if text.parse::<jiff::civil::DateTime>().is_ok() => Err(NoInstant::WithoutZone),
        Err(_) => Err(NoInstant::Other),
    }
}

/// Whether the seconds are 60: what reads it would take it for the second before, which has observations of its own.
fn is_leap_second(text: &str) -> bool {
    let time = text.split_once(['T', 't', ' ']).map_or("", |(_, time)| time);
    let clock = time.chars().take_while(|c| c.is_ascii_digit() || *c == ':').filter(char::is_ascii_digit);
    clock.skip(4).eq("60".chars())
}

/// An instant, or an interval `from/to` with its end.
pub(crate) fn instant_or_interval(text: &str) -> Result<(Time, Option<Time>), NoInstant> {
    match text.split_once('/') {
        None => Ok((instant(text)?, None)),
        Some((from, to)) => match (instant(from)?, instant(to)?) {
            (from, to) if from <= to => Ok((from, Some(to))),
            _ => Err(NoInstant::Backwards),
        },
    }
}

impl NoInstant {
    pub(super) fn about(self, field: &Field<'_>) -> Problem {
        Problem::malformed(self.words()).about(field)
    }
}

/// The form that nearly all senders use, `2024-05-02T13:00:00Z` with or without a fraction, in milliseconds since
/// 1970. `None` for every other form, and for what no calendar has.
#[inline]
pub(crate) fn utc_ms(text: &[u8]) -> Option<i64> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    let shape = head[4] == b'-' && head[7] == b'-' && head[10] == b'T' && head[13] == b':' && head[16] == b':';
    if !shape {
        return None;
    }
    let two = |at: usize| {
        let (tens, ones) = (head[at].wrapping_sub(b'0'), head[at + 1].wrapping_sub(b'0'));
        (tens <= 9 && ones <= 9).then(|| i64::from(tens) * 10 + i64::from(ones))
    };
    let (year, month, day) = (two(0)? * 100 + two(2)?, two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    if hour > 23 || minute > 59 || second > 59 || !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    let fraction_ms = match rest {
        b"Z" => 0,
        [b'.', digits @ .., b'Z'] => thousandths(digits)?,
        _ => return None,
    };
    Some(((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction_ms)
}

/// The first three digits of one to nine.
fn thousandths(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |at: usize| digits.get(at).map_or(0, |digit| i64::from(digit - b'0'));
    Some(digit(0) * 100 + digit(1) * 10 + digit(2))
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the Gregorian calendar: the year is taken to begin in March, so that the leap day is its last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let century = year / 400;
    let of_century = year - century * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    century * 146_097 + of_century * 365 + of_century / 4 - of_century / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_of_the_standard_are_read() {
        let at = |text: &str| instant(text).map(Time::ms);
        assert_eq!(at("2012-06-26T03:42:02-0600"), at("2012-06-26T09:42:02Z"), "example 28 of 18-088");
        assert_eq!(at("2010-12-23T10:20:00.00-07:00"), at("2010-12-23T17:20:00Z"));
        assert_eq!(at("2024-02-29T23:59:59.9999Z"), Ok(1_709_251_199_999));
        assert_eq!(at("2024-05-02T13:00:00"), Err(NoInstant::WithoutZone));
        assert_eq!(at("2023-02-29T00:00:00Z"), Err(NoInstant::Other));
        for leap in ["2016-12-31T23:59:60Z", "2016-12-31t23:59:60.5Z", "20161231T235960Z", "2017-01-01T01:59:60+02:00"]
        {
            assert_eq!(at(leap), Err(NoInstant::LeapSecond), "{leap}");
        }
        assert_eq!(at("2016-12-31T23:60:00Z"), Err(NoInstant::Other));
        assert_eq!(at("1999-12-31T00:00:00Z"), Err(NoInstant::OutOfRange));
        assert_eq!(instant_or_interval("2024-05-02T13:00:00Z/2024-05-02T12:00:00Z"), Err(NoInstant::Backwards));
    }

    proptest! {
        #[test]
        fn the_short_way_agrees_with_jiff(ms in 0_i64..=4_102_444_800_000, digits in 0_usize..=9) {
            let timestamp = jiff::Timestamp::from_millisecond(ms).expect("in range");
            let text = format!("{timestamp:.digits$}");
            let wanted = text.parse::<jiff::Timestamp>().expect("a time").as_millisecond();
            prop_assert_eq!(utc_ms(text.as_bytes()), Some(wanted), "{}", text);
        }

        #[test]
        fn what_the_short_way_takes_jiff_takes(text in "[0-9]{4}-[0-9]{2}-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,10})?Z") {
            if let Some(ms) = utc_ms(text.as_bytes()) {
                let wanted = text.parse::<jiff::Timestamp>().expect("a time");
                prop_assert_eq!(wanted.as_nanosecond().div_euclid(1_000_000), i128::from(ms));
            }
        }
    }
}
