//! What an id of each kind looks like. Ids are kept for ever beside the data, so none may smuggle in a sentence,
//! an address or a number of a person.

use crate::scan;

/// Longest id, in characters. The longest GTFS ids seen in the wild (MTA trip ids) are below 60.
pub(crate) const ID_CHARS_MAX: usize = 128;
/// Longest alert id: a rule, a subject (itself with two ids) and an episode.
pub(crate) const ALERT_ID_CHARS_MAX: usize = 400;

/// GTFS ids: letters and digits of any script, spaces inside, and the punctuation that agencies use.
pub(crate) fn is_gtfs_id(id: &str) -> bool {
    fits(id, |c| c.is_alphanumeric() || " -_.:@#/+|()[],;&*'=~!$%".contains(c))
        && id.trim() == id
        && !scan::looks_like_email(id)
        && !scan::looks_like_phone(id)
}

/// CAP `identifier` (clause 3.2.1): no spaces, commas, `<` or `&`. Agencies append their domain after an `@`, which
/// is no address of a person while its front part holds a number.
pub(crate) fn is_cap_identifier(id: &str) -> bool {
    let numbered = id.split('@').next().is_some_and(|front| front.bytes().any(|b| b.is_ascii_digit()));
    fits(id, |c| c.is_ascii_graphic() && !",<&\"".contains(c))
        && (numbered || !scan::looks_like_email(id))
        && !scan::looks_like_phone(id)
}

/// CAP `sender` after its front part was cut: a host name or a registered name.
pub(crate) fn is_cap_sender(id: &str) -> bool {
    fits(id, |c| c.is_alphanumeric() || "-_.:/#+ ".contains(c)) && !scan::looks_like_phone(id)
}

/// CAP `geocode` value: an administrative code.
pub(crate) fn is_geocode(code: &str) -> bool {
    fits(code, |c| c.is_ascii_alphanumeric() || "-_.:/ ".contains(c)) && !scan::looks_like_phone(code)
}

/// A ticket of a resident's request: 32 lower-case hexadecimal digits, the keyed digest of the `service_request_id`. The
/// id itself is a foreign text, and some are telephone numbers, dates of birth or places.
pub(crate) fn is_ticket(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// What an alert is about, as rules say it: a kind, and mostly an id (`datastream:1`, `warning:ID@PLACE`). No line of text
/// is one.
pub(crate) fn is_subject(subject: &str) -> bool {
    let (kind, id) = subject.split_once(':').unwrap_or((subject, "-"));
    let plain = |c: char| !(c.is_whitespace() || c.is_control() || crate::text::is_hidden(c) || ",;\"".contains(c));
    !kind.is_empty()
        && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        && !id.is_empty()
        && id.chars().all(plain)
}

/// The id of an alert as [`city::AlertId::new`] makes them.
pub(crate) fn is_alert_id(id: &str) -> bool {
    let count = id.chars().count();
    (1..=ALERT_ID_CHARS_MAX).contains(&count) && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c))
}

/// The key of a notification about an alert: alert, reason, step and number, and the channel.
pub(crate) fn is_call_key(key: &str, channel: &str) -> bool {
    let mut parts = key.split('/');
    let whole = |number: &str| (1..=10).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    parts.next().is_some_and(is_alert_id)
        && parts.next().is_some_and(|why| why.len() <= 20 && why.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        && parts.next().and_then(|at| at.split_once('.')).is_some_and(|(step, sent)| whole(step) && whole(sent))
        && parts.next() == Some(channel)
        && parts.next().is_none()
}

/// A name that the city gave in its own files: a rule, a feed.
pub(crate) fn is_name(id: &str) -> bool {
    fits(id, |c| c.is_alphanumeric() || "-_.".contains(c)) && !scan::looks_like_phone(id)
}

/// The version of a rule: the beginning of a SHA-256 of its text.
pub(crate) fn is_rule_version(version: &str) -> bool {
    version.len() == 12 && version.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// SHA-256 in lower-case hexadecimal digits.
pub(crate) fn is_sha256(hash: &str) -> bool {
    hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn fits(id: &str, allowed: impl Fn(char) -> bool) -> bool {
    // Counting stops one past the limit, so that a megabyte of id costs nothing.
    let count = id.chars().take(ID_CHARS_MAX + 1).count();
    (1..=ID_CHARS_MAX).contains(&count) && id.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_ids_of_agencies_pass() {
        for id in
            ["T1-2@1#1202", "AFA23GEN-1037-Sunday-00_000600_1..S03R", "10176", "43211234567", "4a/7|B (x)", "Ônibus 1"]
        {
            assert!(is_gtfs_id(id), "{id}");
        }
        assert!(is_ticket("00112233445566778899aabbccddeeff"));
        for subject in [
            "datastream:1",
            "trip:20240502/T1-2@1#1202",
            "warning:urn:oid:2.49.0@town",
            "cell:6666-12402",
            "everywhere",
        ] {
            assert!(is_subject(subject), "{subject}");
        }
        for id in ["urn:oid:2.49.0.1.76.0.2024.5.1.12.30.15", "NOAA-NWS-ALERTS-TX126", "4711-12@defesacivil.rs.gov.br"]
        {
            assert!(is_cap_identifier(id), "{id}");
        }
    }

    #[test]
    fn what_could_be_a_person_does_not() {
        for id in
            ["maria@example.org", "+5551999887766", "(51) 99988-7766", "", "a\u{7}b", " 12", "a\nb", &"x".repeat(129)]
        {
            assert!(!is_gtfs_id(id), "{id:?}");
        }
        assert!(!is_cap_identifier("maria@example.org"));
        assert!(!is_cap_identifier("two words"));
        for id in ["", "24-0017", "5551999887766", "00112233445566778899AABBCCDDEEFF"] {
            assert!(!is_ticket(id), "{id:?}");
        }
        for subject in
            ["", "Maria Silva, Rua da Praia 55", "person:Maria Silva", "+5551999887766", "a:", "maria@example.org"]
        {
            assert!(!is_subject(subject), "{subject:?}");
        }
        assert!(!is_alert_id("water~datastream_1~17 or 1=1"));
    }
}
