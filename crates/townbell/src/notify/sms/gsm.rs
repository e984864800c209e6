//! The text of a short message: the 7-bit default alphabet (3GPP TS 23.038, 6.2.1), cut at a word.

/// Characters of one message of the 7-bit alphabet.
const CHARS_MAX: usize = 160;

/// The basic table, but for line feed, carriage return and escape.
const BASIC: &str = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";

/// What is not in the basic table, written with what is. The characters of the extension table (`[`, `€`, ...) are left
/// out on purpose: they count twice, and modems set to text mode get them wrong.
const WRITTEN: [(&str, &str); 22] = [
    ("áâãāă", "a"),
    ("ÁÀÂÃĀĂ", "A"),
    ("çćč", "c"),
    ("ĆČ", "C"),
    ("êëēęě", "e"),
    ("ÈÊËĒĘĚ", "E"),
    ("íîïīı", "i"),
    ("ÍÌÎÏĪİ", "I"),
    ("óôõōő", "o"),
    ("ÓÒÔÕŌŐ", "O"),
    ("úûūů", "u"),
    ("ÚÙÛŪŮ", "U"),
    ("ńňś", "n"),
    ("šşș", "s"),
    ("ŠŞȘŚ", "S"),
    ("žźż", "z"),
    ("ŽŹŻ", "Z"),
    ("ýÿ", "y"),
    ("’‘ʼ`´", "'"),
    ("“”„«»", "\""),
    ("–—−·•", "-"),
    ("€", "EUR"),
];

/// A text as one message: every character in the alphabet, no longer than one message, and an ellipsis where a word
/// had to be left out.
pub(super) fn one_message(text: &str) -> String {
    let mut written = String::new();
    for c in text.chars() {
        if c.is_whitespace() {
            written.push(' ');
        } else if BASIC.contains(c) {
            written.push(c);
        } else {
            let found = WRITTEN.iter().find(|(from, _)| from.contains(c));
            written.push_str(match (c, found) {
                ('…', _) => "...",
                ('°', _) => " deg ",
                ('²', _) => "2",
                ('³', _) => "3",
                ('[' | '{', _) => "(",
                (']' | '}', _) => ")",
                (_, Some((_, to))) => to,
                _ => "?",
            });
        }
    }
    let words: Vec<&str> = written.split_whitespace().collect();
    let whole = words.join(" ");
    if whole.chars().count() <= CHARS_MAX {
        return whole;
    }
    let mut cut = String::new();
    for word in words {
        let next = cut.chars().count() + usize::from(!cut.is_empty()) + word.chars().count();
        if next + 3 > CHARS_MAX {
            break;
        }
        if !cut.is_empty() {
            cut.push(' ');
        }
        cut.push_str(word);
    }
    if cut.is_empty() {
        cut = whole.chars().take(CHARS_MAX - 3).collect();
    }
    cut + "..."
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_of_the_city_are_written_with_what_there_is() {
        assert_eq!(one_message("Lago Guaíba: é 3,1 m às 13:00 — ação!"), "Lago Guaiba: é 3,1 m às 13:00 - acao!");
        assert_eq!(one_message("Größe\n[5 €]"), "Größe (5 EUR)");
        assert_eq!(one_message("洪水"), "??");
    }

    #[test]
    fn it_is_cut_at_a_word() {
        let long = "level ".repeat(40);
        let cut = one_message(&long);
        assert!(cut.ends_with("level...") && cut.chars().count() <= CHARS_MAX, "{cut}");
        assert_eq!(one_message(&"x".repeat(161)).chars().count(), CHARS_MAX);
        assert_eq!(one_message(&"y".repeat(160)), "y".repeat(160));
    }

    proptest! {
        #[test]
        fn any_text_is_one_message_of_the_alphabet(text in any::<String>()) {
            let message = one_message(&text);
            prop_assert!(message.chars().count() <= CHARS_MAX);
            prop_assert!(message.chars().all(|c| BASIC.contains(c)), "{message:?}");
        }
    }
}
