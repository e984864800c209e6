//! Numbers that belong to somebody: telephones, cards, accounts, documents, devices. And the many that do not.

use std::ops::Range;

use super::digits::{is_cnpj, is_cpf, is_iban, luhn};
use super::normalise::Text;
use super::{Found, HitKind};

/// Groups of digits that one number is looked for in; the longest formatted number (a card) has five.
const GROUPS_MAX: usize = 8;
/// Words that announce a telephone number.
const PHONE_WORDS: [&str; 16] = [
    "tel",
    "telefone",
    "fone",
    "phone",
    "call",
    "ligue",
    "ligar",
    "whatsapp",
    "zap",
    "whats",
    "celular",
    "cel",
    "contato",
    "mobile",
    "fax",
    "teléfono",
];
/// How far before a number such a word counts, in characters.
const PHONE_WORD_REACH: usize = 24;
/// Area codes of free calls in North America: an organisation's line, never a person's.
const FREE_CALLS: [&str; 7] = ["800", "833", "844", "855", "866", "877", "888"];

/// A group of digits, with what stands between it and the group before.
struct Group {
    range: Range<usize>,
    gap: String,
}

pub(super) fn find(text: &Text, found: &mut Found) {
    ibans(text, found);
    mask_dates(text, found);
    let mut at = 0;
    while at < text.chars.len() {
        let run = run_from(text, found, at);
        let Some(last) = run.last() else {
            at += 1;
            continue;
        };
        at = last.range.end;
        judge_run(text, found, &run);
    }
}

/// Groups of digits from `at` on that could be one number: parted by at most three signs of writing.
fn run_from(text: &Text, found: &Found, at: usize) -> Vec<Group> {
    let mut run: Vec<Group> = Vec::new();
    let glued = text.before(at).is_some_and(|c| c.is_alphanumeric() || c == '_');
    if !text.digit(at) || found.is_taken(at) || glued {
        return run;
    }
    let mut from = at;
    let mut gap = String::new();
    loop {
        let len =
            text.part(from, |c| c.is_ascii_digit()).iter().zip(from..).take_while(|(_, i)| !found.is_taken(*i)).count();
        let to = from + len;
        if text.get(to).is_some_and(|c| c.is_alphabetic() || c == '_') && !run.is_empty() {
            // "12 30h": the last group is a measure.
            return run;
        }
        run.push(Group { range: from..to, gap });
        gap = (to..to + 3).map_while(|i| text.get(i).filter(|c| " -.()/".contains(*c))).collect();
        let next = to + gap.chars().count();
        if gap.is_empty() || !text.digit(next) || found.is_taken(next) {
            return run;
        }
        from = next;
    }
}

fn judge_run(text: &Text, found: &mut Found, run: &[Group]) {
    let mut first = 0;
    while first < run.len() {
        // The longest number first: a card holds what looks like a telephone.
        let longest = GROUPS_MAX.min(run.len() - first);
        let hit = (1..=longest).rev().find_map(|count| {
            let groups = run.get(first..first + count)?;
            Some((count, judge(text, groups)?))
        });
        let Some((count, verdict)) = hit else {
            first += 1;
            continue;
        };
        let groups = run.get(first..first + count).unwrap_or_default();
        if let (Some(from), Some(to)) = (groups.first(), groups.last()) {
            let from = if text.before(from.range.start) == Some('+') { from.range.start - 1 } else { from.range.start };
            match verdict {
                Verdict::Hit(kind) => found.hit(kind, from..to.range.end),
                Verdict::Clear => found.mask(from..to.range.end),
            }
        }
        first += count;
    }
}

enum Verdict {
    Hit(HitKind),
    /// Known to be nobody's: what is inside it is not looked at again.
    Clear,
}

fn judge(text: &Text, groups: &[Group]) -> Option<Verdict> {
    let start = groups.first()?.range.start;
    let written: Vec<char> =
        groups.iter().flat_map(|group| text.chars.get(group.range.clone()).unwrap_or_default()).copied().collect();
    let number: String = written.iter().collect();
    let digits: Vec<u8> = number.bytes().map(|b| b - b'0').collect();
    let lens: Vec<usize> = groups.iter().map(|group| group.range.len()).collect();
    let gaps: Vec<&str> = groups.iter().skip(1).map(|group| group.gap.as_str()).collect();
    let shape = Shape { number: &number, lens: &lens, gaps: &gaps, start };
    if is_cnpj(&digits) || shape.is_free_call() {
        return Some(Verdict::Clear);
    }
    if is_cpf(&digits) && (lens == [3, 3, 3, 2] || lens == [9, 2] || lens == [11]) {
        return Some(Verdict::Hit(HitKind::NationalId));
    }
    if lens == [3, 2, 4] && gaps.iter().all(|gap| *gap == "-") {
        return Some(Verdict::Hit(HitKind::NationalId));
    }
    if let Some(kind) = card_or_device(&digits, &lens, &gaps) {
        return Some(Verdict::Hit(kind));
    }
    shape.is_phone(text).then_some(Verdict::Hit(HitKind::Phone))
}

fn card_or_device(digits: &[u8], lens: &[usize], gaps: &[&str]) -> Option<HitKind> {
    let n = digits.len();
    let one_word = lens.len() == 1;
    let quads = lens.iter().rev().skip(1).all(|len| *len == 4) || lens == [4, 6, 5];
    let written = one_word || quads && gaps.iter().all(|gap| [" ", "-"].contains(gap));
    if !written || !luhn(digits) || digits.iter().all(|digit| *digit == 0) {
        return None;
    }
    let card = match digits {
        [3, 4 | 7, ..] => n == 15,
        [3, 0 | 6 | 8, ..] => n == 14,
        [2..=6, ..] => n == 16 || n == 19 || n == 13 && !one_word,
        _ => false,
    };
    if card {
        return Some(HitKind::PaymentCard);
    }
    (n == 15 && one_word).then_some(HitKind::Device)
}

/// How a number is written.
struct Shape<'a> {
    number: &'a str,
    lens: &'a [usize],
    gaps: &'a [&'a str],
    start: usize,
}

impl Shape<'_> {
    fn is_phone(&self, text: &Text) -> bool {
        let n = self.number.len();
        if self.gaps.iter().any(|gap| gap.contains('/')) || !(7..=15).contains(&n) {
            return false;
        }
        let sign = text.before(self.start);
        if sign == Some('+') {
            return n >= 8;
        }
        let announced = announces_phone(text, self.start);
        let bracket = sign == Some('(') && self.gaps.first().is_some_and(|gap| gap.starts_with(')'));
        self.is_brazilian(bracket, announced)
            || self.is_local()
            || self.is_north_american(bracket)
            || self.is_trunk(announced)
            || announced && !self.is_years()
    }

    /// A line that the organisation pays for is the organisation's: 0800 642 0156, 1-800-273-8255.
    fn is_free_call(&self) -> bool {
        let brazilian = ["0800", "0300", "0500"].iter().any(|free| self.number.starts_with(free));
        let american = matches!(self.lens, [1, 3, 3, 4] | [3, 3, 4] | [11]) && {
            let ten = self.number.strip_prefix('1').unwrap_or(self.number);
            ten.len() == 10 && FREE_CALLS.iter().any(|code| ten.starts_with(code))
        };
        brazilian && (9..=12).contains(&self.number.len()) || american
    }

    /// Area code of two digits, then nine digits that begin with 9, or eight that begin with 2 to 5.
    fn is_brazilian(&self, bracket: bool, announced: bool) -> bool {
        let national = self.number.strip_prefix("55").filter(|rest| rest.len() >= 10).unwrap_or(self.number);
        let national = national.strip_prefix('0').unwrap_or(national);
        let bytes = national.as_bytes();
        let area = bytes.first().is_some_and(|b| *b != b'0') && bytes.get(1).is_some_and(|b| *b != b'0');
        let hyphen = self.lens.ends_with(&[4, 4]) && self.gaps.last() == Some(&"-");
        match (bytes.len(), bytes.get(2)) {
            (11, Some(b'9')) => area && self.starts_as_group(&[2, 3, 4, 5, 11, 13]),
            (10, Some(b'2'..=b'5')) => area && (bracket || hyphen || announced),
            _ => false,
        }
    }

    /// The first group of a number written in groups is its country, its area, or all of it.
    fn starts_as_group(&self, lens: &[usize]) -> bool {
        self.lens.first().is_some_and(|len| lens.contains(len)) && self.lens.len() <= 5
    }

    /// Without an area: 3333-4444, 99999-8888.
    fn is_local(&self) -> bool {
        matches!(self.lens, [4 | 5, 4]) && self.gaps == ["-"] && !self.is_years()
    }

    fn is_north_american(&self, bracket: bool) -> bool {
        let ten = self.number.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(self.number);
        let lens = if self.lens.first() == Some(&1) { self.lens.get(1..).unwrap_or_default() } else { self.lens };
        let gaps = self.gaps.iter().rev().take(2);
        let signs = gaps.clone().all(|gap| *gap == "-") || gaps.clone().all(|gap| *gap == ".") || bracket;
        let bytes = ten.as_bytes();
        let codes = matches!((bytes.first(), bytes.get(3)), (Some(b'2'..=b'9'), Some(b'2'..=b'9')));
        lens == [3, 3, 4] && signs && codes
    }

    /// With a trunk zero, in at least two groups: 020 7946 0958, 06 12 34 56 78.
    fn is_trunk(&self, announced: bool) -> bool {
        let n = self.number.len();
        let zero = self.number.starts_with('0') && !self.number.starts_with("000");
        let first = self.lens.first().is_some_and(|len| (2..=5).contains(len));
        let pairs = self.lens.len() == 5 && self.lens.iter().all(|len| *len == 2);
        let groups = pairs || (2..=4).contains(&self.lens.len()) && self.lens.iter().skip(1).all(|len| *len >= 3);
        let one_way = self.gaps.windows(2).all(|pair| pair.first() == pair.last());
        zero && (9..=12).contains(&n) && (announced || first && groups && one_way)
    }

    /// "2023-2024" and "1990 2024" are years.
    fn is_years(&self) -> bool {
        self.lens == [4, 4] && {
            let (from, to) = self.number.split_at(4);
            [from, to].iter().all(|year| ["19", "20", "21"].iter().any(|century| year.starts_with(century)))
        }
    }
}

/// Whether a word shortly before `at` says that a telephone number follows.
pub(super) fn announces_phone(text: &Text, at: usize) -> bool {
    let lead = text.lead(at, PHONE_WORD_REACH);
    // A full stop between ends the announcement; "tel." does not.
    let lead = lead.replace("tel.", "tel").replace("fone.", "fone").replace("cel.", "cel");
    let sentence = lead.rsplit(['.', '\n', ';']).next().unwrap_or_default();
    sentence.split(|c: char| !c.is_alphabetic()).any(|word| PHONE_WORDS.contains(&word))
}

/// Letters and digits in groups that pass the check of an IBAN.
fn ibans(text: &Text, found: &mut Found) {
    for at in 0..text.chars.len() {
        let starts = text.get(at).is_some_and(|c| c.is_ascii_alphabetic())
            && text.get(at + 1).is_some_and(|c| c.is_ascii_alphabetic())
            && text.digit(at + 2)
            && text.digit(at + 3)
            && !text.before(at).is_some_and(char::is_alphanumeric);
        if !starts || found.is_taken(at) {
            continue;
        }
        let mut account = String::new();
        let mut to = at;
        let mut whole = None;
        while let Some(c) = text.get(to) {
            if c.is_ascii_alphanumeric() {
                account.push(c);
            } else if c != ' ' || text.before(to) == Some(' ') {
                break;
            }
            to += 1;
            let ends = !text.get(to).is_some_and(|c| c.is_ascii_alphanumeric());
            if ends && is_iban(&account) {
                whole = Some(to);
            }
            if account.len() > 34 {
                break;
            }
        }
        if let Some(to) = whole {
            found.hit(HitKind::BankAccount, at..to);
        }
    }
}

/// Dates and times of day are no numbers of anybody's.
fn mask_dates(text: &Text, found: &mut Found) {
    let mut at = 0;
    while at < text.chars.len() {
        let glued = text.before(at).is_some_and(|c| c.is_ascii_digit());
        let end = if text.digit(at) && !glued { date_end(text, at).or_else(|| clock_end(text, at)) } else { None };
        match end {
            Some(end) => {
                found.mask(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
}

/// Digits from `at` on, as a number, and where they end.
fn number_at(text: &Text, at: usize) -> Option<(usize, u32)> {
    let digits: String = text.part(at, |c| c.is_ascii_digit()).iter().take(5).collect();
    Some((at + digits.len(), digits.parse().ok()?))
}

/// 2024-05-01, 01/05/2024, 1.5.24: two equal signs, and a day and a month that can be.
fn date_end(text: &Text, at: usize) -> Option<usize> {
    let (first_end, first) = number_at(text, at)?;
    let sign = text.get(first_end).filter(|c| "-/.".contains(*c))?;
    let (second_end, second) = number_at(text, first_end + 1)?;
    if text.get(second_end) != Some(sign) {
        return None;
    }
    let (end, third) = number_at(text, second_end + 1)?;
    let goes_on = text.get(end) == Some(sign) && text.digit(end + 1);
    let year_first = first_end - at == 4 && (1900..2200).contains(&first) && third <= 31;
    let year_len = end - second_end - 1;
    let year_last = first <= 31 && (year_len == 2 || year_len == 4 && (1900..2200).contains(&third));
    let month = second <= 12 || first <= 12 && second <= 31;
    let none = first == 0 || second == 0;
    (!goes_on && month && !none && (year_first || year_last)).then_some(end)
}

/// 12:30, 12:30:59, 12h30.
fn clock_end(text: &Text, at: usize) -> Option<usize> {
    let (hour_end, hour) = number_at(text, at)?;
    let sign = text.get(hour_end).filter(|c| ":hH".contains(*c))?;
    let (end, minute) = number_at(text, hour_end + 1)?;
    if hour > 24 || minute > 59 || end - hour_end != 3 {
        return None;
    }
    let second = (sign == ':' && text.get(end) == Some(':')).then(|| number_at(text, end + 1)).flatten();
    Some(second.filter(|(_, second)| *second < 61).map_or(end, |(end, _)| end))
}
