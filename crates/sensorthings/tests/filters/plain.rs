//! The plain evaluation: straight recursion over the tree of the test and the JSON of the data, every combination of
//! related rows tried one after the other, nothing planned, nothing left out, and no code of the crate.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::generate::Tree;

/// A value, written down differently from the crate's.
#[derive(Clone, Debug, PartialEq)]
enum Plainly {
    Nothing,
    Truth(bool),
    Number(f64),
    Text(String),
    /// From and to; the same for an instant.
    Time(i128, i128),
    Duration(i128),
    Day(i128),
    Clock(i128),
    /// West, south, east, north.
    Shape(f64, f64, f64, f64),
    Compound,
}

use Plainly::{Clock, Compound, Day, Duration, Nothing, Number, Shape, Text, Time, Truth};

type Rows<'a> = BTreeMap<Vec<&'static str>, Option<&'a Json>>;

pub(crate) struct Plain<'a> {
    pub(crate) now_ms: i64,
    pub(crate) root: &'a Json,
}

const DAY: i128 = 86_400_000;

impl<'a> Plain<'a> {
    /// Whether any choice of related rows makes it true.
    pub(crate) fn matches(&self, tree: &Tree) -> bool {
        let mut ways = BTreeSet::new();
        collect(tree, &mut ways);
        let mut ways: Vec<_> = ways.into_iter().collect();
        ways.sort_by_key(Vec::len);
        let rows = BTreeMap::from([(vec![], Some(self.root))]);
        self.any(tree, &ways, &rows)
    }

    fn any(&self, tree: &Tree, ways: &[Vec<&'static str>], rows: &Rows<'a>) -> bool {
        let Some((way, later)) = ways.split_first() else { return self.value(tree, rows) == Truth(true) };
        let (step, before) = way.split_last().expect("a way has a step");
        let related = rows[before].map(|row| &row[*step]);
        let mut choices: Vec<Option<&Json>> = match related {
            Some(Json::Array(items)) => items.iter().map(Some).collect(),
            Some(Json::Object(_)) => vec![related],
            _ => vec![],
        };
        if choices.is_empty() {
            choices.push(None);
        }
        choices.into_iter().any(|choice| {
            let mut rows = rows.clone();
            rows.insert(way.clone(), choice);
            self.any(tree, later, &rows)
        })
    }

    fn value(&self, tree: &Tree, rows: &Rows<'a>) -> Plainly {
        let of = |inner: &Tree| self.value(inner, rows);
        match tree {
            Tree::Null => Nothing,
            Tree::Bool(truth) => Truth(*truth),
            Tree::Number(number) => Number(*number),
            Tree::Text(text) => Text((*text).to_owned()),
            Tree::Instant(text) => time(text),
            Tree::Interval(from, to) => time(&format!("{from}/{to}")),
            Tree::Duration(ms, _) => Duration(i128::from(*ms)),
            Tree::Date(text) => match time(&format!("{text}T00:00:00Z")) {
                Time(at, _) => Day(at / DAY),
                _ => Nothing,
            },
            Tree::Clock(text) => match time(&format!("1970-01-01T{text}Z")) {
                Time(at, _) => Clock(at),
                _ => Nothing,
            },
            Tree::Shape(a, b, c, d) => Shape(f64::from(*a), f64::from(*b), f64::from(*c), f64::from(*d)),
            Tree::Path(way, property, members) => read(rows[way.as_slice()], property, members),
            Tree::And(items) => {
                let values: Vec<_> = items.iter().map(of).collect();
                kleene(&values, false)
            }
            Tree::Or(items) => {
                let values: Vec<_> = items.iter().map(of).collect();
                kleene(&values, true)
            }
            Tree::Not(inner) => match of(inner) {
                Truth(truth) => Truth(!truth),
                _ => Nothing,
            },
            Tree::Negate(inner) => match of(inner) {
                Number(number) => Number(-number),
                Duration(ms) => Duration(-ms),
                _ => Nothing,
            },
            Tree::Compare(name, left, right) => {
                let is_id = |side: &Tree| matches!(side, Tree::Path(_, "id", _));
                Truth(compare(name, &of(left), &of(right), is_id(left) || is_id(right)))
            }
            Tree::Math(name, left, right) => math(name, &of(left), &of(right)),
            Tree::Call(name, arguments) => {
                let values: Vec<_> = arguments.iter().map(of).collect();
                self.call(name, &values)
            }
        }
    }

    fn call(&self, name: &str, values: &[Plainly]) -> Plainly {
        match (name, values) {
            ("now", _) => Time(i128::from(self.now_ms), i128::from(self.now_ms)),
            ("mindatetime", _) => edge(jiff::Timestamp::MIN),
            ("maxdatetime", _) => edge(jiff::Timestamp::MAX),
            ("substringof", [Text(a), Text(b)]) => Truth(find(b, a).is_some()),
            ("startswith", [Text(a), Text(b)]) => Truth(a.bytes().take(b.len()).eq(b.bytes())),
            ("endswith", [Text(a), Text(b)]) => {
                Truth(a.len() >= b.len() && a.bytes().skip(a.len() - b.len()).eq(b.bytes()))
            }
            ("concat", [Text(a), Text(b)]) => Text([a.as_str(), b.as_str()].concat()),
            ("tolower", [Text(a)]) => Text(a.to_lowercase()),
            ("toupper", [Text(a)]) => Text(a.to_uppercase()),
            ("trim", [Text(a)]) => Text(a.trim().to_owned()),
            ("length", [Text(a)]) => Number(a.chars().fold(0.0, |sum, _| sum + 1.0)),
            ("indexof", [Text(a), Text(b)]) => Number(find(a, b).unwrap_or(-1.0)),
            ("substring", [Text(a), Number(from)]) => Text(cut(a, *from, 1e9)),
            ("substring", [Text(a), Number(from), Number(count)]) => Text(cut(a, *from, *count)),
            ("round", [Number(a)]) => Number(if *a < 0.0 { (a - 0.5).ceil() } else { (a + 0.5).floor() }),
            ("floor", [Number(a)]) => Number(a.floor()),
            ("ceiling", [Number(a)]) => Number(-(-a).floor()),
            ("date", [Time(at, _)]) => Day(at.div_euclid(DAY)),
            ("time", [Time(at, _)]) => Clock(at.rem_euclid(DAY)),
            ("totaloffsetminutes", [Time(..)]) => Number(0.0),
            ("year" | "month" | "day", [Time(at, _)]) => calendar(name, at.div_euclid(DAY)),
            ("hour", [Time(at, _)]) => whole(at.rem_euclid(DAY) / 3_600_000),
            ("minute", [Time(at, _)]) => whole(at.rem_euclid(3_600_000) / 60_000),
            ("second", [Time(at, _)]) => whole(at.rem_euclid(60_000) / 1000),
            ("fractionalseconds", [Time(at, _)]) => Number(at.rem_euclid(1000) as f64 / 1000.0),
            (_, [Time(a, b), Time(c, d)]) => Truth(temporal(name, (*a, *b), (*c, *d))),
            (_, [first @ Shape(..), second @ Shape(..), ..]) => spatial(name, first, second),
            _ => Nothing,
        }
    }
}

/// All prefixes of all paths.
fn collect(tree: &Tree, ways: &mut BTreeSet<Vec<&'static str>>) {
    match tree {
        Tree::Path(way, ..) => ways.extend((1..=way.len()).map(|length| way[..length].to_vec())),
        Tree::And(items) | Tree::Or(items) | Tree::Call(_, items) => items.iter().for_each(|item| collect(item, ways)),
        Tree::Not(inner) | Tree::Negate(inner) => collect(inner, ways),
        Tree::Compare(_, left, right) | Tree::Math(_, left, right) => {
            collect(left, ways);
            collect(right, ways);
        }
        _ => {}
    }
}

fn read(row: Option<&Json>, property: &str, members: &[&str]) -> Plainly {
    let Some(row) = row else { return Nothing };
    let mut json = &row[if property == "id" { "@iot.id" } else { property }];
    for member in members {
        json = &json[*member];
    }
    match (json, property) {
        (Json::String(text), "phenomenonTime" | "resultTime" | "validTime") => time(text),
        (Json::Object(shape), "location" | "feature") => {
            let (x, y) = (&shape["coordinates"][0], &shape["coordinates"][1]);
            let (x, y) = (x.as_f64().expect("a number"), y.as_f64().expect("a number"));
            Shape(x, y, x, y)
        }
        (Json::Null, _) => Nothing,
        (Json::Bool(truth), _) => Truth(*truth),
        (Json::Number(number), _) => Number(number.as_f64().expect("a number")),
        (Json::String(text), _) => Text(text.clone()),
        _ => Compound,
    }
}

fn time(text: &str) -> Plainly {
    let at = |text: &str| text.parse::<jiff::Timestamp>().expect("an instant").as_nanosecond().div_euclid(1_000_000);
    let (from, to) = text.split_once('/').unwrap_or((text, text));
    Time(at(from), at(to))
}

fn edge(timestamp: jiff::Timestamp) -> Plainly {
    let at = i128::from(timestamp.as_millisecond());
    Time(at, at)
}

fn whole(number: i128) -> Plainly {
    Number(number as f64)
}

/// `or` where `strong` is true, `and` where it is false.
fn kleene(values: &[Plainly], strong: bool) -> Plainly {
    if values.contains(&Truth(strong)) {
        return Truth(strong);
    }
    if values.iter().all(|value| *value == Truth(!strong)) { Truth(!strong) } else { Nothing }
}

fn compare(name: &str, left: &Plainly, right: &Plainly, of_ids: bool) -> bool {
    match (left, right) {
        (Number(a), Number(b)) => hold(name, a.partial_cmp(b).expect("no NaN")),
        (Text(a), Text(b)) => hold(name, a.chars().cmp(b.chars())),
        (Truth(a), Truth(b)) => hold(name, u8::from(*a).cmp(&u8::from(*b))),
        (Duration(a), Duration(b)) | (Day(a), Day(b)) | (Clock(a), Clock(b)) => hold(name, a.cmp(b)),
        (Time(a, b), Time(c, d)) => match name {
            "eq" => (a, b) == (c, d),
            "ne" => (a, b) != (c, d),
            "lt" => temporal("before", (*a, *b), (*c, *d)),
            "gt" => temporal("before", (*c, *d), (*a, *b)),
            "le" => a <= c && b <= d,
            _ => c <= a && d <= b,
        },
        (Number(number), Text(text)) | (Text(text), Number(number)) if of_ids => {
            (name == "eq") == (format!("{number}") == *text) && (name == "eq" || name == "ne")
        }
        (Nothing, Nothing) => name == "eq",
        (Shape(..), Shape(..)) => (name == "eq") == (left == right) && (name == "eq" || name == "ne"),
        _ => name == "ne",
    }
}

fn hold(name: &str, ordering: std::cmp::Ordering) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let holds: &[_] = match name {
        "eq" => &[Equal],
        "ne" => &[Less, Greater],
        "gt" => &[Greater],
        "ge" => &[Greater, Equal],
        "lt" => &[Less],
        _ => &[Less, Equal],
    };
    holds.contains(&ordering)
}

fn math(name: &str, left: &Plainly, right: &Plainly) -> Plainly {
    let numbers = |a: f64, b: f64| match name {
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "div" => a / b,
        _ => a % b,
    };
    let finite = |number: f64| if number.is_finite() { Number(number) } else { Nothing };
    let (first, last) = (jiff::Timestamp::MIN.as_millisecond(), jiff::Timestamp::MAX.as_millisecond());
    let in_calendar = |ms: &i128| (i128::from(first)..=i128::from(last)).contains(ms);
    match (left, name, right) {
        (Number(a), _, Number(b)) => finite(numbers(*a, *b)),
        (Duration(a), "add", Duration(b)) => held(*a + *b),
        (Duration(a), "sub", Duration(b)) => held(*a - *b),
        (Duration(a), "div", Duration(b)) => finite(*a as f64 / *b as f64),
        (Duration(a), "mul" | "div", Number(b)) | (Number(b), "mul", Duration(a)) => {
            match finite(numbers(*a as f64, *b)) {
                Number(ms) if ms.abs() <= 2_f64.powi(53) => Duration(ms.round() as i128),
                _ => Nothing,
            }
        }
        (Time(a, b), "add" | "sub", Duration(by)) => {
            let by = if name == "sub" { -by } else { *by };
            let moved = (a + by, b + by);
            if in_calendar(&moved.0) && in_calendar(&moved.1) { Time(moved.0, moved.1) } else { Nothing }
        }
        (Time(a, _), "sub", Time(b, _)) => Duration(a - b),
        _ => Nothing,
    }
}

fn held(ms: i128) -> Plainly {
    if i64::try_from(ms).is_ok() { Duration(ms) } else { Nothing }
}

fn temporal(name: &str, (a, b): (i128, i128), (c, d): (i128, i128)) -> bool {
    match name {
        "before" => b <= c && a != c,
        "after" => temporal("before", (c, d), (a, b)),
        "meets" => b == c || a == d,
        "starts" => a == c,
        "finishes" => b == d,
        "during" if c == d => a == c && b == d,
        "during" => c <= a && a < d && b <= d,
        _ => a == c || (a < d && b > c),
    }
}

/// A point beside a point or an upright rectangle, or such a rectangle around a point.
fn spatial(name: &str, first: &Plainly, second: &Plainly) -> Plainly {
    let (Shape(x, y, ..), Shape(west, south, east, north)) = (first, second) else { return Nothing };
    if name == "st_contains" {
        return spatial("st_within", second, first);
    }
    let within = *west < *x && *x < *east && *south < *y && *y < *north;
    let is_point = west >= east && south >= north;
    let covers = west <= x && x <= east && south <= y && y <= north;
    match name {
        "geo.distance" => Number(((x - west).powi(2) + (y - south).powi(2)).sqrt()),
        "st_equals" => Truth(is_point && covers),
        "geo.intersects" | "st_intersects" => Truth(covers),
        "st_disjoint" => Truth(!covers),
        "st_touches" => Truth(covers && !within),
        _ => Truth(within),
    }
}

/// At which character one text begins in another, character by character.
fn find(text: &str, part: &str) -> Option<f64> {
    let (text, part): (Vec<char>, Vec<char>) = (text.chars().collect(), part.chars().collect());
    (0..=text.len()).find(|at| text[*at..].starts_with(&part)).map(|at| at as f64)
}

fn cut(text: &str, from: f64, count: f64) -> String {
    let (from, count) = (from.trunc().max(0.0), count.trunc().max(0.0));
    let inside = |at: usize| at as f64 >= from && (at as f64) < from + count;
    text.chars().enumerate().filter(|(at, _)| inside(*at)).map(|(_, character)| character).collect()
}

/// Day of the calendar, counted year by year and month by month.
fn calendar(name: &str, days: i128) -> Plainly {
    let leap = |year: i128| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    // 400 years are 146,097 days: begin in the cycle that holds the day.
    let (mut year, mut left) = (1970 + days.div_euclid(146_097) * 400, days.rem_euclid(146_097));
    while left >= 365 + i128::from(leap(year)) {
        left -= 365 + i128::from(leap(year));
        year += 1;
    }
    let mut month = 0;
    for length in [31, 28 + i128::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    match name {
        "year" => whole(year),
        "month" => whole(month + 1),
        _ => whole(left + 1),
    }
}

/// The keys of `$orderby=result,resultTime` of an observation: null, truth, number, text, the rest.
pub(crate) fn order_key(json: &Json) -> ((u8, f64, String), i128) {
    let result = match &json["result"] {
        Json::Null => (0, 0.0, String::new()),
        Json::Bool(truth) => (1, f64::from(u8::from(*truth)), String::new()),
        Json::Number(number) => (2, number.as_f64().expect("a number"), String::new()),
        Json::String(text) => (3, 0.0, text.clone()),
        _ => (4, 0.0, String::new()),
    };
    let time = json["resultTime"].as_str().map_or(i128::MIN, |text| match time(text) {
        Time(at, _) => at,
        _ => i128::MIN,
    });
    (result, time)
}
