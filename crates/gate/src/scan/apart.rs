//! Telephone numbers whose digits somebody set apart: "5 1 9 9 9 8 ...", "51_99988_7766", "5.1/9,9.9-8".
//!
//! [`super::numbers`] knows how numbers are written; here only their digits count, whatever signs stand between. As
//! readings are rows of digits as well, what is looked for is narrower: a row of single digits, a number after a plus
//! or a word that announces one, or the eleven digits of a Brazilian mobile with an area code that there is.

use super::normalise::Text;
use super::numbers::announces_phone;
use super::{Found, HitKind};

/// Signs between two digits of one number at most: "5 - 1".
const GAP_MAX: usize = 3;
/// Single digits in a row from which on they are a number of somebody's: the shortest telephone numbers have 7.
const SINGLE_MIN: usize = 7;
/// Digits of a telephone number (E.164) at most.
const DIGITS_MAX: usize = 15;
/// Digits after a plus at least.
const PLUS_MIN: usize = 8;
/// Units that make the numbers before them measures.
const UNITS: [&str; 20] = [
    "mm", "cm", "m", "km", "m3", "m³", "h", "min", "s", "°c", "c", "%", "kw", "kwh", "mw", "v", "a", "hz", "hpa", "db",
];
/// Area codes that Brazil does not use, of those without a zero (Anatel's plan of numbers).
const NO_AREAS: [&str; 14] = ["23", "25", "26", "29", "36", "39", "52", "56", "57", "58", "59", "72", "76", "78"];

/// Digits that stand together.
#[derive(Clone, Copy)]
struct Group {
    from: usize,
    to: usize,
}

pub(super) fn find(text: &Text, found: &mut Found) {
    let mut at = 0;
    while at < text.chars.len() {
        let run = run_from(text, found, at);
        let Some(last) = run.last() else {
            at += 1;
            continue;
        };
        at = last.to;
        judge(text, found, &run);
    }
}

/// Groups of digits from `at` on, with signs of any kind between.
fn run_from(text: &Text, found: &Found, at: usize) -> Vec<Group> {
    let mut run: Vec<Group> = Vec::new();
    let glued = text.before(at).is_some_and(|c| c.is_alphanumeric() || c == '_');
    if glued {
        return run;
    }
    let mut from = at;
    loop {
        let len = (from..text.chars.len()).take_while(|i| text.digit(*i) && !found.is_taken(*i)).count();
        let to = from + len;
        // "30h": a measure.
        if len == 0 || UNITS.contains(&unit_at(text, to).as_str()) {
            return run;
        }
        run.push(Group { from, to });
        let gap = text.part(to, |c| !c.is_alphanumeric() && c != '\n');
        let single = len == 1 && text.digit(to + gap.len()) && !text.digit(to + gap.len() + 1);
        // "10, 20, 30" are several numbers, "5, 1, 9" may be one.
        let listed = !single && matches!(gap, [',' | ';', ' ', ..]);
        if gap.is_empty() || gap.len() > GAP_MAX || gap.contains(&'+') || listed {
            return run;
        }
        from = to + gap.len();
    }
}

fn judge(text: &Text, found: &mut Found, run: &[Group]) {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
    if is_measures(text, first.from, last.to) || is_object_id(text, first.from) {
        return;
    }
    let plus = text.before(first.from) == Some('+');
    let total = digits_of(text, run).len();
    let said =
        plus && total >= PLUS_MIN || announces_phone(text, first.from) && (SINGLE_MIN..=DIGITS_MAX).contains(&total);
    let years = run.iter().all(|group| group.to - group.from == 4);
    if said && (plus || !years) {
        let from = if plus { first.from - 1 } else { first.from };
        found.hit(HitKind::Phone, from..last.to);
        return;
    }
    if let Some((from, to)) = singles(text, run).or_else(|| mobile(text, run)) {
        found.hit(HitKind::Phone, from..to);
    }
}

fn digits_of(text: &Text, groups: &[Group]) -> String {
    groups.iter().flat_map(|group| text.chars.get(group.from..group.to).unwrap_or_default()).collect()
}

/// A row of single digits that neither counts up or down nor is of flags: "1 2 3 4 5 6 7 8", "1,1,1,1,1,0,0".
fn singles(text: &Text, run: &[Group]) -> Option<(usize, usize)> {
    let rows = run.chunk_by(|a, b| a.to - a.from == 1 && b.to - b.from == 1);
    let long = rows.filter(|row| row.len() >= SINGLE_MIN);
    long.filter(|row| {
        let digits = digits_of(text, row);
        let steps: Vec<i16> =
            digits.as_bytes().windows(2).filter_map(|p| Some(i16::from(*p.get(1)?) - i16::from(*p.first()?))).collect();
        let counts = steps.windows(2).all(|pair| pair.first() == pair.last());
        !counts && digits.bytes().any(|digit| digit > b'1')
    })
    .find_map(|row| Some((row.first()?.from, row.last()?.to)))
}

/// Consecutive groups whose digits are those of a Brazilian mobile, with or without the country or a zero in front.
fn mobile(text: &Text, run: &[Group]) -> Option<(usize, usize)> {
    (0..run.len()).find_map(|first| {
        let left = run.get(first..).unwrap_or_default();
        let longest = DIGITS_MAX.min(left.len());
        (1..=longest).find_map(|count| {
            let groups = left.get(..count)?;
            is_mobile(&digits_of(text, groups)).then_some(())?;
            Some((groups.first()?.from, groups.last()?.to))
        })
    })
}

fn is_mobile(digits: &str) -> bool {
    let country = ["0055", "55", "0", ""].into_iter();
    let national = country.filter_map(|front| digits.strip_prefix(front)).find(|rest| rest.len() == 11);
    national.is_some_and(|national| {
        let area = national.get(..2).unwrap_or_default();
        !area.contains('0') && !NO_AREAS.contains(&area) && national.get(2..3) == Some("9")
    })
}

/// Readings: each word a decimal number ("2.41, 2.52 2.63"), or a unit right behind ("12 9 15 18 mm").
fn is_measures(text: &Text, from: usize, to: usize) -> bool {
    let from =
        (0..from).rev().take_while(|i| text.get(*i).is_some_and(|c| "-<>±~(".contains(c))).last().unwrap_or(from);
    let written: String = text.chars.get(from..to).unwrap_or_default().iter().collect();
    let points = written.contains('.');
    let parts = |c: char| c.is_whitespace() || ";|".contains(c) || points && c == ',';
    let words = || written.split(parts).filter(|word| !word.is_empty());
    let decimal = |word: &str| {
        let word = word.trim_start_matches(['-', '<', '>', '±', '~', '(', '[']).trim_end_matches([',', ')', ']', '.']);
        let parts = word.split_once('.').or_else(|| word.split_once(','));
        let digits = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        parts.is_some_and(|(whole, rest)| digits(whole) && digits(rest))
    };
    let blank = text.count(to, |c| c == ' ').min(1);
    words().count() >= 2 && words().all(decimal) || UNITS.contains(&unit_at(text, to + blank).as_str())
}

/// The word that stands at `at`, in lower case.
fn unit_at(text: &Text, at: usize) -> String {
    text.part(at, |c| c.is_alphanumeric() || "°%".contains(c)).iter().flat_map(|c| c.to_lowercase()).collect()
}

/// An object identifier (ITU-T X.660): told as one, or under the roots of SNMP or of warnings (WMO).
fn is_object_id(text: &Text, from: usize) -> bool {
    text.lead(from, 4) == "oid:" || ["1.3.6.1.", "2.49.0."].iter().any(|root| text.has(from, root))
}
