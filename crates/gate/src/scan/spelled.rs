//! Digits written as words or as letters: "five one nine ...", "cinco um 99988 sete ...", "5l 99988-77OO".

use super::normalise::Text;
use super::{Found, HitKind, apart, numbers};

/// Spelled digits in a row from which on they are a number of somebody's: the shortest telephone numbers have 7.
const SPELLED_MIN: usize = 7;
/// Digits, spelled and written, in a row of both; one more than a year, a day and a month have.
const MIXED_MIN: usize = 9;
/// Spelled digits in such a row at least: "one of 3" and "two 2023" are no disguise.
const MIXED_WORDS_MIN: usize = 3;
/// Of so many characters of a number one at most is a letter: more is a word.
const LETTERS_IN: usize = 3;
/// Signs between two digits of one number at most, where the one between is a letter.
const GAP_MAX: usize = 3;
/// Words of digits, in Portuguese, Spanish and English; "meia" is the half dozen that Brazilians say on the telephone.
pub(super) const WORDS: [&str; 32] = [
    "zero", "um", "uma", "dois", "duas", "três", "tres", "quatro", "cinco", "seis", "meia", "sete", "oito", "nove",
    "cero", "uno", "dos", "cuatro", "siete", "ocho", "nueve", "one", "two", "three", "four", "five", "six", "seven",
    "eight", "nine", "oh", "nought",
];
/// A word that says the next digit so many times.
const TIMES: [(&str, usize); 4] = [("double", 2), ("triple", 3), ("dobro", 2), ("doble", 2)];

/// What of a row was seen so far.
#[derive(Default)]
struct Row {
    from: usize,
    to: usize,
    words: usize,
    digits: usize,
    /// How often the next digit counts.
    times: usize,
}

impl Row {
    fn add(&mut self, from: usize, to: usize, digits: usize) {
        if self.digits == 0 {
            self.from = from;
        }
        self.to = to;
        self.digits += digits * self.times.max(1);
        self.times = 0;
    }

    fn is_number(&self) -> bool {
        self.words >= SPELLED_MIN
            || self.words > 0 && self.words == self.digits && self.digits >= SPELLED_MIN
            || self.words >= MIXED_WORDS_MIN && self.digits >= MIXED_MIN
    }
}

/// Rows of words of digits, and of such words among digits.
pub(super) fn words(text: &Text, found: &mut Found) {
    let mut row = Row::default();
    let mut at = 0;
    while at <= text.chars.len() {
        let len = text.count(at, char::is_alphanumeric);
        if len == 0 && at < text.chars.len() {
            // A sentence ends a row, and so does a line.
            if text.get(at) == Some('\n') {
                end(&mut row, found);
            }
            at += 1;
            continue;
        }
        let word: String = text.part(at, char::is_alphanumeric).iter().flat_map(|c| c.to_lowercase()).collect();
        if WORDS.contains(&word.as_str()) {
            row.add(at, at + len, 1);
            row.words += 1;
        } else if let Some((_, times)) = TIMES.iter().find(|(known, _)| *known == word) {
            row.times = *times;
        } else if !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()) && !found.is_taken(at) {
            row.add(at, at + len, len);
        } else {
            end(&mut row, found);
        }
        at += len.max(1);
    }
}

fn end(row: &mut Row, found: &mut Found) {
    let done = std::mem::take(row);
    if done.is_number() {
        found.hit(HitKind::Phone, done.from..done.to);
    }
}

/// Telephone and document numbers in which letters stand for digits that look like them. `before` is what was found, and whose
/// digits were spoken for, before numbers were looked for.
pub(super) fn letters(text: &Text, before: Found, found: &mut Found) {
    let Some(folded) = fold(text) else { return };
    let mut guessed = Found { taken: before.taken, hits: Vec::new() };
    numbers::find(&folded, &mut guessed);
    apart::find(&folded, &mut guessed);
    for (kind, range) in guessed.hits {
        let part = text.chars.get(range.clone()).unwrap_or_default();
        let letters = part.iter().filter(|c| stands_for(**c).is_some()).count();
        let all = letters + part.iter().filter(|c| c.is_ascii_digit()).count();
        let known = found.hits.iter().any(|(_, other)| other.start < range.end && range.start < other.end);
        let told_apart = matches!(kind, HitKind::Phone | HitKind::NationalId);
        if told_apart && letters * LETTERS_IN <= all && !known {
            found.hit(kind, range);
        }
    }
}

fn stands_for(c: char) -> Option<char> {
    match c {
        'O' | 'o' => Some('0'),
        'l' | 'I' => Some('1'),
        _ => None,
    }
}

/// The text with such letters as digits: in words of nothing but digits and them, and by themselves between digits.
fn fold(text: &Text) -> Option<Text> {
    let is_part = |c: char| c.is_ascii_digit() || stands_for(c).is_some();
    let mut chars = text.chars.clone();
    let mut changed = false;
    let mut at = 0;
    while at < text.chars.len() {
        let len = text.count(at, char::is_alphanumeric);
        let word = text.chars.get(at..at + len).unwrap_or_default();
        let digits = word.iter().any(char::is_ascii_digit);
        if word.iter().any(|c| stands_for(*c).is_some())
            && word.iter().all(|c| is_part(*c))
            && (digits || len == 1 && stands_between(text, at))
        {
            for c in chars.iter_mut().skip(at).take(len) {
                *c = stands_for(*c).unwrap_or(*c);
            }
            changed = true;
        }
        at += len.max(1);
    }
    changed.then(|| text.with(chars))
}

/// Whether digits stand on both sides of one character, with few signs between.
fn stands_between(text: &Text, at: usize) -> bool {
    let is_sign = |c: &char| !c.is_alphanumeric();
    let left = text.chars.get(..at).unwrap_or_default().iter().rev();
    let right = text.chars.get(at + 1..).unwrap_or_default().iter();
    let next_is_digit = |signs: usize, next: Option<&char>| signs <= GAP_MAX && next.is_some_and(char::is_ascii_digit);
    next_is_digit(left.clone().take_while(|c| is_sign(c)).count(), left.clone().find(|c| !is_sign(c)))
        && next_is_digit(right.clone().take_while(|c| is_sign(c)).count(), right.clone().find(|c| !is_sign(c)))
}
