//! Numbers, instants, intervals, days, times of the day and durations, as a query writes them.

use crate::query::expression::Literal;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// How many bytes from the start of `rest` belong to a number or a time.
///
/// A zone east of Greenwich is written with `+`, which a query string turns into a space where the client did not
/// encode it: a local time with a space and `02:00` behind it is taken as one, since nothing else can stand there.
pub(crate) fn length(rest: &str) -> usize {
    let run = |from: usize| {
        let more = rest.as_bytes().get(from..).unwrap_or_default();
        more.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-:./".contains(byte)).count()
    };
    let mut length = run(0);
    // Twice: both ends of an interval can have lost their sign.
    for _ in 0..2 {
        let last = rest[..length].rsplit('/').next().unwrap_or_default();
        if is_local(last) && lost_plus(&rest[length..]) {
            length += 6 + run(length + 6);
        }
    }
    length
}

/// A date and a time without a zone behind it.
fn is_local(text: &str) -> bool {
    let time = text.split_once(['T', 't']).map_or("", |(_, time)| time);
    time.len() >= 5 && time.bytes().all(|byte| byte.is_ascii_digit() || b":.".contains(&byte))
}

fn lost_plus(rest: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit();
    matches!(rest.as_bytes(), [b' ', a, b, b':', c, d, ..] if digit(*a) && digit(*b) && digit(*c) && digit(*d))
}

/// Reads a number or a time. Err: what was expected, and what was found.
pub(crate) fn literal(text: &str) -> Result<Literal, (&'static str, &'static str)> {
    if let Some((from, to)) = text.split_once('/') {
        return match (instant(from)?, instant(to)?) {
            (from, to) if from <= to => Ok(Literal::Interval(from, to)),
            _ => Err(("an interval that ends after it starts", "one that ends before")),
        };
    }
    if text.contains(['T', 't']) {
        return instant(text).map(Literal::Instant);
    }
    if let Some(date) = date(text) {
        return Ok(Literal::Date(date));
    }
    if text.contains(':') {
        return time_of_day(text).map(Literal::TimeOfDay).ok_or(("a time of the day, as 12:30:00", "another word"));
    }
    let well_formed = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match text.parse::<f64>() {
        Ok(number) if well_formed && number.is_finite() => Ok(Literal::Number(number)),
        _ => Err(("a number or a time", "another word that begins with a digit")),
    }
}

/// An instant in milliseconds, its finer fractions cut off. The zone is never guessed.
fn instant(text: &str) -> Result<i64, (&'static str, &'static str)> {
    const EXPECTED: &str = "an instant with its zone, as 2010-06-01T00:00:00Z";
    if is_local(text) {
        return Err((EXPECTED, "one without its zone"));
    }
    // A space that a lost plus has left.
    let mended = text.replace(' ', "+");
    let timestamp = mended.parse::<jiff::Timestamp>().map_err(|_| (EXPECTED, "something else"))?;
    Ok(timestamp.as_nanosecond().div_euclid(1_000_000).try_into().unwrap_or_default())
}

/// A day as days since 1970-01-01.
fn date(text: &str) -> Option<i32> {
    let shape = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = shape.then(|| text.parse::<jiff::civil::Date>().ok()).flatten()?;
    let since = date.since(jiff::civil::Date::constant(1970, 1, 1)).ok()?;
    Some(since.get_days())
}

fn time_of_day(text: &str) -> Option<i32> {
    let mut parts = text.split(':');
    let mut two = |most: i32| {
        let part = parts.next()?;
        (part.len() == 2).then(|| part.parse::<i32>().ok()).flatten().filter(|value| (0..=most).contains(value))
    };
    let (hour, minute) = (two(23)?, two(59)?);
    let second_ms = match parts.next() {
        None => 0,
        Some(second) => millis(second, 2).filter(|ms| *ms < 60_000)?,
    };
    let whole = parts.next().is_none();
    whole.then(|| (hour * 60 + minute) * 60_000 + i32::try_from(second_ms).unwrap_or_default())
}

/// Seconds with their fraction, in milliseconds; `digits` before the point, 0 for any number of them.
fn millis(text: &str, digits: usize) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').map_or((text, "0"), |(whole, fraction)| (whole, fraction));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || (digits != 0 && whole.len() != digits) {
        return None;
    }
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(thousandths.parse().ok()?)
}

/// A duration in milliseconds: `P1DT2H3M4.5S`, `-PT5M`, `P2W`. Years and months have no fixed length and are refused.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let text = text.strip_prefix('P')?;
    let (days, clock) = text.split_once('T').map_or((text, None), |(days, clock)| (days, Some(clock)));
    let mut total = parts(days, &[('W', 7 * DAY_MS), ('D', DAY_MS)])?;
    match clock {
        Some("") => return None,
        Some(clock) => total = total.checked_add(parts(clock, &[('H', 3_600_000), ('M', 60_000), ('S', 1000)])?)?,
        None if days.is_empty() => return None,
        None => {}
    }
    Some(if negative { -total } else { total })
}

/// Numbers each with its unit, in the order of the units, none of them twice.
fn parts(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut total = 0_i64;
    for (unit, length_ms) in units {
        let Some((number, rest)) = text.split_once(*unit) else { continue };
        let ms = if *unit == 'S' {
            millis(number, 0)?
        } else {
            let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| number.parse::<i64>().ok()).flatten()?.checked_mul(*length_ms)?
        };
        total = total.checked_add(ms)?;
        text = rest;
    }
    text.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Literal, (&'static str, &'static str)> {
        literal(&text[..length(text)])
    }

    #[test]
    fn times_of_the_standard_are_read() {
        assert_eq!(read("2010-06-01T00:00:00Z le"), Ok(Literal::Instant(1_275_350_400_000)));
        assert_eq!(read("2010-06-01T02:00:00+02:00)"), Ok(Literal::Instant(1_275_350_400_000)));
        assert_eq!(read("2010-06-01T00:00:00.0019Z"), Ok(Literal::Instant(1_275_350_400_001)));
        assert_eq!(read("1969-12-31T23:59:59.9999Z"), Ok(Literal::Instant(-1)), "cut off downwards");
        let interval = Literal::Interval(1_275_350_400_000, 1_275_354_000_000);
        assert_eq!(read("2010-06-01T00:00:00Z/2010-06-01T01:00:00Z"), Ok(interval));
        assert_eq!(read("1970-01-02"), Ok(Literal::Date(1)));
        assert_eq!(read("12:30:00.5"), Ok(Literal::TimeOfDay(45_000_500)));
        assert_eq!(read("-2.5e-3"), Ok(Literal::Number(-0.0025)));
    }

    #[test]
    fn a_plus_that_became_a_space_is_mended() {
        assert_eq!(read("2010-06-01T02:00:00 02:00 and"), Ok(Literal::Instant(1_275_350_400_000)));
        let interval = Literal::Interval(1_275_350_400_000, 1_275_354_000_000);
        assert_eq!(read("2010-06-01T02:00:00 02:00/2010-06-01T03:00:00.0 02:00"), Ok(interval));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["2010-06-01T00:00:00", "2010-06-01T00:00:00Z/2009-06-01T00:00:00Z", "2010-13-01", "25:00:00"] {
            assert!(read(text).is_err(), "{text}");
        }
        for text in ["1e999", "12abc", "1-2", "0x10", "12:60"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_a_fixed_length() {
        assert_eq!(duration("P1DT2H"), Some(93_600_000));
        assert_eq!(duration("-PT0.25S"), Some(-250));
        assert_eq!(duration("P1WT1M1S"), Some(7 * DAY_MS + 61_000));
        for text in
            ["P", "PT", "P1M", "P1Y", "PT1D", "1D", "P1D2H", "PT1S1S", "PT.5S", "P99999999999999999999D", "PT1M1H"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
