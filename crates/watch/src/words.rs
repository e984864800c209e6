//! Numbers and times as a tired duty officer reads them.

use city::{Span, Time};
use jiff::tz::TimeZone;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A figure with at most `decimals` decimals, without needless noughts behind the point but one: "3.0", "80", "2.41".
pub fn figure(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') {
        return text.trim_start_matches('-').to_owned();
    }
    text
}

/// A line that somebody wrote into a rule, as they would say it: "3.0", "2.5", "80", "0.25".
pub fn line(value: f64, unit: &str) -> String {
    let plain = format!("{value}");
    let whole_metres = unit == "m" && !plain.contains('.');
    with_unit(&if whole_metres { format!("{value:.1}") } else { plain }, unit)
}

/// A figure with its unit: "2.41 m", "80 mm". Metres get `decimals`; what is counted in hundreds gets none.
pub fn measured(value: f64, unit: &str, decimals: usize) -> String {
    let decimals = if value.abs() >= 100.0 { 0 } else { decimals };
    with_unit(&figure(value, decimals), unit)
}

fn with_unit(number: &str, unit: &str) -> String {
    let unit = unit_words(unit);
    if unit.is_empty() { number.to_owned() } else { format!("{number} {unit}") }
}

/// UCUM symbols as people write them.
pub fn unit_words(unit: &str) -> &str {
    match unit {
        "Cel" => "°C",
        "m/s" => "m/s",
        "deg" => "°",
        "1" => "",
        other => other,
    }
}

/// The clock in the city: "13:00".
pub fn clock(time: Time, zone: &TimeZone) -> String {
    let local = time.timestamp().to_zoned(zone.clone());
    format!("{:02}:{:02}", local.hour(), local.minute())
}

/// The clock and the day in the city: "13:00 on 2 May".
pub fn clock_and_day(time: Time, zone: &TimeZone) -> String {
    let local = time.timestamp().to_zoned(zone.clone());
    let month = usize::try_from(local.month() - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
    format!("{:02}:{:02} on {} {month}", local.hour(), local.minute(), local.day())
}

/// A length of time in the largest unit that fits it: "2 days", "36 h", "90 min", "45 s".
pub fn span(span: Span) -> String {
    let seconds = span.as_s();
    match seconds {
        s if s != 0 && s % 86_400 == 0 && s >= 3 * 86_400 => format!("{} days", s / 86_400),
        s if s != 0 && s % 3600 == 0 => format!("{} h", s / 3600),
        s if s != 0 && s % 60 == 0 => format!("{} min", s / 60),
        s if s > 600 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

/// "one", "one or two", "one, two or three".
pub fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_times_read_as_people_write_them() {
        let zone = TimeZone::get("America/Sao_Paulo").expect("a zone");
        let noon: Time = "2024-05-02T16:00:00Z".parse().expect("a time");
        assert_eq!(clock_and_day(noon, &zone), "13:00 on 2 May");
        assert_eq!(clock(noon, &zone), "13:00");
        assert_eq!(line(3.0, "m"), "3.0 m");
        assert_eq!(line(80.0, "mm"), "80 mm");
        assert_eq!(line(0.25, "m"), "0.25 m");
        assert_eq!(measured(-0.001, "m", 1), "0.0 m");
        assert_eq!(measured(1013.27, "hPa", 1), "1013 hPa");
        assert_eq!(measured(31.04, "Cel", 1), "31.0 °C");
        assert_eq!(span(Span::h(36)), "36 h");
        assert_eq!(span(Span::h(72)), "3 days");
        assert_eq!(span(Span::min(90)), "90 min");
        assert_eq!(span(Span::s(45)), "45 s");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()], "or"), "a, b or c");
    }
}
