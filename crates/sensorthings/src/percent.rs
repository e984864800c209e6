//! Percent-encoding as URLs have it (RFC 3986 clause 2.1).

/// Decodes `%XX`, and `+` as a space where `plus_is_space` (the query string, not the path). Err: the byte at which it
/// cannot be read.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> Result<String, usize> {
    let mut bytes = Vec::with_capacity(text.len());
    let raw = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        match byte {
            b'%' => {
                bytes.push(byte_of(raw, at).ok_or(at)?);
                at += 2;
            }
            b'+' if plus_is_space => bytes.push(b' '),
            _ => bytes.push(byte),
        }
        at += 1;
    }
    String::from_utf8(bytes).map_err(|error| error.utf8_error().valid_up_to())
}

/// The byte that `%XX` at `at` stands for.
pub(crate) fn byte_of(raw: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| raw.get(at).and_then(|digit| char::from(*digit).to_digit(16));
    u8::try_from(digit(at + 1)? * 16 + digit(at + 2)?).ok()
}

/// Encodes what may not stand in a query value: everything but letters, digits and a few marks that browsers and
/// proxies leave alone.
pub(crate) fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$'(),/:@=!*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}
