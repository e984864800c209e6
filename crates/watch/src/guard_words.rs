//! Why a guard is none, in the words of somebody who writes one: the parser of CEL speaks of its own grammar.

use crate::guard::CLOCK;

/// How a guard looks that is right.
const AS: &str = "as \"value > 2.0 && (hour >= 22 || hour < 6)\"";
/// Words that people write for CEL's signs.
const WORDS: [(&str, &str); 6] = [("and", "&&"), ("or", "||"), ("not", "!"), ("AND", "&&"), ("OR", "||"), ("NOT", "!")];
/// Signs that people write for CEL's.
const SIGNS: [(&str, &str); 6] = [("=<", "<="), ("=>", ">="), ("<>", "!="), ("≤", "<="), ("≥", ">="), ("≠", "!=")];

/// A place in the text (in bytes) and what is wrong there. `line` and `column` are the parser's, both from 1.
pub(crate) fn why(text: &str, line: isize, column: isize) -> (usize, String) {
    let parser = place_of(text, line, column);
    text_in(text).or_else(|| foreign(text)).or_else(|| brackets(text)).unwrap_or_else(|| unexpected(text, parser))
}

/// Bytes before a line and column, both from 1.
fn place_of(text: &str, line: isize, column: isize) -> usize {
    let (line, column) = (usize::try_from(line - 1).unwrap_or(0), usize::try_from(column - 1).unwrap_or(0));
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    before + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// The pieces of a text and where they are: words, numbers and runs of signs. Texts in quotes are one piece.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let blank = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let first = rest.chars().next()?;
        let wordy = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let len = if wordy(first) {
            rest.find(|c| !wordy(c)).unwrap_or(rest.len())
        } else if ['"', '\''].contains(&first) {
            rest.get(1..).and_then(|inner| inner.find(first)).map_or(rest.len(), |end| end + 2)
        } else if "()[]{},?:".contains(first) {
            1
        } else {
            rest.find(|c: char| wordy(c) || c.is_whitespace() || "()[]{},?:\"'".contains(c)).unwrap_or(rest.len())
        };
        let from = at + blank;
        at = from + len;
        Some((from, rest.get(..len)?))
    })
}

/// Signs and words of other languages.
fn foreign(text: &str) -> Option<(usize, String)> {
    pieces(text).find_map(|(at, piece)| {
        let known = WORDS.iter().chain(&SIGNS).find(|(found, _)| *found == piece);
        if let Some((found, right)) = known {
            return Some((at, format!("`{found}` is not known here; write `{right}`, {AS}")));
        }
        match piece {
            "=" => Some((at, format!("`=` compares nothing; write `==`, {AS}"))),
            "&" | "|" => Some((at, format!("`{piece}` joins nothing; write `{piece}{piece}`, {AS}"))),
            "!" | "" => None,
            _ if piece.starts_with(|c: char| c.is_ascii_digit()) && piece.contains(|c: char| c.is_alphabetic()) => {
                Some((at, format!("`{piece}` is no number; write it without its unit, {AS}")))
            }
            _ => None,
        }
    })
}

/// A text: every name in a guard is a number, so to compare them says nothing.
pub(crate) fn text_in(text: &str) -> Option<(usize, String)> {
    let found = pieces(text).find(|(_, piece)| piece.starts_with(['"', '\'']));
    found.map(|(at, piece)| (at, format!("a guard compares numbers, and {piece} is a text; {AS}")))
}

/// A bracket without its other half.
fn brackets(text: &str) -> Option<(usize, String)> {
    let mut open = Vec::new();
    for (at, piece) in pieces(text) {
        match piece {
            "(" => open.push(at),
            ")" if open.pop().is_none() => return Some((at, "`)` closes no bracket; take it away".to_owned())),
            _ => {}
        }
    }
    open.pop().map(|at| (at, "this bracket is never closed; add `)` where it ends".to_owned()))
}

/// Whatever else the parser stumbled over.
fn unexpected(text: &str, at: usize) -> (usize, String) {
    let before = text.get(..at).unwrap_or_default().trim_end();
    let last = pieces(before).last().map(|(_, piece)| piece);
    match (pieces(text.get(at..).unwrap_or_default()).next(), last) {
        (None, None) => (0, format!("it is empty; a guard is a condition, {AS}")),
        (None, Some(last)) => {
            (before.len(), format!("it ends too early: after `{last}` a number, a name or a bracket is missing, {AS}"))
        }
        (Some((blank, piece)), None) => (at + blank, format!("a guard does not begin with `{piece}`; {AS}")),
        (Some((blank, piece)), Some(last)) => (
            at + blank,
            format!("`{piece}` does not go after `{last}`; a sign that compares or joins may be missing, {AS}"),
        ),
    }
}

/// What a guard may not do, by the name that CEL has for it.
pub(crate) fn not_allowed(text: &str, function: &str) -> (usize, String) {
    let sign = match function {
        "_[_]" => "[",
        "@in" | "_in_" => "in",
        other => other.trim_matches(['_', '@']),
    };
    (
        text.find(sign).unwrap_or_default(),
        format!("`{sign}` is not allowed: a guard compares, reckons (+ - * /) and joins (&& || !), {AS}"),
    )
}

/// A comparison of a name of the clock with a number that it never reaches: `hour > 30`.
pub(crate) fn never_of_clock(text: &str) -> Option<(usize, String)> {
    let pieces: Vec<(usize, &str)> = pieces(text).collect();
    pieces.windows(3).find_map(|part| {
        let [(at, left), (_, sign), (end, right)] = part else { return None };
        let of_clock = |word: &str| CLOCK.into_iter().find(|(name, ..)| *name == word);
        let (clock, sign, number) = match (of_clock(left), of_clock(right)) {
            (Some(clock), None) => (clock, *sign, right),
            (None, Some(clock)) => (clock, turned(sign), left),
            _ => return None,
        };
        let (name, least, most) = clock;
        let number: f64 = number.parse().ok()?;
        // What reckons with it, as `hour + 24 > 30`, is another comparison.
        let before = text.get(..*at).unwrap_or_default().trim_end();
        let after = text.get(end + right.len()..).unwrap_or_default().trim_start();
        if before.ends_with(['+', '-', '*', '/']) || after.starts_with(['+', '-', '*', '/']) {
            return None;
        }
        let (least, most) = (f64::from(least), f64::from(most));
        let never = match sign {
            ">" => number >= most,
            ">=" => number > most,
            "<" => number <= least,
            "<=" => number < least,
            "==" => !(least..=most).contains(&number) || number.fract() != 0.0,
            _ => false,
        };
        let written = text.get(*at..end + right.len()).unwrap_or_default();
        never.then(|| (*at, format!("`{written}` is never so: `{name}` goes from {least} to {most}")))
    })
}

/// A sign seen from its other side: `30 < hour` is `hour > 30`.
fn turned(sign: &str) -> &str {
    match sign {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}

/// What no hour of any day lets hold.
pub(crate) fn never(text: &str) -> (usize, String) {
    let both = text.find("&&").unwrap_or_default();
    let or = "there is no hour, weekday and month at which it could hold; for a night write `||`, as \"hour >= 22 || hour < 6\"";
    (both, or.to_owned())
}

/// What gives no truth.
pub(crate) fn no_condition(text: &str) -> (usize, String) {
    let compares = ["<", ">", "==", "!="].iter().any(|sign| text.contains(sign));
    if compares {
        // What is wrong then is mostly 1 + 1.0: whole numbers and others are not reckoned with together.
        return (0, format!("it cannot be worked out; numbers that are reckoned with have a point (1.0, not 1), {AS}"));
    }
    (0, format!("it is a number and no condition; compare it with something, {AS}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a guard that compiles has failed the test")]

    use city::DatastreamId;

    use crate::guard::Guard;

    #[test]
    fn what_the_clock_can_be_is_taken() {
        for text in [
            "hour < 24",
            "hour >= 0",
            "hour + 24.0 > 30.0",
            "30.0 - hour > 24.0",
            "!(hour > 22)",
            "hour != 30",
            "hour >= 22 || hour < 6",
            "month == 2 && weekday == 7 && hour == 23",
            "value > 30.0 && hour > 22",
        ] {
            Guard::compile(text, Vec::new()).expect(text);
        }
    }

    #[test]
    fn every_mistake_has_its_place_and_what_would_be_right_in_plain_words() {
        let cases = [
            ("value >", 7, "it ends too early: after `>`"),
            ("value > 2.0 &&\n  wind <", 23, "it ends too early: after `<`"),
            ("value > 2.0 and wind < 3.0", 12, "`and` is not known here; write `&&`"),
            ("value = 2.0", 6, "`=` compares nothing; write `==`"),
            ("value => 2.0", 6, "`=>` is not known here; write `>=`"),
            ("value ≥ 2.0", 6, "`≥` is not known here; write `>=`"),
            ("value > 2.0 & wind < 3.0", 12, "`&` joins nothing; write `&&`"),
            ("(value > 2.0", 0, "this bracket is never closed"),
            ("value > 2.0)", 11, "`)` closes no bracket"),
            ("value > 2.0 wind < 3.0", 12, "`wind` does not go after `2.0`"),
            ("value > 3m", 8, "`3m` is no number; write it without its unit"),
            ("wind == 'strong'", 8, "a guard compares numbers, and 'strong' is a text"),
            ("value % 2.0 > 1.0", 6, "`%` is not allowed"),
            ("value + 1.0", 0, "it is a number and no condition"),
            ("value + 1 > 2", 0, "it cannot be worked out; numbers that are reckoned with have a point"),
            ("gusts > 3", 0, "`gusts` is no name here; the names are value, hour"),
            ("[1.0].all(x, x > value)", 0, ""),
            ("", 0, "it is empty"),
            ("value > 2.0 || hour > 30", 15, "`hour > 30` is never so: `hour` goes from 0 to 23"),
            ("24 <= hour || value > 1.0", 0, "`24 <= hour` is never so"),
            ("weekday == 0", 0, "`weekday == 0` is never so: `weekday` goes from 1 to 7"),
            ("month > 12 || value > 1.0", 0, "`month > 12` is never so"),
            ("hour == 6.5", 0, "`hour == 6.5` is never so"),
            ("value > 2.0 && (hour >= 22 && hour < 6)", 12, "there is no hour, weekday and month"),
            ("weekday > 5 && weekday < 6 && wind < 2.0", 12, "there is no hour, weekday and month"),
        ];
        for (text, place, words) in cases {
            let (at, told) = Guard::compile(text, vec![("wind".to_owned(), DatastreamId(6))]).expect_err(text);
            assert!(told.starts_with(words), "{text}: {told}");
            assert!(words.is_empty() || at == place, "{text}: at {at}, {told}");
            for parser in
                ["Float(", "Int(", "EOF", "expecting", "mismatched", "viable", "ERROR", "_&&_", "token", "String("]
            {
                assert!(!told.contains(parser), "{text}: {told}");
            }
        }
    }
}
