//! Numbers of JSON (RFC 8259, section 6) as `f64`, correctly rounded.

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// So many digits a double holds whatever they are.
const DIGITS_MAX: usize = 15;

/// Whether the token is a number of JSON, however large.
pub(super) fn is_number(token: &[u8]) -> bool {
    parse(token).is_some() || serde_json::from_slice::<serde_json::Number>(token).is_ok()
}

/// The number, if the token is one and it is finite.
#[inline]
pub(super) fn parse(token: &[u8]) -> Option<f64> {
    match short(token) {
        Some((number, length)) if length == token.len() => Some(number),
        _ => slow(token),
    }
}

/// A number of few digits without an exponent, and how many bytes it has: what instruments send.
#[inline]
pub(super) fn short(text: &[u8]) -> Option<(f64, usize)> {
    let negative = text.first() == Some(&b'-');
    let digits = text.get(usize::from(negative)..)?;
    let (mut mantissa, mut at, mut point) = (0_u64, 0, None);
    let end = loop {
        match digits.get(at).unwrap_or(&b',') {
            digit @ b'0'..=b'9' => mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')),
            b'.' if point.is_none() => point = Some(at),
            b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t' => break at,
            _ => return None,
        }
        at += 1;
    };
    let whole = point.unwrap_or(end);
    let fraction = point.map_or(0, |point| end - point - 1);
    // No leading zero, a digit on both sides of a point, and few enough that a double holds them: then the power of
    // ten is exact, too, and one division rounds once (Clinger 1990).
    let is_number = whole > 0 && (whole == 1 || digits.first() != Some(&b'0')) && (point.is_none() || fraction > 0);
    if !is_number || whole + fraction > DIGITS_MAX {
        return None;
    }
    let value = mantissa as f64 / POWERS.get(fraction)?;
    Some((if negative { -value } else { value }, end + usize::from(negative)))
}

/// Any other number: what the grammar allows, by the standard library's exact reader.
#[cold]
fn slow(token: &[u8]) -> Option<f64> {
    let number: serde_json::Number = serde_json::from_slice(token).ok()?;
    number.as_f64().filter(|number| number.is_finite())
}
