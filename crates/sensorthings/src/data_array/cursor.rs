//! A place in a JSON text (RFC 8259).

use std::borrow::Cow;

/// Levels of nesting that are skipped; a row needs two.
const DEPTH_MAX: usize = 64;

/// The text is not what it has to be at this place.
#[derive(Debug, thiserror::Error)]
#[error("byte {at}: expected {expected}")]
pub(super) struct Broken {
    at: usize,
    expected: &'static str,
}

/// Digits that fit into 32 bits whatever they are.
const WHOLE_DIGITS_MAX: usize = 9;

/// A place in a text.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn broken(&self, expected: &'static str) -> Broken {
        Broken { at: self.at, expected }
    }

    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    /// Takes the byte if it is next.
    #[inline]
    pub(super) fn opens(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Takes a closing bracket if it is next.
    #[inline]
    pub(super) fn closes(&mut self, byte: u8) -> bool {
        self.opens(byte)
    }

    #[inline]
    pub(super) fn comma(&mut self) -> bool {
        self.opens(b',')
    }

    pub(super) fn open(&mut self, byte: u8, expected: &'static str) -> Result<(), Broken> {
        if self.opens(byte) { Ok(()) } else { Err(self.broken(expected)) }
    }

    /// After an element: a comma and so another one, or the end of the list.
    #[inline]
    pub(super) fn another(&mut self, end: u8) -> Result<bool, Broken> {
        if self.comma() {
            Ok(true)
        } else if self.closes(end) {
            Ok(false)
        } else {
            Err(self.broken("a comma or the closing bracket"))
        }
    }

    pub(super) fn end(&mut self) -> Result<(), Broken> {
        if self.peek().is_none() { Ok(()) } else { Err(self.broken("the end")) }
    }

    /// Takes these very bytes if they are next, white space and all.
    #[inline]
    pub(super) fn takes(&mut self, bytes: &[u8]) -> bool {
        let found = !bytes.is_empty() && self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(bytes));
        self.at += if found { bytes.len() } else { 0 };
        found
    }

    /// The bytes from a place to here.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.between(start, self.at)
    }

    /// The bytes from one place to another.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Steps over white space; gives where it is then.
    #[inline]
    pub(super) fn gap(&mut self) -> usize {
        let _next = self.peek();
        self.at
    }

    /// What is left.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn step(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// A whole number of a series, written as its digits alone; `None`, and the cursor where it was, for any other.
    #[inline]
    pub(super) fn whole(&mut self) -> Option<u32> {
        let rest = self.rest();
        let digits = rest.iter().take(WHOLE_DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
        let text = rest.get(..digits)?;
        if digits == 0 || digits > 1 && text.first() == Some(&b'0') || rest.get(digits).is_some_and(u8::is_ascii_digit)
        {
            return None;
        }
        self.at += digits;
        Some(text.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }

    /// A number (RFC 8259, section 6) that is finite.
    #[inline]
    pub(super) fn number(&mut self) -> Option<f64> {
        self.gap();
        if let Some((number, length)) = super::number::short(self.rest()) {
            self.at += length;
            return Some(number);
        }
        self.token().and_then(super::number::parse)
    }

    /// The key of a member and its colon.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, Broken> {
        let key = self.text("a key")?;
        self.open(b':', "a colon")?;
        Ok(key)
    }

    /// A string without escapes, as bytes between its quotes; `None`, and the cursor anywhere, for any other.
    #[inline]
    pub(super) fn plain_text(&mut self) -> Option<&'a [u8]> {
        self.opens(b'"').then_some(())?;
        let rest = self.bytes.get(self.at..)?;
        // Loggers write instants of 20 to 24 bytes: looking at each byte is faster than setting up a search.
        let length = rest.iter().position(|byte| *byte == b'"' || *byte == b'\\' || *byte < 0x20)?;
        let text = rest.get(..length)?;
        (rest.get(length) == Some(&b'"')).then_some(())?;
        self.at += length + 1;
        Some(text)
    }

    /// A string.
    pub(super) fn text(&mut self, expected: &'static str) -> Result<Cow<'a, str>, Broken> {
        let mut ahead = self.clone();
        if let Some(text) = ahead.plain_text().and_then(|bytes| std::str::from_utf8(bytes).ok()) {
            *self = ahead;
            return Ok(Cow::Borrowed(text));
        }
        if self.peek() != Some(b'"') {
            return Err(self.broken(expected));
        }
        let at = self.at;
        let quoted = self.skip()?;
        serde_json::from_slice(quoted).map(Cow::Owned).map_err(|_| Broken { at, expected })
    }

    /// The bytes up to the next structural byte or white space: a number, `true`, `null`.
    #[inline]
    pub(super) fn token(&mut self) -> Option<&'a [u8]> {
        self.peek()?;
        let rest = self.bytes.get(self.at..)?;
        let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length)
    }

    /// Steps over one value and gives its bytes. What is inside is looked at only as far as finding the end needs;
    /// whoever uses the bytes reads them.
    pub(super) fn skip(&mut self) -> Result<&'a [u8], Broken> {
        let first = self.peek().ok_or_else(|| self.broken("a value"))?;
        let start = self.at;
        if !matches!(first, b'[' | b'{' | b'"') {
            let token = self.token().unwrap_or_default();
            let known = matches!(token, b"true" | b"false" | b"null") || super::number::is_number(token);
            return if known { Ok(token) } else { Err(Broken { at: start, expected: "a value" }) };
        }
        let mut depth = 0_usize;
        loop {
            let byte = *self.bytes.get(self.at).ok_or_else(|| self.broken("the end of the value"))?;
            match byte {
                b'"' => self.step_over_text()?,
                b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                    if depth > DEPTH_MAX {
                        return Err(self.broken("fewer levels of nesting"));
                    }
                }
                b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                _ => self.at += 1,
            }
            if depth == 0 {
                let value = self.bytes.get(start..self.at).unwrap_or_default();
                // What is passed over is not looked at for being text by the reader of JSON.
                let json = std::str::from_utf8(value).ok();
                let json = json.and_then(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).ok());
                json.ok_or(Broken { at: start, expected: "JSON" })?;
                return Ok(value);
            }
        }
    }

    fn step_over_text(&mut self) -> Result<(), Broken> {
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                None => return Err(self.broken("the end of a text")),
                Some(b'\\') => self.at += 2,
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => self.at += 1,
            }
        }
    }
}
