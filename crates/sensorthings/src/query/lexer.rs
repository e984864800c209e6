//! The words of a query. One token is looked ahead, nothing is kept, and a token is never longer than the text.

use std::borrow::Cow;

use crate::evaluate::geometry::Geometry;
use crate::query::QueryError;
use crate::query::error;
use crate::query::expression::Literal;
use crate::query::moment;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A name, a path or an operator; slashes belong to it.
    Word(&'a str),
    /// A constant that is not a word.
    Literal(Literal),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `;`, or `%3B` that a proxy has encoded twice.
    Semicolon,
    /// `=`
    Equals,
    /// `-` before anything but a digit.
    Minus,
    /// The end of the text.
    End,
}

impl Token<'_> {
    /// What it is, for a message.
    pub(super) fn found(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Word(word) => return error::word(word),
            Self::Literal(literal) => super::kind::Kind::of_literal(literal).found(),
            Self::Open => "an opening parenthesis",
            Self::Close => "a closing parenthesis",
            Self::Comma => "a comma",
            Self::Semicolon => "a semicolon",
            Self::Equals => "an equals sign",
            Self::Minus => "a minus sign",
            Self::End => "the end",
        })
    }
}

/// Reads tokens off the decoded value of one option.
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Where the next token is looked for.
    at: usize,
    /// Which option it is, for messages.
    option: &'static str,
    peeked: Option<(Token<'a>, usize, usize)>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(option: &'static str, text: &'a str) -> Self {
        Self { text, at: 0, option, peeked: None }
    }

    /// The token that comes next, and where it begins.
    pub(super) fn peek(&mut self) -> Result<(&Token<'a>, usize), QueryError> {
        if self.peeked.is_none() {
            let start = self.skip_space();
            let token = self.read(start)?;
            self.peeked = Some((token, start, self.at));
        }
        // invariant: it was filled above.
        Ok(self.peeked.as_ref().map_or((&Token::End, self.at), |(token, start, _)| (token, *start)))
    }

    /// Takes the next token, with where it begins.
    pub(super) fn take(&mut self) -> Result<(Token<'a>, usize), QueryError> {
        self.peek()?;
        let (token, start, _) = self.peeked.take().unwrap_or((Token::End, self.at, self.at));
        Ok((token, start))
    }

    /// Takes the next token if it is this one.
    pub(super) fn accept(&mut self, wanted: &Token<'_>) -> Result<bool, QueryError> {
        let (token, _) = self.peek()?;
        let same = token == wanted;
        if same {
            self.peeked = None;
        }
        Ok(same)
    }

    /// Takes this token, or says that it was expected.
    pub(super) fn expect(&mut self, wanted: &Token<'_>, expected: &'static str) -> Result<(), QueryError> {
        if self.accept(wanted)? { Ok(()) } else { self.unexpected(expected) }
    }

    /// The error that something else stands here.
    pub(super) fn unexpected<T>(&mut self, expected: &'static str) -> Result<T, QueryError> {
        let (token, at) = self.peek()?;
        let found = token.found();
        Err(self.syntax(at, expected, found))
    }

    /// An error at a place.
    pub(super) fn syntax(&self, at: usize, expected: &'static str, found: impl Into<Cow<'static, str>>) -> QueryError {
        QueryError::Syntax { option: self.option, at, expected, found: found.into() }
    }

    /// The option it reads, for messages.
    pub(super) fn option(&self) -> &'static str {
        self.option
    }

    /// A whole number without sign; one too long is the largest there is, for the caller to clamp.
    pub(super) fn whole_number(&mut self) -> Result<u64, QueryError> {
        const EXPECTED: &str = "a whole number from 0";
        let (_, start) = self.peek()?;
        let end = self.peeked.as_ref().map_or(start, |(_, _, end)| *end);
        let digits = self.text.get(start..end).unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.unexpected(EXPECTED);
        }
        let number = digits.parse().unwrap_or(u64::MAX);
        self.take()?;
        Ok(number)
    }

    fn rest(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or_default()
    }

    fn skip_space(&mut self) -> usize {
        let rest = self.rest(self.at);
        self.at += rest.len() - rest.trim_start().len();
        self.at
    }

    fn read(&mut self, start: usize) -> Result<Token<'a>, QueryError> {
        let rest = self.rest(start);
        let bytes = rest.as_bytes();
        let single = |token| (token, 1);
        let (token, length) = match bytes.first() {
            None => (Token::End, 0),
            Some(b'(') => single(Token::Open),
            Some(b')') => single(Token::Close),
            Some(b',') => single(Token::Comma),
            Some(b';') => single(Token::Semicolon),
            Some(b'=') => single(Token::Equals),
            Some(b'%') if rest.get(..3).is_some_and(|code| code.eq_ignore_ascii_case("%3b")) => (Token::Semicolon, 3),
            Some(b'\'') => {
                let (text, length) = self.quoted(start)?;
                (Token::Literal(Literal::Text(text.into())), length)
            }
            Some(b'-') if !bytes.get(1).is_some_and(u8::is_ascii_digit) => single(Token::Minus),
            Some(b'-' | b'0'..=b'9') => self.number_or_time(start)?,
            Some(_) => self.word(start)?,
        };
        self.at = start + length;
        Ok(token)
    }

    /// Text in quotes, and how many bytes it takes with them.
    fn quoted(&self, start: usize) -> Result<(String, usize), QueryError> {
        let rest = self.rest(start);
        let mut text = String::new();
        let mut at = 1;
        loop {
            let Some(length) = rest.get(at..).and_then(|rest| rest.find('\'')) else {
                return Err(self.syntax(start, "text with a quote at its end", "text without"));
            };
            text.push_str(&rest[at..at + length]);
            at += length + 1;
            if rest.as_bytes().get(at) != Some(&b'\'') {
                return Ok((text, at));
            }
            text.push('\'');
            at += 1;
        }
    }

    fn number_or_time(&self, start: usize) -> Result<(Token<'a>, usize), QueryError> {
        let rest = self.rest(start);
        let length = moment::length(rest);
        let text = rest.get(..length).unwrap_or_default();
        let literal = moment::literal(text).map_err(|(expected, found)| self.syntax(start, expected, found))?;
        Ok((Token::Literal(literal), length))
    }

    /// A word, or a constant that begins with one: `duration'P1D'`.
    fn word(&self, start: usize) -> Result<(Token<'a>, usize), QueryError> {
        let rest = self.rest(start);
        let length = rest.find(|mark: char| mark.is_whitespace() || "(),;='%".contains(mark)).unwrap_or(rest.len());
        let word = &rest[..length];
        if word.is_empty() || !word.starts_with(|first: char| first.is_alphabetic() || "_@$".contains(first)) {
            return Err(self.syntax(start, "a name, a value or an operator", "another mark"));
        }
        if rest.as_bytes().get(length) != Some(&b'\'') {
            return Ok((Token::Word(word), length));
        }
        let (text, quoted) = self.quoted(start + length)?;
        let literal = match word {
            "duration" => moment::duration(&text).map(Literal::Duration).ok_or_else(|| {
                self.syntax(start, "a duration of days, hours, minutes and seconds, as P1DT2H", "other text")
            }),
            "geography" | "geometry" => Geometry::from_wkt(&text)
                .map(|geometry| Literal::Geometry(geometry.into()))
                .map_err(|error| self.syntax(start + length + 1 + error.at, error.expected, "something else")),
            _ => Err(self.syntax(start, "duration or geography before a quote", error::word(word))),
        };
        Ok((Token::Literal(literal?), length + quoted))
    }
}
