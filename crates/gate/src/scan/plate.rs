//! Shapes of vehicle plates.

use super::normalise::Text;
use super::{Found, HitKind};

/// Words that announce a plate.
const PLATE_WORDS: [&str; 9] =
    ["placa", "placas", "plate", "plates", "kennzeichen", "matrícula", "matricula", "patente", "reg"];
/// Three letters and four digits that are something else: standards, zones, months.
const NO_PLATES: [&str; 33] = [
    "ISO", "NBR", "IEC", "RFC", "UTC", "GMT", "BRT", "CET", "EST", "PST", "MST", "CST", "EDT", "PDT", "CDT", "MDT",
    "JAN", "FEV", "FEB", "MAR", "ABR", "APR", "MAI", "MAY", "JUN", "JUL", "AGO", "AUG", "SET", "SEP", "OUT", "OCT",
    "NOV",
];
/// How far before a plate its word counts, in characters.
const PLATE_WORD_REACH: usize = 16;

pub(super) fn find(text: &Text, found: &mut Found) {
    let mut at = 0;
    while at < text.chars.len() {
        if !text.get(at).is_some_and(char::is_alphanumeric) {
            at += 1;
            continue;
        }
        let len = text.count(at, char::is_alphanumeric);
        let end = at + len;
        // A plate may be written as one word, or as two or three with a dash or a space between.
        let second = joined(text, end);
        let third = second.and_then(|(_, end)| joined(text, end));
        let ends = [Some(end), second.map(|(_, end)| end), third.map(|(_, end)| end)];
        let taken = found.is_taken(at);
        let hit = ends.into_iter().flatten().find(|end| is_plate(text, at, *end));
        match hit.filter(|_| !taken) {
            Some(end) => {
                found.hit(HitKind::Plate, at..end);
                at = end;
            }
            None => at = end,
        }
    }
}

/// The word after one dash or space at `at`: where it begins and ends.
fn joined(text: &Text, at: usize) -> Option<(usize, usize)> {
    text.get(at).filter(|c| "- ".contains(*c))?;
    let len = text.count(at + 1, char::is_alphanumeric);
    (len > 0).then_some((at + 1, at + 1 + len))
}

fn is_plate(text: &Text, from: usize, to: usize) -> bool {
    let written: String = text.chars.get(from..to).unwrap_or_default().iter().collect();
    let shape: String = written.chars().map(class).collect();
    let upper = !written.chars().any(char::is_lowercase);
    let letters: String = written.chars().filter(|c| c.is_alphabetic()).take(3).collect::<String>().to_uppercase();
    let ordinary = NO_PLATES.contains(&letters.as_str()) || letters == "DEC" || letters == "DEZ";
    match shape.as_str() {
        // Mercosul: ABC1D23, also written ABC-1D23 and ABC 1D23; "TER 1H15" is a time.
        "AAA0A00" | "AAA-0A00" => true,
        "AAA 0A00" if upper => !written.contains('H'),
        // Brazil before 2018: ABC-1234.
        "AAA0000" | "AAA-0000" if upper && !ordinary => true,
        // United Kingdom: AB12 CDE; France and Italy: AB-123-CD.
        "AA00 AAA" | "AA00AAA" | "AA-000-AA" if upper => true,
        _ => {
            let mixed = shape.contains('A') && shape.contains('0');
            let plain = written.chars().filter(|c| c.is_alphanumeric()).count();
            let spaced = shape.contains(' ');
            mixed && (5..=8).contains(&plain) && (!spaced || upper) && announced(text, from)
        }
    }
}

fn class(c: char) -> char {
    if c.is_ascii_digit() {
        '0'
    } else if c.is_ascii_alphabetic() {
        'A'
    } else {
        c
    }
}

fn announced(text: &Text, at: usize) -> bool {
    let lead = text.lead(at, PLATE_WORD_REACH);
    let sentence = lead.rsplit(['.', '\n', ';']).next().unwrap_or_default();
    sentence.split(|c: char| !c.is_alphabetic()).any(|word| PLATE_WORDS.contains(&word))
}
