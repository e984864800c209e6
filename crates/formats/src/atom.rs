//! Atom (RFC 4287): the index behind which CAP messages are published. Authors, contributors, contents and summaries
//! are never read: an index is read for where the messages are.

use std::fmt::{self, Write as _};

use city::{Reason, Tally, Time};
use quick_xml::escape::escape;

use crate::error::{FormatError, Place, Standard};
use crate::limits::{ATOM_ENTRIES, ATOM_HREF_BYTES};
use crate::xml::{self, Element, Rules};

const RULES: Rules = Rules {
    standard: Standard::Atom,
    namespaces: &["http://www.w3.org/2005/Atom"],
    skipped: &["author", "contributor", "content", "summary", "rights", "subtitle", "generator"],
    attributes: &["href", "rel", "type"],
};

/// The media type of CAP.
const CAP: &str = "application/cap+xml";

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtomFeed {
    /// `id`; may be empty.
    pub id: String,
    /// `title`; may be empty.
    pub title: String,
    /// `updated`.
    pub updated: Option<Time>,
    /// `entry`s.
    pub entries: Vec<AtomEntry>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtomEntry {
    /// `id`, or the link where it has none.
    pub id: String,
    /// `title`; may be empty.
    pub title: String,
    /// `updated`; `None` when it has none or one that cannot be.
    pub updated: Option<Time>,
    /// Where the message is: the `link` of type `application/cap+xml`, else the one that is `alternate`, else the
    /// first, else the `id`. `http:`, `https:`, or relative to the index.
    pub href: String,
}

/// Reads an index. Refused by entry: with neither a link nor an `id` that is one (`MissingField`), a link of another
/// scheme than HTTP (`NotAllowed`), a link longer than the limit (`TooLarge`).
pub fn decode(bytes: &[u8]) -> Result<(AtomFeed, Tally), FormatError> {
    let root = xml::parse(bytes, &RULES)?;
    if &*root.name != "feed" {
        let (expected, found) = ("the root <feed> of Atom", "another element or namespace");
        return Err(FormatError::Malformed { standard: Standard::Atom, at: Place::Document, expected, found });
    }
    let found = root.all("entry").count();
    if found > ATOM_ENTRIES {
        let (standard, at, unit) = (Standard::Atom, Place::Document, "entries");
        return Err(FormatError::TooLarge { standard, at, unit, most: ATOM_ENTRIES as u64, found: found as u64 });
    }
    let mut tally = Tally::default();
    let mut entries = Vec::with_capacity(found);
    for element in root.all("entry") {
        match entry(element) {
            Ok(entry) => {
                tally.received += 1;
                let kept = ["id", "title", "updated", "link"];
                tally.fields_dropped += element.children.iter().filter(|c| !kept.contains(&&*c.name)).count() as u64;
                entries.push(entry);
            }
            Err(reason) => tally.reject(reason),
        }
    }
    let text = |name| root.text_of(name).unwrap_or_default().to_owned();
    Ok((AtomFeed { id: text("id"), title: text("title"), updated: updated(&root), entries }, tally))
}

fn entry(element: &Element) -> Result<AtomEntry, Reason> {
    let links = || element.all("link").filter(|link| link.attribute("href").is_some());
    let alternate = |link: &&Element| link.attribute("rel").is_none_or(|rel| rel == "alternate");
    let link = links()
        .find(|link| link.attribute("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case(CAP)))
        .or_else(|| links().find(alternate))
        .or_else(|| links().next());
    let id = element.text_of("id");
    let web_id = id.filter(|id| id.starts_with("http://") || id.starts_with("https://"));
    let href = link.and_then(|link| link.attribute("href")).map(str::trim).filter(|href| !href.is_empty());
    let href = href.or(web_id).ok_or(Reason::MissingField)?;
    if href.len() > ATOM_HREF_BYTES || id.is_some_and(|id| id.len() > ATOM_HREF_BYTES) {
        return Err(Reason::TooLarge);
    }
    if !fetchable(href) {
        return Err(Reason::NotAllowed);
    }
    Ok(AtomEntry {
        id: id.unwrap_or(href).to_owned(),
        title: element.text_of("title").unwrap_or_default().to_owned(),
        updated: updated(element),
        href: href.to_owned(),
    })
}

/// HTTP, or relative: anything with a scheme has a colon before its first slash, question mark or hash.
fn fetchable(href: &str) -> bool {
    let lower = href.to_ascii_lowercase();
    let head = lower.split(['/', '?', '#']).next().unwrap_or_default();
    lower.starts_with("http://") || lower.starts_with("https://") || !head.contains(':')
}

fn updated(element: &Element) -> Option<Time> {
    element.text_of("updated")?.parse().ok()
}

/// An index of CAP messages, as the replayer of the demo serves it. `updated` is required by the standard: where the
/// feed or an entry has none, it is the newest of the entries, or 2000-01-01.
pub fn write(feed: &AtomFeed) -> String {
    let mut out = String::with_capacity(512 + 512 * feed.entries.len());
    // invariant: writing into a String cannot fail.
    let _ = index(&mut out, feed);
    out
}

fn index(out: &mut String, feed: &AtomFeed) -> fmt::Result {
    let newest = feed.entries.iter().filter_map(|entry| entry.updated).max();
    let updated = feed.updated.or(newest).unwrap_or(city::time::TIME_MIN);
    out.write_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n")?;
    head(out, &feed.id, &feed.title, updated)?;
    for entry in &feed.entries {
        out.write_str("<entry>\n")?;
        head(out, &entry.id, &entry.title, entry.updated.unwrap_or(updated))?;
        writeln!(out, "<link rel=\"alternate\" type=\"{CAP}\" href=\"{}\"/>\n</entry>", safe(&entry.href))?;
    }
    out.write_str("</feed>\n")
}

fn head(out: &mut String, id: &str, title: &str, updated: Time) -> fmt::Result {
    writeln!(out, "<id>{}</id>\n<title>{}</title>\n<updated>{updated}</updated>", safe(id), safe(title))
}

fn safe(text: &str) -> String {
    let legal = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    escape(text.chars().filter(legal).collect::<String>()).into_owned()
}
