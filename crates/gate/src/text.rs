//! Texts of organisations, and the lines that a role writes.
//!
//! A warning is never lost because of a word in it. A field with a hit of the scan is dropped (empty, counted under
//! `fields_dropped`); a headline, without which nothing could be shown, gives way to the event's own name. Text that
//! is too long is cut at its limit and counted the same way. A role's note has no second chance: a hit refuses it
//! whole, and the role is told what kind of thing was found.

use crate::scan::{self, HitKind};

/// Longest name (of an event, an organisation, an area, a stop), in characters.
pub const NAME_CHARS_MAX: usize = 300;
/// Longest headline, in characters. CAP asks for 160; some agencies put the whole first sentence there.
pub const HEADLINE_CHARS_MAX: usize = 600;
/// Longest text, in characters. The longest CAP description recorded (a national storm outlook) is below 9,000.
pub const TEXT_CHARS_MAX: usize = 16_000;
/// Longest note of a role, in characters: a line or two, no report.
pub const NOTE_CHARS_MAX: usize = 500;

/// Judges texts by the rules of one city.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextRules {
    desks: scan::Desks,
}

impl TextRules {
    pub(crate) fn new(desks: &[String]) -> Self {
        Self { desks: scan::Desks::new(desks) }
    }

    /// What the scan finds.
    pub(crate) fn hits(&self, text: &str) -> Vec<HitKind> {
        let mut kinds: Vec<HitKind> = scan::find(text, &self.desks).into_iter().map(|hit| hit.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// The text as it may be kept: without control characters, cut at `chars_max`, empty on a hit. Adds to `dropped`.
    pub(crate) fn clean(&self, text: &str, chars_max: usize, dropped: &mut u64) -> String {
        let mut kept: String = text.chars().filter(|c| !is_hidden(*c)).take(chars_max + 1).collect();
        if let Some((at, _)) = kept.char_indices().nth(chars_max) {
            kept.truncate(at);
            *dropped += 1;
        }
        if !kept.is_empty() && !scan::find(&kept, &self.desks).is_empty() {
            *dropped += 1;
            kept.clear();
        }
        kept
    }
}

/// Control characters but line ends and tabs, and the marks that turn text around on a screen.
pub(crate) fn is_hidden(c: char) -> bool {
    (c.is_control() && !"\n\t".contains(c)) || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
