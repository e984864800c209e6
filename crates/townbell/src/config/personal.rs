//! Text files of the city are kept, shown and spoken: nothing in their texts, their names of things or their comments
//! may be of a person. The same scan as the gate's, with the place of what it found and never what it was.

use std::ops::Range;
use std::path::Path;

use gate::scan::{self, Desks, HitKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use watch::RuleError;

use super::Mistake;

/// Settings of `oncall.toml` that hold addresses, because they say where a desk is reached.
pub(super) const OF_DESKS: [&str; 10] =
    ["mailbox", "mailboxes", "number", "numbers", "from", "contact", "user", "host", "url", "body"];

/// What could be of a person in a text file, by place. Settings that are named `exempt` may hold what they hold.
pub(super) fn found_in(path: &str, text: &str, exempt: &[&str]) -> Vec<RuleError> {
    let mut search = Search { path, text, exempt, found: Vec::new() };
    let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
    for hit in scan::find(&name, &Desks::default()) {
        search.say(0, format!("the name of the file {}", words(hit.kind)));
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut written = Vec::new();
    search.table(table.get_ref(), &mut written);
    if errors.is_empty() {
        search.comments(&mut written);
    } else {
        // What is no TOML is all comment.
        search.bare(0..text.len());
    }
    search.found.sort();
    search.found.dedup();
    search.found
}

fn words(kind: HitKind) -> String {
    let instead = match kind {
        HitKind::Coordinates => "name the place instead",
        _ => "say a role, not a person",
    };
    format!("holds what looks like {}; {instead}", kind.words())
}

struct Search<'a> {
    path: &'a str,
    text: &'a str,
    exempt: &'a [&'a str],
    found: Vec<RuleError>,
}

impl Search<'_> {
    fn say(&mut self, byte: usize, message: String) {
        let Mistake { line, column, message, .. } =
            Mistake::at(Path::new(self.path), self.text, Some(byte..byte), message);
        self.found.push(RuleError { file: self.path.to_owned(), line, column, message });
    }

    /// A text as it reads, which was written in these bytes.
    fn read(&mut self, said: &str, span: Range<usize>) {
        for hit in scan::find(said, &Desks::default()) {
            let before: usize = said.chars().take(hit.chars.start).map(char::len_utf8).sum();
            // With escapes in it, no byte of the file is that of the hit: then it is where the text begins.
            let within = self.text.get(span.clone()).and_then(|raw| raw.find(said)).map_or(0, |from| from + before);
            self.say(span.start + within, words(hit.kind));
        }
    }

    /// Bytes of the file as they stand there, line by line.
    fn bare(&mut self, span: Range<usize>) {
        let mut from = span.start;
        for line in self.text.get(span).unwrap_or_default().split_inclusive('\n') {
            self.read(line, from..from + line.len());
            from += line.len();
        }
    }

    /// Names, texts and numbers of a table. What was written as text goes to `written`.
    fn table(&mut self, table: &DeTable<'_>, written: &mut Vec<Range<usize>>) {
        for (key, value) in table {
            self.read(key.get_ref(), key.span());
            written.push(key.span());
            self.value(value, self.exempt.contains(&key.get_ref().as_ref()), written);
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, exempt: bool, written: &mut Vec<Range<usize>>) {
        match value.get_ref() {
            DeValue::String(said) => {
                if !exempt {
                    self.read(said, value.span());
                }
                written.push(value.span());
            }
            // Some numbers are a telephone's, too.
            DeValue::Integer(number) => self.read(number.as_str(), value.span()),
            DeValue::Float(number) => self.read(number.as_str(), value.span()),
            DeValue::Array(values) => values.iter().for_each(|value| self.value(value, exempt, written)),
            DeValue::Table(table) => self.table(table, written),
            DeValue::Boolean(_) | DeValue::Datetime(_) => {}
        }
    }

    /// From each sharp that stands in no text to the end of its line.
    fn comments(&mut self, written: &mut [Range<usize>]) {
        written.sort_unstable_by_key(|span| span.start);
        let mut spans = written.iter().peekable();
        let mut at = 0;
        while let Some(sharp) = self.text.get(at..).and_then(|rest| rest.find('#')).map(|found| at + found) {
            while spans.peek().is_some_and(|span| span.end <= sharp) {
                spans.next();
            }
            if let Some(span) = spans.peek().filter(|span| span.start <= sharp) {
                at = span.end;
                continue;
            }
            let len = self.text.get(sharp..).and_then(|rest| rest.find('\n')).unwrap_or(self.text.len() - sharp);
            at = sharp + len;
            if !self.is_exempt_setting(sharp..at) {
                self.bare(sharp..at);
            }
        }
    }

    /// `# numbers = [...]`: such a setting, put out of force.
    fn is_exempt_setting(&self, comment: Range<usize>) -> bool {
        let said = self.text.get(comment).unwrap_or_default().trim_start_matches('#');
        said.split_once('=').is_some_and(|(key, _)| self.exempt.contains(&key.trim()))
    }
}

#[cfg(test)]
mod tests;
