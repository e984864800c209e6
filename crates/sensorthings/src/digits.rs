//! Numbers and times as text, written straight into bytes: an answer has them by the thousand, and going through the
//! formatter of the language for each takes longer than reading them from the disk.

use std::io::Write as _;

use city::Time;

/// From here on up numbers are written with an exponent: `1e300` and not 301 digits.
const PLAIN_MAX: f64 = 1e17;
/// Below this numbers are written with an exponent.
const PLAIN_MIN: f64 = 1e-7;
/// Whole numbers below this have at most eight digits, which are made at once.
const EIGHT: u64 = 100_000_000;
/// Zeros, as text, for each byte of four and of eight digits.
const ZEROS_FOUR: u32 = 0x3030_3030;
const ZEROS_EIGHT: u64 = 0x3030_3030_3030_3030;

/// A whole number.
pub fn integer(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    whole(out, number.unsigned_abs());
}

/// A whole number that is not negative.
pub fn whole(out: &mut Vec<u8>, number: u64) {
    if number < EIGHT {
        let digits = eight(number);
        // The last digit is written even when it is zero.
        let leading = (digits | 1 << 56).trailing_zeros() & !7;
        out.extend_from_slice(&((digits | ZEROS_EIGHT) >> leading).to_le_bytes());
        out.truncate(out.len() - leading as usize / 8);
    } else {
        whole(out, number / EIGHT);
        out.extend_from_slice(&(eight(number % EIGHT) | ZEROS_EIGHT).to_le_bytes());
    }
}

/// The eight digits of a number below 10^8, a byte each, the first digit in the lowest byte: halves, then quarters,
/// then digits are split off in all lanes at once. Each product stays within its lane: 9999 * 10486 < 2^32 and
/// 99 * 103 < 2^16; both factors give the exact quotient for every number of their lane.
fn eight(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - tens * 10) << 8)
}

/// Fractions of so many parts are tried first: what instruments give has four decimals at most.
const PARTS: f64 = 10_000.0;
/// Up to here a decimal of four places has at most 15 digits, and then no other as short is the same number.
const PARTS_MAX: u64 = 100_000_000_000_000;

/// A number of at most four decimals; false, and nothing written, for any other.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates, and is compared afterwards")]
fn short_decimal(out: &mut Vec<u8>, number: f64) -> bool {
    let size = number.abs();
    // The nearest one. Rounding as the language has it is a call on processors of twenty years ago, for which we build.
    let parts = (size * PARTS + 0.5) as u64;
    // The division is rounded correctly: when it gives the number back, reading the decimal does too.
    #[allow(clippy::float_cmp, reason = "the very same number is meant")]
    let is_same = parts < PARTS_MAX && parts as f64 / PARTS == size;
    if !is_same || (number == 0.0 && number.is_sign_negative()) {
        return false;
    }
    if number < 0.0 {
        out.push(b'-');
    }
    let fraction = if parts < EIGHT {
        let digits = eight(parts);
        let leading = (digits as u32 | 1 << 24).trailing_zeros() & !7;
        out.extend_from_slice(&((digits as u32 | ZEROS_FOUR) >> leading).to_le_bytes());
        out.truncate(out.len() - leading as usize / 8);
        (digits >> 32) as u32
    } else {
        whole(out, parts / 10_000);
        (eight(parts % 10_000) >> 32) as u32
    };
    if fraction > 0 {
        out.push(b'.');
        out.extend_from_slice(&(fraction | ZEROS_FOUR).to_le_bytes());
        out.truncate(out.len() - fraction.leading_zeros() as usize / 8);
    }
    true
}

/// A number, as short as it can be so that reading it gives the same; `null` when it is not finite.
pub fn number(out: &mut Vec<u8>, number: f64) {
    if short_decimal(out, number) {
        return;
    }
    let size = number.abs();
    // Writing into memory cannot fail.
    let _ = if !number.is_finite() {
        out.write_all(b"null")
    } else if number == 0.0 || (PLAIN_MIN..PLAIN_MAX).contains(&size) {
        write!(out, "{number}")
    } else {
        write!(out, "{number:e}")
    };
}

/// `2024-05-02T03:12:00Z`, with three digits of a second where it is not whole; without quotes.
pub fn time(out: &mut Vec<u8>, time: Time) {
    let (second, ms) = (time.ms().div_euclid(1000), time.ms().rem_euclid(1000));
    let (days, second) = (second.div_euclid(86_400), second.rem_euclid(86_400).unsigned_abs());
    let (year, month, day) = civil(days);
    let date = eight(year.unsigned_abs() * 10_000 + month.unsigned_abs() * 100 + day.unsigned_abs());
    let of_day = eight(second / 3600 * 10_000 + second / 60 % 60 * 100 + second % 60);
    let [y0, y1, y2, y3, m0, m1, d0, d1] = (date | ZEROS_EIGHT).to_le_bytes();
    let [_, _, h0, h1, n0, n1, s0, s1] = (of_day | ZEROS_EIGHT).to_le_bytes();
    out.extend_from_slice(&[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1]);
    if ms != 0 {
        let [.., c0, c1, c2] = (eight(ms.unsigned_abs()) | ZEROS_EIGHT).to_le_bytes();
        out.extend_from_slice(&[b'.', c0, c1, c2]);
    }
    out.push(b'Z');
}

/// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`), for 0000 to 9999.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is written, as text.
    pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn four_digits_are_right_in_either_half() {
        for number in 0..10_000 {
            let text = format!("{number:04}{number:04}");
            assert_eq!((eight(number * 10_001) | ZEROS_EIGHT).to_le_bytes(), text.as_bytes(), "{number}");
        }
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        let cases = [(5.0, "5"), (-0.5, "-0.5"), (0.1, "0.1"), (1e300, "1e300"), (-0.0, "-0"), (2.5e-9, "2.5e-9")];
        for (real, text) in cases.into_iter().chain([(0.0, "0"), (1e8, "100000000"), (9_999.999_9, "9999.9999")]) {
            assert_eq!(written(|out| number(out, real)), text);
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_are_as_the_language_writes_them(number in any::<i64>(), shift in 0_u32..64) {
            prop_assert_eq!(written(|out| integer(out, number >> shift)), (number >> shift).to_string());
        }

        #[test]
        fn times_are_those_of_the_calendar(ms in 946_684_800_000_i64..=4_102_444_800_000) {
            let at = Time::from_ms(ms).expect("a time");
            let text = written(|out| time(out, at));
            prop_assert_eq!(text.len(), if ms % 1000 == 0 { 20 } else { 24 });
            prop_assert_eq!(text.parse::<Time>().expect("a time"), at);
        }

        #[test]
        fn numbers_round_trip(bits in any::<u64>()) {
            let real = f64::from_bits(bits);
            let text = written(|out| number(out, real));
            if real.is_finite() {
                prop_assert!(text.len() <= 26, "{}", text);
                prop_assert_eq!(text.parse::<f64>().expect("a number").to_bits(), bits);
                prop_assert_eq!(serde_json::from_str::<f64>(&text).expect("JSON").to_bits(), bits);
            } else {
                prop_assert_eq!(text, "null");
            }
        }

        #[test]
        fn decimals_are_as_short_as_the_language_writes_them(parts in -2_000_000_000_000_i64..2_000_000_000_000, shift in 0_u32..40, places in 0..7) {
            let real = (parts >> shift) as f64 / 10_f64.powi(places);
            prop_assert_eq!(written(|out| number(out, real)), real.to_string());
        }
    }
}
