//! Check digits.

/// Luhn's check (ISO/IEC 7812-1, annex B): payment cards and IMEIs.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(*digit);
            let doubled = value * 2;
            if place % 2 == 0 { value } else { doubled / 10 + doubled % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A Brazilian CPF: eleven digits, the last two of them checks modulo 11. Eleven equal digits are no number.
pub(super) fn is_cpf(digits: &[u8]) -> bool {
    digits.len() == 11 && distinct(digits) && {
        let check = |count: usize| {
            let weights = (2..=count + 1).rev();
            checks(digits.iter().take(count).copied().zip(weights.map(|w| u32::try_from(w).unwrap_or_default())))
        };
        digits.get(9).copied() == Some(check(9)) && digits.get(10).copied() == Some(check(10))
    }
}

/// A Brazilian CNPJ, an organisation's number: fourteen digits, the last two of them checks modulo 11.
pub(super) fn is_cnpj(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    digits.len() == 14 && distinct(digits) && {
        let check = |count: usize| checks(digits.iter().take(count).copied().zip(WEIGHTS.into_iter().skip(13 - count)));
        digits.get(12).copied() == Some(check(12)) && digits.get(13).copied() == Some(check(13))
    }
}

fn distinct(digits: &[u8]) -> bool {
    digits.iter().any(|digit| Some(digit) != digits.first())
}

fn checks(weighted: impl Iterator<Item = (u8, u32)>) -> u8 {
    let rest = weighted.map(|(digit, weight)| u32::from(digit) * weight).sum::<u32>() % 11;
    if rest < 2 { 0 } else { u8::try_from(11 - rest).unwrap_or_default() }
}

/// An IBAN (ISO 13616): modulo 97 of its rearranged digits is 1.
pub(super) fn is_iban(account: &str) -> bool {
    let upper = account.to_ascii_uppercase();
    let bytes = upper.as_bytes();
    let shape = (15..=34).contains(&bytes.len())
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
        && bytes.iter().all(u8::is_ascii_alphanumeric);
    shape && {
        let turned = bytes.iter().skip(4).chain(bytes.iter().take(4));
        let rest = turned.fold(0_u32, |rest, byte| {
            if byte.is_ascii_digit() {
                (rest * 10 + u32::from(byte - b'0')) % 97
            } else {
                (rest * 100 + u32::from(byte - b'A') + 10) % 97
            }
        });
        rest == 1
    }
}
