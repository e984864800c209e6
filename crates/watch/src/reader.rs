//! Reads the fields of one rule file, keeping where each stands, and collects every mistake instead of the first.

use std::collections::BTreeSet;
use std::ops::Range;

use city::Span;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::parse::RuleError;

/// The mistakes of one file so far, and what is needed to say where they are.
pub(crate) struct Mistakes<'t> {
    file: &'t str,
    text: &'t str,
    pub(crate) found: Vec<RuleError>,
}

impl<'t> Mistakes<'t> {
    pub(crate) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    /// Notes a mistake at a byte of the text; line and column count from 1, columns in characters.
    pub(crate) fn at(&mut self, byte: usize, message: impl Into<String>) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.found.push(RuleError { file: self.file.to_owned(), line, column, message: message.into() });
    }
}

/// A value with where it stands.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) byte: usize,
}

/// One table of the file. Every field that is asked for is ticked off; [`Fields::finish`] refuses the rest.
pub(crate) struct Fields<'a, 't> {
    table: &'a DeTable<'t>,
    span: Range<usize>,
    name: &'static str,
    asked: BTreeSet<&'static str>,
}

impl<'a, 't> Fields<'a, 't> {
    pub(crate) fn new(table: &'a DeTable<'t>, span: Range<usize>, name: &'static str) -> Self {
        Self { table, span, name, asked: BTreeSet::new() }
    }

    /// Where the table begins: what is missing is missed there.
    pub(crate) fn start(&self) -> usize {
        self.span.start
    }

    fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.asked.insert(key);
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.iter().any(|(name, _)| name.get_ref() == key)
    }

    fn missing(&self, key: &str, would_be: &str, mistakes: &mut Mistakes<'_>) {
        let inside = if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) };
        mistakes.at(self.span.start, format!("`{key}` is missing{inside}: {would_be}"));
    }

    /// A field of some shape, if it is there; `would_be` says what would be right.
    fn shaped<T>(
        &mut self,
        key: &'static str,
        would_be: &str,
        mistakes: &mut Mistakes<'_>,
        shape: impl Fn(&'a DeValue<'t>) -> Option<T>,
    ) -> Option<At<T>> {
        let found = self.get(key)?;
        let byte = found.span().start;
        let Some(value) = shape(found.get_ref()) else {
            let what = describe(found.get_ref());
            mistakes.at(byte, format!("`{key}` is {what}; it should be {would_be}"));
            return None;
        };
        Some(At { value, byte })
    }

    /// As [`Fields::shaped`], and it must be there.
    fn required<T>(
        &mut self,
        key: &'static str,
        would_be: &str,
        mistakes: &mut Mistakes<'_>,
        shape: impl Fn(&'a DeValue<'t>) -> Option<T>,
    ) -> Option<At<T>> {
        if !self.has(key) {
            self.asked.insert(key);
            self.missing(key, &format!("it should be {would_be}"), mistakes);
            return None;
        }
        self.shaped(key, would_be, mistakes, shape)
    }

    /// A sentence that must be there and say something.
    pub(crate) fn text(
        &mut self,
        key: &'static str,
        would_be: &str,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<At<String>> {
        self.required(key, would_be, mistakes, |value| {
            value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        })
    }

    /// One name out of a closed list.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
        mistakes: &mut Mistakes<'_>,
    ) -> Option<At<T>> {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let would_be = format!("one of {}", names.join(", "));
        self.required(key, &would_be, mistakes, |value| {
            let text = value.as_str()?;
            choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice)
        })
    }

    /// A length of time that must be there.
    pub(crate) fn span(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<At<Span>> {
        self.required(key, self.span_words(key), mistakes, |value| value.as_str().and_then(parse_span))
    }

    /// A length of time, or `otherwise` when the field is not there.
    pub(crate) fn span_or(&mut self, key: &'static str, otherwise: Span, mistakes: &mut Mistakes<'_>) -> Span {
        self.span_if(key, mistakes).map_or(otherwise, |at| at.value)
    }

    /// A length of time, if the field is there.
    pub(crate) fn span_if(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<At<Span>> {
        self.shaped(key, self.span_words(key), mistakes, |value| value.as_str().and_then(parse_span))
    }

    /// What a length of time should be: one that is too long is written as it should be.
    fn span_words(&self, key: &str) -> &'static str {
        let found =
            self.table.iter().find(|(name, _)| name.get_ref() == key).and_then(|(_, value)| value.get_ref().as_str());
        match found.and_then(length) {
            Some(length) if length > SPAN_MAX => SPAN_MAX_WORDS,
            Some(length) if length < Span::default() => SPAN_LEAST_WORDS,
            _ => SPAN_WORDS,
        }
    }

    /// A finite number that must be there.
    pub(crate) fn number(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<At<f64>> {
        self.required(key, "a number in the unit of the series", mistakes, number)
    }

    /// A finite number, if the field is there.
    pub(crate) fn number_if(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<At<f64>> {
        self.shaped(key, "a number in the unit of the series", mistakes, number)
    }

    /// A count from 1 that must be there.
    pub(crate) fn count(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<At<u32>> {
        self.required(key, "a whole number from 1", mistakes, |value| count(value).filter(|n| *n > 0))
    }

    /// A list of texts under `many`, or one text under `one`; empty when neither is there.
    pub(crate) fn texts(
        &mut self,
        one: &'static str,
        many: &'static str,
        mistakes: &mut Mistakes<'_>,
    ) -> Vec<At<String>> {
        self.several(one, many, "a text in quotes", mistakes, |value| value.as_str().map(str::to_owned))
    }

    /// A list of ids under `many`, or one id under `one`; empty when neither is there.
    pub(crate) fn ids(&mut self, one: &'static str, many: &'static str, mistakes: &mut Mistakes<'_>) -> Vec<At<u32>> {
        self.several(one, many, "the id as a whole number", mistakes, count)
    }

    fn several<T>(
        &mut self,
        one: &'static str,
        many: &'static str,
        would_be: &str,
        mistakes: &mut Mistakes<'_>,
        shape: impl Fn(&DeValue<'t>) -> Option<T>,
    ) -> Vec<At<T>>
    where
        T: PartialEq,
    {
        let single = self.shaped(one, would_be, mistakes, &shape);
        let Some(found) = self.get(many) else { return single.into_iter().collect() };
        let Some(items) = found.get_ref().as_array().filter(|items| !items.is_empty()) else {
            let what = describe(found.get_ref());
            mistakes.at(found.span().start, format!("`{many}` is {what}; it should be a list in [ ], each {would_be}"));
            return single.into_iter().collect();
        };
        let mut all: Vec<At<T>> = single.into_iter().collect();
        for item in items {
            match shape(item.get_ref()) {
                Some(value) if all.iter().any(|before| before.value == value) => {
                    let what = describe(item.get_ref());
                    mistakes.at(item.span().start, format!("{what} stands in `{many}` twice; name it once"));
                }
                Some(value) => all.push(At { value, byte: item.span().start }),
                None => mistakes.at(
                    item.span().start,
                    format!("{} in `{many}`; each should be {would_be}", describe(item.get_ref())),
                ),
            }
        }
        all
    }

    /// A table inside, which must be there.
    pub(crate) fn table(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<Fields<'a, 't>> {
        let would_be = format!("a table: write [{key}] and its fields below");
        if !self.has(key) {
            self.asked.insert(key);
            self.missing(key, &format!("it should be {would_be}"), mistakes);
            return None;
        }
        self.table_if(key, mistakes)
    }

    /// A table inside, if it is there.
    pub(crate) fn table_if(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<Fields<'a, 't>> {
        let found = self.get(key)?;
        let span = found.span();
        let Some(table) = found.get_ref().as_table() else {
            mistakes.at(span.start, format!("`{key}` should be a table: write [{key}] and its fields below"));
            return None;
        };
        Some(Fields::new(table, span, key))
    }

    /// A value of any shape, if it is there.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.get(key)
    }

    /// The tables inside a table, each with its own name: `[condition.rain]`. Empty when it is not there.
    pub(crate) fn tables(
        &mut self,
        key: &'static str,
        mistakes: &mut Mistakes<'_>,
    ) -> Vec<(At<String>, Fields<'a, 't>)> {
        let Some(found) = self.get(key) else { return Vec::new() };
        let Some(table) = found.get_ref().as_table() else {
            mistakes.at(found.span().start, format!("`{key}` should hold tables: write [{key}.NAME] for each"));
            return Vec::new();
        };
        let mut all = Vec::new();
        for (name, value) in table {
            let at = At { value: name.get_ref().as_ref().to_owned(), byte: name.span().start };
            match value.get_ref().as_table() {
                Some(inner) => all.push((at, Fields::new(inner, value.span(), key))),
                None => mistakes.at(at.byte, format!("`{}` should be a table: write [{key}.{}]", at.value, at.value)),
            }
        }
        all
    }

    /// A list of tables: `[[severity_after]]`. Empty when it is not there.
    pub(crate) fn list(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Vec<Fields<'a, 't>> {
        let Some(found) = self.get(key) else { return Vec::new() };
        let tables = found.get_ref().as_array().map(|items| {
            items.iter().map(|item| Some(Fields::new(item.get_ref().as_table()?, item.span(), key))).collect()
        });
        if let Some(Some(tables)) = tables {
            return tables;
        }
        mistakes.at(found.span().start, format!("`{key}` should be a list of tables: write [[{key}]] for each"));
        Vec::new()
    }

    /// True or false; false when the field is not there.
    pub(crate) fn flag(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> bool {
        self.shaped(key, "true or false", mistakes, |value| match value {
            DeValue::Boolean(truth) => Some(*truth),
            _ => None,
        })
        .is_some_and(|at| at.value)
    }

    /// A count from 1, if the field is there.
    pub(crate) fn count_if(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<At<u32>> {
        self.shaped(key, "a whole number from 1", mistakes, |value| count(value).filter(|n| *n > 0))
    }

    /// Refuses every field that nobody asked for.
    pub(crate) fn finish(self, mistakes: &mut Mistakes<'_>) {
        for (key, _) in self.table {
            if !self.asked.contains(key.get_ref().as_ref()) {
                let known: Vec<String> = self.asked.iter().map(|name| format!("`{name}`")).collect();
                mistakes.at(
                    key.span().start,
                    format!("`{}` is no field here; the fields are {}", key.get_ref(), known.join(", ")),
                );
            }
        }
    }
}

const SPAN_WORDS: &str = "a length of time in quotes, as \"90 s\", \"15 min\", \"1 h 30 min\" or \"2 days\"";

pub(crate) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Array(items) if items.is_empty() => "an empty list".to_owned(),
        other => format!("of type {}", other.type_str()),
    }
}

pub(crate) fn number(value: &DeValue<'_>) -> Option<f64> {
    let text = match value {
        DeValue::Integer(number) => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => return None,
    };
    text.replace('_', "").parse::<f64>().ok().filter(|number| number.is_finite())
}

pub(crate) fn count(value: &DeValue<'_>) -> Option<u32> {
    let DeValue::Integer(number) = value else { return None };
    u32::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

const SPAN_MAX_WORDS: &str = "at most \"366 days\"";
const SPAN_LEAST_WORDS: &str = "a length of time that is not below nought";

/// The longest span that a rule may name.
pub(crate) const SPAN_MAX: Span = Span::h(366 * 24);

/// A length of time as `city.toml` writes it too: "90 s", "15 min", "1 h 30 min", "2 days" (of 24 h). Never negative,
/// at most [`SPAN_MAX`].
pub(crate) fn parse_span(text: &str) -> Option<Span> {
    length(text).filter(|span| (Span::default()..=SPAN_MAX).contains(span))
}

/// Any length of time, to the second.
fn length(text: &str) -> Option<Span> {
    let span: jiff::Span = text.parse().ok()?;
    Some(Span::s(span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::parse_span;
    use city::Span;

    #[test]
    fn spans_read_as_written() {
        let cases = [
            ("90 s", Some(Span::s(90))),
            ("15 min", Some(Span::min(15))),
            ("1 h 30 min", Some(Span::min(90))),
            ("2 days", Some(Span::h(48))),
            ("0 s", Some(Span::s(0))),
            ("", None),
            ("15", None),
            ("min 15", None),
            ("-5 min", None),
            ("3 fortnights", None),
            ("99999999 h", None),
        ];
        for (text, span) in cases {
            assert_eq!(parse_span(text), span, "{text:?}");
        }
    }
}
