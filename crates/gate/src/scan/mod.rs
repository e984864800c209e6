//! Finds what could be a person's in the text of an organisation, or in a line that a role writes.
//!
//! This is a guard, not the wall: the wall is that types have no field for a person and that what residents write is
//! never stored. Recognisers look for structure (an address, a number with a check digit, a plate's shape), never
//! for names, which no list finds reliably. Numbers of public services (190, 193, 199, 0800 lines), web addresses,
//! dates, measures and CNPJs (an organisation's number) pass.

mod apart;
mod degrees;
mod digits;
mod entities;
mod network;
mod normalise;
mod numbers;
mod plate;
mod spelled;

use std::collections::BTreeSet;
use std::ops::Range;

use normalise::Text;

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HitKind {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A bank account (IBAN).
    BankAccount,
    /// A payment card.
    PaymentCard,
    /// A person's document number (Brazilian CPF, US SSN).
    NationalId,
    /// A vehicle's plate.
    Plate,
    /// A device (IMEI).
    Device,
    /// A network card (MAC).
    MacAddress,
    /// An internet address (IPv4, IPv6).
    IpAddress,
    /// A position finer than a street corner.
    Coordinates,
}

impl HitKind {
    /// In words, for the answer to who wrote it: "a telephone number".
    pub fn words(self) -> &'static str {
        match self {
            Self::Email => "an e-mail address",
            Self::Phone => "a telephone number",
            Self::BankAccount => "a bank account",
            Self::PaymentCard => "a payment card",
            Self::NationalId => "a personal document number",
            Self::Plate => "a vehicle plate",
            Self::Device => "a device number",
            Self::MacAddress => "a network address",
            Self::IpAddress => "an internet address",
            Self::Coordinates => "exact coordinates",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What kind.
    pub kind: HitKind,
    /// Where, in characters of the text as it was given.
    pub chars: Range<usize>,
}

/// Addresses and numbers of public desks, which texts may name.
#[derive(Clone, Debug, Default)]
pub struct Desks {
    emails: BTreeSet<String>,
    phones: BTreeSet<String>,
}

impl Desks {
    /// From the city's list: an entry with an `@` is an address, any other a telephone number.
    pub fn new(desks: &[String]) -> Self {
        let (emails, phones): (Vec<&String>, Vec<&String>) = desks.iter().partition(|desk| desk.contains('@'));
        let digits = |desk: &String| desk.chars().filter(char::is_ascii_digit).collect();
        Self {
            emails: emails.into_iter().map(|desk| desk.trim().to_lowercase()).collect(),
            phones: phones.into_iter().map(digits).filter(|digits: &String| !digits.is_empty()).collect(),
        }
    }

    fn has(&self, kind: HitKind, text: &Text, range: &Range<usize>) -> bool {
        let found: String = text.chars.get(range.clone()).unwrap_or_default().iter().collect();
        match kind {
            HitKind::Email => self.emails.contains(&found.to_lowercase()),
            HitKind::Phone => {
                let digits: String = found.chars().filter(char::is_ascii_digit).collect();
                // With or without the country in front.
                self.phones.iter().any(|desk| *desk == digits || digits.ends_with(desk.as_str()) && desk.len() >= 8)
            }
            _ => false,
        }
    }
}

/// Everything in the text that could be a person's, by place; empty when it may be kept. Linear in its length.
pub fn find(text: &str, desks: &Desks) -> Vec<Hit> {
    if !could_hold(text) {
        return Vec::new();
    }
    let text = Text::new(text);
    let mut found = Found { taken: vec![false; text.chars.len()], hits: Vec::new() };
    network::emails(&text, &mut found);
    network::addresses(&text, &mut found);
    network::coordinates(&text, &mut found);
    network::mask_links(&text, &mut found);
    let before = Found { taken: found.taken.clone(), hits: Vec::new() };
    numbers::find(&text, &mut found);
    apart::find(&text, &mut found);
    plate::find(&text, &mut found);
    spelled::words(&text, &mut found);
    spelled::letters(&text, before, &mut found);
    found.hits.retain(|(kind, range)| !desks.has(*kind, &text, range));
    found.hits.sort_by_key(|(kind, range)| (range.start, *kind));
    found.hits.into_iter().map(|(kind, range)| Hit { kind, chars: text.origin(&range) }).collect()
}

/// Whether an id is an e-mail address.
pub(crate) fn looks_like_email(id: &str) -> bool {
    if !id.contains('@') {
        return false;
    }
    let text = Text::new(id);
    let mut found = Found { taken: vec![false; text.chars.len()], hits: Vec::new() };
    network::emails(&text, &mut found);
    !found.hits.is_empty()
}

/// Whether an id is written as a telephone number: with a plus or an area code in brackets. Bare digits are ordinary
/// ids of trips.
pub(crate) fn looks_like_phone(id: &str) -> bool {
    let digits = id.bytes().filter(u8::is_ascii_digit).count();
    let only = id.chars().all(|c| c.is_ascii_digit() || " +-.()/".contains(c));
    only && (8..=15).contains(&digits) && (id.starts_with('+') || id.starts_with('('))
}

/// Cheap first look: nothing is found without a digit, an `@`, or words that spell one of them.
fn could_hold(text: &str) -> bool {
    text.chars().any(|c| c.is_numeric() || c == '@' || !c.is_ascii() && normalise::folds(c)) || normalise::spells(text)
}

/// What was found so far, and which characters are spoken for.
struct Found {
    taken: Vec<bool>,
    hits: Vec<(HitKind, Range<usize>)>,
}

impl Found {
    fn hit(&mut self, kind: HitKind, range: Range<usize>) {
        self.mask(range.clone());
        self.hits.push((kind, range));
    }

    fn mask(&mut self, range: Range<usize>) {
        if let Some(taken) = self.taken.get_mut(range) {
            taken.fill(true);
        }
    }

    fn is_taken(&self, at: usize) -> bool {
        self.taken.get(at).copied().unwrap_or(true)
    }
}

#[cfg(test)]
mod tests;
