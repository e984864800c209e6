//! The scan is total, and disguises cost more than they hide.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use gate::scan::{Desks, HitKind, find};
use proptest::prelude::*;

/// What a person could be found by, written plainly.
const PLAIN: [(&str, HitKind); 8] = [
    ("maria.silva@example.org", HitKind::Email),
    ("(51) 99988-7766", HitKind::Phone),
    ("+55 51 99988-7766", HitKind::Phone),
    ("529.982.247-25", HitKind::NationalId),
    ("4111 1111 1111 1111", HitKind::PaymentCard),
    ("ABC1D23", HitKind::Plate),
    ("192.168.10.42", HitKind::IpAddress),
    ("00:1b:44:11:3a:b7", HitKind::MacAddress),
];

fn kinds(text: &str) -> Vec<HitKind> {
    find(text, &Desks::default()).into_iter().map(|hit| hit.kind).collect()
}

/// Fullwidth, mathematical or Arabic forms of a character, or itself.
fn disguise(c: char, how: u8) -> char {
    match (how % 4, c) {
        (1, '!'..='~') => char::from_u32(u32::from(c) + 0xFEE0).unwrap(),
        (2, '0'..='9') => char::from_u32(u32::from(c) - 0x30 + 0x1D7CE).unwrap(),
        (3, '0'..='9') => char::from_u32(u32::from(c) - 0x30 + 0x0660).unwrap(),
        (3, '-') => '\u{2011}',
        _ => c,
    }
}

proptest! {
    #[test]
    fn any_text_is_scanned_and_every_hit_lies_in_it(text in "\\PC{0,200}") {
        let count = text.chars().count();
        for hit in find(&text, &Desks::default()) {
            prop_assert!(hit.chars.start < hit.chars.end && hit.chars.end <= count, "{:?} of {}", hit, count);
        }
    }

    #[test]
    fn text_of_the_signs_that_numbers_are_made_of_is_scanned(text in "[0-9A-Ca-c+().@:/ -]{0,120}") {
        find(&text, &Desks::default());
    }

    #[test]
    fn a_disguise_is_seen_through(
        item in 0..PLAIN.len(), how in prop::collection::vec(0_u8..4, 40), gap in prop::collection::vec(any::<bool>(), 40),
        before in "[a-z ]{0,20}", after in "[a-z ]{0,20}",
    ) {
        let (plain, kind) = PLAIN[item];
        let mut hidden = String::new();
        for ((c, how), gap) in plain.chars().zip(how).zip(gap) {
            hidden.push(disguise(c, how));
            if gap {
                hidden.push('\u{200B}');
            }
        }
        let text = format!("{before} {hidden} {after}");
        prop_assert!(kinds(&text).contains(&kind), "{:?}: {:?}", text, kinds(&text));
    }

    #[test]
    fn measures_and_times_are_nobodys(level in 0..1000_u32, hour in 0..24_u32, minute in 0..60_u32, day in 1..29_u32, km in 1..600_u32) {
        let text = format!(
            "Nível {}.{:02} m às {hour:02}:{minute:02} de {day:02}/05/2024 ({hour}h{minute:02}), BR-{:03} km {km}, {km} mm/h, 2024-05-{day:02}T{hour:02}:{minute:02}:00-03:00",
            level / 100, level % 100, 100 + km % 400,
        );
        prop_assert_eq!(kinds(&text), [], "{}", text);
    }

    #[test]
    fn any_telephone_number_is_seen_whatever_stands_between_its_digits(
        area in prop::sample::select(vec!["11", "21", "34", "51", "55", "71", "85", "99"]),
        country in prop::sample::select(vec!["", "0", "55", "+55"]),
        digits in "[0-9]{8}",
        gaps in prop::collection::vec(prop::sample::select(GAPS.to_vec()), 14),
        how in prop::collection::vec(0_u8..4, 14),
        apart in prop::collection::vec(any::<bool>(), 14),
    ) {
        let number = format!("{country}{area}9{digits}");
        let (mut hidden, mut used) = (String::new(), Vec::new());
        for (((c, gap), how), apart) in number.chars().zip(&gaps).zip(how).zip(apart) {
            if !hidden.is_empty() && !hidden.ends_with('+') && apart {
                let sign = gap.replace('\u{2011}', "-");
                hidden.push_str(if used.contains(&sign) && DATED.contains(&sign.as_str()) { " " } else { gap });
                used.push(sign);
            }
            hidden.push(if c == '+' { c } else { disguise(c, how) });
        }
        prop_assert!(!kinds(&hidden).is_empty(), "{:?}", hidden);
    }

    #[test]
    fn a_telephone_number_is_seen_with_letters_raised_digits_references_or_words_in_it(
        area in prop::sample::select(vec!["11", "21", "34", "51", "55", "71", "85", "99"]),
        digits in "[0-9]{8}", how in 0..4_usize, some in prop::collection::vec(any::<bool>(), 11),
    ) {
        let number = format!("{area}9{digits}");
        let mut letters = 0;
        let word = |c: char| SPELLED[c as usize - '0' as usize];
        let hidden: String = number.chars().zip(some).enumerate().map(|(at, (c, some))| match how {
            0 if some && letters < 3 && "01".contains(c) => {
                letters += 1;
                if c == '0' { "O".to_owned() } else { "l".to_owned() }
            }
            1 => "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(c as usize - '0' as usize).unwrap().to_string(),
            2 if some => format!("&#{};", u32::from(c)),
            // At least every other digit is spelled out.
            3 if some || at % 2 == 0 => format!(" {} ", word(c)),
            _ => c.to_string(),
        }).collect();
        let text = format!("{hidden} please");
        // Some are right document numbers as well.
        prop_assert!(!kinds(&text).is_empty(), "{:?}", text);
    }

    #[test]
    fn an_address_is_seen_whichever_of_its_signs_are_references(some in prop::collection::vec(0..3_u8, 23)) {
        let plain = "maria.silva@example.org".chars().zip(some);
        let hidden: String = plain.map(|(c, how)| match how {
            0 => c.to_string(),
            1 => format!("&#{};", u32::from(c)),
            _ => format!("&#x{:X};", u32::from(c)),
        }).collect();
        prop_assert_eq!(kinds(&hidden), [HitKind::Email], "{}", hidden);
    }

    #[test]
    fn angles_are_places_from_a_tenth_of_a_second_on(
        degrees in 0..90_u32, minutes in 0..60_u32, seconds in 0..60_u32, tenth in 0..10_u32,
    ) {
        let fine = format!("{degrees}°{minutes:02}'{seconds:02}.{tenth}\"S, {degrees}°{minutes:02}'{seconds:02}.{tenth}\"W");
        prop_assert_eq!(kinds(&fine), [HitKind::Coordinates], "{}", fine);
        let coarse = format!("{degrees}°{minutes:02}'{seconds:02}\"S, {degrees}°{minutes:02}'{seconds:02}\"W");
        prop_assert_eq!(kinds(&coarse), [], "{}", coarse);
    }

    #[test]
    fn readings_and_names_of_devices_are_nobodys(
        litres in 1..200_u32, cubic in 1..5000_u32, number in 1..1_000_u32, version in 0..20_u32,
    ) {
        let text = format!(
            "tank {litres}l of 200l, {cubic} m³/s and {litres} m², SPH{number}, IO-{number}, v{version}.{litres}.1, \
             one of {litres} pumps, two in 2024, level 2.{version:02} m",
        );
        prop_assert_eq!(kinds(&text), [], "{}", text);
    }

    #[test]
    fn any_number_that_is_told_digit_by_digit_is_seen(
        digits in "[2-9][0-9]{6,14}", gap in prop::sample::select(GAPS[1..].to_vec()), before in "[a-z ]{0,12}",
    ) {
        let steps = |pair: &[u8]| i16::from(pair[1]) - i16::from(pair[0]);
        let counts: Vec<i16> = digits.as_bytes().windows(2).map(steps).collect();
        prop_assume!(counts.windows(2).any(|pair| pair[0] != pair[1]));
        let told = digits.chars().map(String::from).collect::<Vec<_>>().join(gap);
        let text = format!("{before} {told}");
        prop_assert!(!kinds(&text).is_empty(), "{:?}", text);
    }
}

/// Digits as words.
const SPELLED: [&str; 10] = ["zero", "um", "dois", "três", "four", "five", "seis", "sete", "eight", "nove"];

/// What somebody may put between two digits; the first shows nothing. A colon makes times of day of them, which are told apart elsewhere.
const GAPS: [&str; 16] =
    ["\u{200B}", " ", "-", ".", "/", "_", "·", "*", "|", " - ", "--", "\u{2011}", "\u{00A0}", "~", "\u{2003}", ")("];

/// Two of these make a date, which is told apart elsewhere.
const DATED: [&str; 3] = ["-", ".", "/"];
