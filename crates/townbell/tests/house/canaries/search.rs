//! Finds words in bytes, in whatever form they were kept.

use std::collections::{BTreeSet, HashMap};

/// Finds words in all their forms in one pass.
pub struct Search {
    starts: HashMap<[u8; 4], Vec<(Vec<u8>, usize)>>,
}

impl Search {
    /// From forms and what they stand for; none is shorter than four bytes.
    pub fn new(forms: impl Iterator<Item = (Vec<u8>, usize)>) -> Self {
        let mut starts: HashMap<[u8; 4], Vec<(Vec<u8>, usize)>> = HashMap::new();
        for (form, word) in forms {
            let start = form.first_chunk().copied().expect("four bytes");
            starts.entry(start).or_default().push((form, word));
        }
        Self { starts }
    }

    /// What was found.
    pub fn find(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let firsts: BTreeSet<u8> = self.starts.keys().map(|start| start[0]).collect();
        let first: Vec<bool> = (0..=u8::MAX).map(|byte| firsts.contains(&byte)).collect();
        let mut found = BTreeSet::new();
        for (at, start) in bytes.windows(4).enumerate().filter(|(_, start)| first[usize::from(start[0])]) {
            let forms = <[u8; 4]>::try_from(start).ok().and_then(|start| self.starts.get(&start));
            found.extend(
                forms.into_iter().flatten().filter(|(form, _)| bytes[at..].starts_with(form)).map(|(_, word)| *word),
            );
        }
        found
    }
}

/// Forms that are found in bytes turned to lower case: as it is, backwards, UTF-16, hexadecimal.
pub fn folded(word: &str) -> Vec<Vec<u8>> {
    let lower = word.to_lowercase();
    let hexadecimal = |text: &str| text.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    let wide = lower.encode_utf16();
    vec![
        lower.clone().into_bytes(),
        lower.bytes().rev().collect(),
        wide.clone().flat_map(u16::to_le_bytes).collect(),
        wide.flat_map(u16::to_be_bytes).collect(),
        hexadecimal(word),
        hexadecimal(&lower),
    ]
}

/// Base64 of the word, wherever it stands in the bytes that were encoded: the characters that are its own.
pub fn base64(word: &str) -> Vec<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let form = |text: &str, before: usize| {
        let bits: Vec<u8> = text.bytes().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let own = bits.get((6 - before * 8 % 6) % 6..).unwrap_or_default();
        own.chunks_exact(6).map(|six| ALPHABET[six.iter().fold(0, |sum, bit| sum << 1 | usize::from(*bit))]).collect()
    };
    [word.to_owned(), word.to_lowercase()].iter().flat_map(|text| (0..3).map(|before| form(text, before))).collect()
}

#[test]
fn the_search_finds_every_form() {
    let word = "CNRYABCZ";
    let search = Search::new(folded(word).into_iter().chain(base64(word)).map(|form| (form, 7)));
    for found in [&b"xxCNRYABCZ"[..], b"cnryabcz", b"ZCBAYRNC", b"434E525941 434e52594142435a"] {
        assert_eq!(search.find(&found.to_ascii_lowercase()), BTreeSet::from([7]), "{}", String::from_utf8_lossy(found));
    }
    // printf CNRYABCZ | base64, with one and with two bytes before it.
    for encoded in [&b"Q05SWUFCQ1o="[..], b"eENOUllBQkNa", b"eHhDTlJZQUJDWg=="] {
        assert_eq!(search.find(encoded), BTreeSet::from([7]), "{}", String::from_utf8_lossy(encoded));
    }
    assert!(search.find(b"CNRYABDZ and CNRY").is_empty());
}
