//! Degrees with minutes and seconds: 30°01'39.3"S, and 30°01.655'S.

use super::normalise::Text;

/// Decimals of a second from which on it is a place rather than a region: a tenth is three metres, where the fifth
/// decimal of a degree is one and the fourth eleven.
const SECOND_DECIMALS_FINE: usize = 1;
/// Decimals of a minute: the third is two metres.
const MINUTE_DECIMALS_FINE: usize = 3;
const DEGREE: [char; 4] = ['°', 'º', '˚', '∘'];
const MINUTE: [char; 6] = ['\'', '′', '’', '‘', '´', 'ʹ'];
const SECOND: [char; 6] = ['"', '″', '”', '“', '˝', 'ʺ'];

/// The end of such an angle that begins at `at`, where it is as fine as a person's spot.
pub(super) fn fine_end(text: &Text, at: usize) -> Option<usize> {
    if !text.digit(at) || text.before(at).is_some_and(|c| c.is_ascii_digit() || ".,".contains(c)) {
        return None;
    }
    let (degrees, 0) = number(text, at, 3)? else { return None };
    let minutes = sign(text, degrees, &DEGREE)?;
    let (end, decimals) = number(text, minutes, 2)?;
    let after = sign(text, end, &MINUTE)?;
    if decimals >= MINUTE_DECIMALS_FINE {
        return Some(after);
    }
    let (end, decimals) = number(text, after, 2)?;
    let double = |at| sign(text, at, &MINUTE).and_then(|at| sign(text, at, &MINUTE));
    let after = sign(text, end, &SECOND).or_else(|| double(end))?;
    (decimals >= SECOND_DECIMALS_FINE).then_some(after)
}

/// The end of a number with at most so many digits before its point, and its decimals.
fn number(text: &Text, at: usize, digits_max: usize) -> Option<(usize, usize)> {
    let whole = text.count(at, |c| c.is_ascii_digit());
    if whole == 0 || whole > digits_max {
        return None;
    }
    let end = at + whole;
    let decimals = text.count(end + 1, |c| c.is_ascii_digit());
    let point = text.get(end).is_some_and(|c| ".,".contains(c)) && decimals > 0;
    Some(if point { (end + 1 + decimals, decimals) } else { (end, 0) })
}

/// What follows one of these signs, with a blank on either side at most.
fn sign(text: &Text, at: usize, signs: &[char]) -> Option<usize> {
    let blank = |at| at + usize::from(text.get(at) == Some(' '));
    let at = blank(at);
    text.get(at).filter(|c| signs.contains(c))?;
    Some(blank(at + 1))
}
