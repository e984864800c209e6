//! Characters written as references (HTML, "Character references"): `&#64;`, `&#x40;`, `&commat;` for `@`.

/// Names of signs that addresses and numbers are made of.
const NAMED: [(&str, char); 16] = [
    ("commat", '@'),
    ("period", '.'),
    ("plus", '+'),
    ("lpar", '('),
    ("rpar", ')'),
    ("colon", ':'),
    ("sol", '/'),
    ("lowbar", '_'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("nbsp", ' '),
    ("amp", '&'),
    ("deg", '°'),
    ("quot", '"'),
    ("apos", '\''),
    ("zwnj", '\u{200C}'),
];
/// Characters of a reference at most, with its signs: `&#x0000040;`.
const LONGEST: usize = 12;

/// The text in which references are characters, each with the place in `text` that it came from.
pub(super) fn read(text: &str) -> Vec<(usize, char)> {
    let mut chars: Vec<(usize, char)> = text.chars().enumerate().collect();
    // "&amp;#64;" is read in two turns; more often nobody shows it.
    for _ in 0..2 {
        if !chars.iter().any(|(_, c)| *c == '&') {
            break;
        }
        chars = once(&chars);
    }
    chars
}

fn once(chars: &[(usize, char)]) -> Vec<(usize, char)> {
    let mut plain = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some((place, c)) = chars.get(at) {
        let found = (*c == '&').then(|| reference(chars.get(at + 1..).unwrap_or_default())).flatten();
        plain.push((*place, found.map_or(*c, |(c, _)| c)));
        at += 1 + found.map_or(0, |(_, len)| len);
    }
    plain
}

/// The character of a reference, and how many characters it takes after the `&`.
fn reference(rest: &[(usize, char)]) -> Option<(char, usize)> {
    let word: String = rest.iter().take(LONGEST).map(|(_, c)| *c).collect();
    if let Some(number) = word.strip_prefix('#') {
        let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |digits| (digits, 16));
        let len = digits.chars().take_while(|c| c.is_digit(radix)).count();
        let code = u32::from_str_radix(digits.get(..len)?, radix).ok()?;
        let signs = word.len() - digits.len();
        // Browsers read it without its end as well.
        let end = usize::from(digits.get(len..).is_some_and(|rest| rest.starts_with(';')));
        return Some((char::from_u32(code)?, signs + len + end));
    }
    let name = word.split_once(';')?.0;
    let (_, c) = NAMED.iter().find(|(known, _)| *known == name)?;
    Some((*c, name.len() + 1))
}
