//! Addresses of the network, and coordinates.

use super::normalise::Text;
use super::{Found, HitKind, degrees};

/// Decimals of a degree from which on a pair of numbers is a place rather than a region: the fifth is one metre.
const DECIMALS_FINE: usize = 5;
/// Ends of spelled addresses; with any other word, "at the dot of noon" would be one.
const SPELLED_TOPS: [&str; 16] =
    ["com", "org", "net", "gov", "edu", "br", "pt", "uk", "de", "fr", "es", "it", "us", "io", "info", "app"];
/// Characters between the two numbers of a pair at most: "° S, ".
const PAIR_GAP_MAX: usize = 6;

/// E-mail addresses, also with spelled signs: "maria at example dot org".
pub(super) fn emails(text: &Text, found: &mut Found) {
    for at in 0..text.chars.len() {
        if text.get(at) == Some('@') {
            let front = (0..at).rev().take_while(|i| text.get(*i).is_some_and(is_local)).count();
            let domain: String = text.part(at + 1, is_domain).iter().collect();
            let domain = domain.trim_end_matches(['.', '-']);
            let top = domain.rsplit_once('.').map(|(_, top)| top);
            let whole = top.is_some_and(|top| top.len() >= 2 && top.chars().all(char::is_alphabetic));
            if front > 0 && whole {
                found.hit(HitKind::Email, at - front..at + 1 + domain.chars().count());
            }
        }
    }
    spelled_emails(text, found);
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() || "._%+-".contains(c)
}

fn is_domain(c: char) -> bool {
    c.is_alphanumeric() || ".-".contains(c)
}

fn spelled_emails(text: &Text, found: &mut Found) {
    let mut words: Vec<(usize, String)> = Vec::new();
    for (at, c) in text.chars.iter().enumerate() {
        match words.last_mut() {
            Some((from, word)) if c.is_alphanumeric() && *from + word.chars().count() == at => {
                word.extend(c.to_lowercase());
            }
            _ if c.is_alphanumeric() => words.push((at, c.to_lowercase().collect())),
            _ => {}
        }
    }
    for part in words.windows(5) {
        let [(from, _), (_, at), _, (_, dot), (last, top)] = part else { continue };
        let spelled = ["at", "arroba"].contains(&at.as_str())
            && ["dot", "ponto", "punto"].contains(&dot.as_str())
            && SPELLED_TOPS.contains(&top.as_str());
        if spelled {
            found.hit(HitKind::Email, *from..*last + top.chars().count());
        }
    }
}

/// MAC, IPv4 and IPv6 addresses: words of digits, letters and colons, dots or dashes.
pub(super) fn addresses(text: &Text, found: &mut Found) {
    let mut at = 0;
    while at < text.chars.len() {
        let word = text.part(at, is_address);
        if word.is_empty() {
            at += 1;
            continue;
        }
        let bounded = !text.before(at).is_some_and(char::is_alphanumeric)
            && !text.get(at + word.len()).is_some_and(char::is_alphanumeric);
        let plain: String = word.iter().collect();
        let plain = plain.trim_end_matches(['.', ':', '-']);
        let kind = bounded.then(|| address(plain)).flatten();
        if let Some(kind) = kind {
            found.hit(kind, at..at + plain.len());
        }
        at += word.len();
    }
}

fn is_address(c: char) -> bool {
    c.is_ascii_hexdigit() || ":.-".contains(c)
}

fn address(word: &str) -> Option<HitKind> {
    let hex = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_hexdigit());
    for sign in [':', '-'] {
        if word.split(sign).count() == 6 && word.split(sign).all(|part| hex(part, 2)) {
            return Some(HitKind::MacAddress);
        }
    }
    let letters = word.bytes().any(|b| b.is_ascii_alphabetic());
    if letters && word.split('.').count() == 3 && word.split('.').all(|part| hex(part, 4)) {
        return Some(HitKind::MacAddress);
    }
    let four = word.split('.').count() == 4 && word.parse::<std::net::Ipv4Addr>().is_ok();
    // "fe80::1" has as few colons as "12::30", and as a path in a program ("a::b"): its front is written out.
    let colons = word.matches(':').count();
    let whole = colons >= 3
        || word.split_once("::").is_some_and(|(front, rest)| {
            (3..=4).contains(&front.len()) && word.bytes().any(|b| b.is_ascii_digit()) && !rest.is_empty()
        });
    let six = whole && word.parse::<std::net::Ipv6Addr>().is_ok();
    (four || six).then_some(HitKind::IpAddress)
}

/// Pairs of numbers with five or more decimals, or of degrees as fine as that, and `geo:` addresses.
pub(super) fn coordinates(text: &Text, found: &mut Found) {
    let mut last: Option<(usize, usize)> = None;
    let mut at = 0;
    while at < text.chars.len() {
        if text.has(at, "geo:") && (text.digit(at + 4) || text.get(at + 4) == Some('-')) {
            let len = text.count(at, |c| !c.is_whitespace());
            found.hit(HitKind::Coordinates, at..at + len);
            at += len;
            continue;
        }
        let Some(end) = fine_decimal(text, at).or_else(|| degrees::fine_end(text, at)) else {
            at += 1;
            continue;
        };
        match last {
            Some((from, to)) if at - to <= PAIR_GAP_MAX => {
                found.hit(HitKind::Coordinates, from..end);
                last = None;
            }
            _ => last = Some((at, end)),
        }
        at = end;
    }
}

/// The end of a number of degrees with many decimals that begins at `at`.
fn fine_decimal(text: &Text, at: usize) -> Option<usize> {
    if !text.digit(at) || text.before(at).is_some_and(|c| c.is_ascii_digit() || ".,".contains(c)) {
        return None;
    }
    let whole = text.count(at, |c| c.is_ascii_digit());
    let point = text.get(at + whole).is_some_and(|c| ".,".contains(c));
    let from = at + whole + 1;
    let decimals = text.count(from, |c| c.is_ascii_digit());
    (whole <= 3 && point && decimals >= DECIMALS_FINE).then_some(from + decimals)
}

/// Digits in web addresses are no telephone numbers, unless the address is one of a messenger.
pub(super) fn mask_links(text: &Text, found: &mut Found) {
    for at in 0..text.chars.len() {
        let link = ["http://", "https://", "www."].iter().any(|start| text.has(at, start));
        if !link || found.is_taken(at) {
            continue;
        }
        let len = text.count(at, |c| !c.is_whitespace());
        let address: String = text.chars.iter().skip(at).take(len).collect::<String>().to_lowercase();
        if !["wa.me", "whatsapp", "t.me/", "signal.me"].iter().any(|messenger| address.contains(messenger)) {
            found.mask(at..at + len);
        }
    }
}
