//! Numbers of JSON (RFC 8259, section 6) as `f64`, correctly rounded.

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// So many digits a double holds whatever they are.
const DIGITS_MAX: usize = 15;
/// The largest whole number up to which a double holds every one.
const WHOLE_MAX: u64 = 1 << 53;

/// Whether the token is a number of JSON, however large.
pub(super) fn is_number(token: &[u8]) -> bool {
    parse(token).is_some() || serde_json::from_slice::<serde_json::Number>(token).is_ok()
}

/// The number, if the token is one and it is finite.
#[inline]
pub(super) fn parse(token: &[u8]) -> Option<f64> {
    let (negative, digits) = match token.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, token),
    };
    let whole = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    // No digit at all, or a zero with digits after it.
    if whole == 0 || whole > 1 && digits.first() == Some(&b'0') {
        return None;
    }
    let (whole_digits, rest) = digits.split_at(whole);
    let fraction = match rest.split_first() {
        None => &[][..],
        Some((b'.', fraction)) if fraction.first().is_some_and(u8::is_ascii_digit) => fraction,
        Some((b'e' | b'E', _)) => return slow(token),
        Some(_) => return None,
    };
    if whole + fraction.len() > DIGITS_MAX || !fraction.iter().all(u8::is_ascii_digit) {
        return slow(token);
    }
    // At most 15 digits: exact in a double, and so is the power of ten; one division rounds once (Clinger 1990).
    let mut mantissa = 0_u64;
    for digit in whole_digits.iter().chain(fraction) {
        mantissa = mantissa * 10 + u64::from(digit - b'0');
    }
    debug_assert!(mantissa <= WHOLE_MAX);
    let value = mantissa as f64 / POWERS.get(fraction.len())?;
    Some(if negative { -value } else { value })
}

/// A number of few digits without an exponent, and how many bytes it has: what instruments send.
#[inline]
pub(super) fn short(text: &[u8]) -> Option<(f64, usize)> {
    let negative = text.first() == Some(&b'-');
    let digits = text.get(usize::from(negative)..)?;
    let (mut mantissa, mut at, mut point) = (0_u64, 0, None);
    let end = loop {
        match digits.get(at)? {
            digit @ b'0'..=b'9' => mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')),
            b'.' if point.is_none() => point = Some(at),
            b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t' => break at,
            _ => return None,
        }
        at += 1;
    };
    let whole = point.unwrap_or(end);
    let fraction = point.map_or(0, |point| end - point - 1);
    // As in `parse`: no leading zero, a digit on both sides of a point, and few enough that a double holds them.
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
