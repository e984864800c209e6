//! One form for the many ways of writing the same characters, so that a disguise costs the writer more than the reader.

use std::ops::Range;

use super::{entities, spelled};

/// A text in its plain form; each character remembers where it came from.
pub(super) struct Text {
    pub(super) chars: Vec<char>,
    origin: Vec<usize>,
}

/// Stand-ins for `@` and `.` that people write against harvesters.
const STAND_INS: [(&str, char); 14] = [
    ("%40", '@'),
    ("(at)", '@'),
    ("[at]", '@'),
    ("{at}", '@'),
    ("<at>", '@'),
    ("(arroba)", '@'),
    ("[arroba]", '@'),
    ("(a)", '@'),
    ("(dot)", '.'),
    ("[dot]", '.'),
    ("{dot}", '.'),
    ("(ponto)", '.'),
    ("[ponto]", '.'),
    ("(punto)", '.'),
];

/// What can spell an address without any of its characters.
const SPELLING: [&str; 5] = [" at ", " arroba ", "(at)", "[at]", "&commat;"];
/// Words of digits with fewer letters stand in other words everywhere ("um" in "um dia", "one" in "phone").
const SPELLED_CHARS_MIN: usize = 4;

impl Text {
    pub(super) fn new(text: &str) -> Self {
        let mut plain = Self { chars: Vec::with_capacity(text.len()), origin: Vec::with_capacity(text.len()) };
        for (at, c) in entities::read(text) {
            let (first, second) = tens(c).map_or((fold(c), None), |(ten, one)| (Some(ten), Some(one)));
            for folded in [first, second].into_iter().flatten() {
                plain.chars.push(folded);
                plain.origin.push(at);
            }
        }
        plain.read_powers();
        plain.replace_stand_ins();
        plain
    }

    /// The same text, with other characters in the same places.
    pub(super) fn with(&self, chars: Vec<char>) -> Self {
        Self { chars, origin: self.origin.clone() }
    }

    /// "m²" and "m³" are units; anywhere else a raised 2 or 3 is a digit.
    fn read_powers(&mut self) {
        for at in 0..self.chars.len() {
            let power = match self.get(at) {
                Some('²') => '2',
                Some('³') => '3',
                _ => continue,
            };
            if !self.before(at).is_some_and(char::is_alphabetic)
                && let Some(c) = self.chars.get_mut(at)
            {
                *c = power;
            }
        }
    }

    /// Where a range of the plain form stands in the text as it was given, in characters.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.origin.get(range.start).copied().unwrap_or_default();
        let last = range.end.checked_sub(1).and_then(|at| self.origin.get(at)).copied().unwrap_or(first);
        first..last + 1
    }

    pub(super) fn get(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    /// How many characters from `at` on are such.
    pub(super) fn count(&self, at: usize, such: impl Fn(char) -> bool) -> usize {
        self.chars.get(at..).unwrap_or_default().iter().take_while(|c| such(**c)).count()
    }

    /// The characters from `at` on that are such.
    pub(super) fn part(&self, at: usize, such: impl Fn(char) -> bool) -> &[char] {
        self.chars.get(at..at + self.count(at, such)).unwrap_or_default()
    }

    /// The character before `at`.
    pub(super) fn before(&self, at: usize) -> Option<char> {
        at.checked_sub(1).and_then(|at| self.get(at))
    }

    pub(super) fn digit(&self, at: usize) -> bool {
        self.get(at).is_some_and(|c| c.is_ascii_digit())
    }

    /// Whether `word` (lower case) stands at `at`.
    pub(super) fn has(&self, at: usize, word: &str) -> bool {
        let mut chars = self.chars.get(at..).unwrap_or_default().iter();
        word.chars().all(|w| chars.next().is_some_and(|c| c.to_ascii_lowercase() == w))
    }

    /// The last `count` characters before `at`, in lower case.
    pub(super) fn lead(&self, at: usize, count: usize) -> String {
        let lead = self.chars.get(at.saturating_sub(count)..at).unwrap_or_default();
        lead.iter().flat_map(|c| c.to_lowercase()).collect()
    }

    fn replace_stand_ins(&mut self) {
        if !self.chars.iter().any(|c| "([{<%".contains(*c)) {
            return;
        }
        let mut at = 0;
        while at < self.chars.len() {
            let found = STAND_INS.iter().find(|(word, _)| self.has(at, word));
            if let Some((word, c)) = found {
                let mut from = at;
                let mut to = at + word.chars().count();
                while from > 0 && self.get(from - 1) == Some(' ') {
                    from -= 1;
                }
                while self.get(to) == Some(' ') {
                    to += 1;
                }
                self.chars.splice(from..to, [*c]);
                let origin = self.origin.get(at).copied().unwrap_or_default();
                self.origin.splice(from..to, [origin]);
                at = from + 1;
            } else {
                at += 1;
            }
        }
    }
}

/// Whether the text spells something out.
pub(super) fn spells(text: &str) -> bool {
    let lower = text.to_lowercase();
    let longer = spelled::WORDS.iter().filter(|word| word.chars().count() >= SPELLED_CHARS_MIN);
    let shorter = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| spelled::WORDS.contains(word)).take(2);
    SPELLING.iter().chain(longer).any(|word| lower.contains(word)) || shorter.count() == 2
}

/// Whether the character stands for an ASCII digit or an `@`.
pub(super) fn folds(c: char) -> bool {
    fold(c).is_some_and(|plain| plain.is_ascii_digit() || plain == '@')
}

/// The plain form of a character; `None` for one that shows nothing.
fn fold(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(if c == '\t' { ' ' } else { c });
    }
    let plain = match c {
        '\u{00AD}'
        | '\u{0300}'..='\u{036F}'
        | '\u{061C}'
        | '\u{115F}'..='\u{1160}'
        | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{20D0}'..='\u{20F0}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}' => return None,
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' => '-',
        '\u{FE6B}' => '@',
        '\u{2024}' | '\u{3002}' | '\u{FF61}' => '.',
        '\u{1D400}'..='\u{1D6A3}' => letter(u32::from(c) - 0x1D400),
        '\u{1D7CE}'..='\u{1D7FF}' => digit((u32::from(c) - 0x1D7CE) % 10),
        '\u{2070}' | '\u{2080}' => '0',
        '\u{2074}'..='\u{2079}' => digit(u32::from(c) - 0x2070),
        '\u{2081}'..='\u{2089}' => digit(u32::from(c) - 0x2080),
        '\u{00B9}' => '1',
        c if c.is_whitespace() => ' ',
        c => decimal(c).or_else(|| enclosed(c)).or_else(|| look_alike(c)).unwrap_or(c),
    };
    Some(plain)
}

fn digit(value: u32) -> char {
    char::from_digit(value, 10).unwrap_or('0')
}

/// Mathematical alphabets: runs of A-Z, a-z.
fn letter(offset: u32) -> char {
    let place = u8::try_from(offset % 52).unwrap_or_default();
    char::from(if place < 26 { b'A' + place } else { b'a' + place - 26 })
}

/// Decimal digits of other scripts (Unicode 15.1, category Nd); each block begins with its zero.
fn decimal(c: char) -> Option<char> {
    const ZEROS: [u32; 61] = [
        0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
        0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
        0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0,
        0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50,
        0x16A60, 0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1FBF0,
    ];
    let code = u32::from(c);
    ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)).map(|zero| digit(code - zero))
}

/// Digits in circles, in brackets or with a full stop.
fn enclosed(c: char) -> Option<char> {
    const ONES: [u32; 7] = [0x2460, 0x2474, 0x2488, 0x24F5, 0x2776, 0x2780, 0x278A];
    let code = u32::from(c);
    let one = ONES.iter().find(|one| (**one..**one + 9).contains(&code));
    match c {
        '\u{24EA}' | '\u{24FF}' | '\u{3007}' | '\u{1F100}' | '\u{1F10B}' | '\u{1F10C}' => Some('0'),
        '\u{1F101}'..='\u{1F10A}' => Some(digit(code - 0x1F101)),
        _ => one.map(|one| digit(code - one + 1)),
    }
}

/// Numbers from 10 to 50 in one character: in circles, in brackets or with a full stop.
fn tens(c: char) -> Option<(char, char)> {
    /// The first character, its number, and how many follow with it.
    const RUNS: [(u32, u32, u32); 9] = [
        (0x2469, 10, 11),
        (0x247D, 10, 11),
        (0x2491, 10, 11),
        (0x24EB, 11, 10),
        (0x277F, 10, 1),
        (0x2789, 10, 1),
        (0x2793, 10, 1),
        (0x3251, 21, 15),
        (0x32B1, 36, 15),
    ];
    let code = u32::from(c);
    let (first, number, _) = RUNS.iter().find(|(first, _, count)| (*first..first + count).contains(&code))?;
    let number = number + code - first;
    Some((digit(number / 10), digit(number % 10)))
}

/// Cyrillic and Greek letters that look like Latin ones.
fn look_alike(c: char) -> Option<char> {
    const FROM: &str = "аеорсухіјѕԁһӏАВЕКМНОРСТХУІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧονα";
    const TO: &str = "aeopcyxijsdhlABEKMHOPCTXYIJSABEZHIKMNOPTYXova";
    let at = FROM.chars().position(|from| from == c)?;
    TO.chars().nth(at)
}
