//! The census of everything that is kept: each persisted field has a class, a purpose and a time after which it is
//! gone. A field that is not in the table, or is of a form that could hold anything, fails the census, and with it
//! the build. Its text is committed as `privacy.lock`.

mod table;

use std::collections::BTreeSet;
use std::fmt;

pub use table::{Class, Retention};
use table::{LISTED, Listed};

/// A field as it was found in the schema or in a type that is written as bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersistedField {
    /// Where: `sql.journal.body` for a column, `value.Warning.headline` for a field inside a body.
    pub path: String,
    /// Its type without spaces: `TEXT`, `BLOB`, `str?`, `[WarningArea]`, `map<str,str>`.
    pub kind: String,
}

/// One line of the census.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CensusRow {
    /// Where.
    pub path: String,
    /// Its type.
    pub kind: String,
    /// What kind of thing it holds.
    pub class: Class,
    /// Why it is kept.
    pub purpose: &'static str,
    /// How long.
    pub retention: Retention,
}

impl fmt::Display for CensusRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, kind, class, purpose, retention } = self;
        write!(f, "{path} {kind} {} {purpose} {}", class.name(), retention.name())
    }
}

/// A field that may not be kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unlisted {
    /// Nobody has looked at it yet.
    #[error(
        "{path} ({kind}) is persisted but not in the census: say in crates/gate/src/census/table.rs what it holds, why, and for how long"
    )]
    New {
        /// Where.
        path: String,
        /// Its type.
        kind: String,
    },
    /// An open bag: it could hold a person, and no list can say that it does not.
    #[error("{path} is {kind}: a form that can hold anything is never persisted; use closed fields")]
    Open {
        /// Where.
        path: String,
        /// Its type.
        kind: String,
    },
    /// The table has a field that is not persisted any more.
    #[error("{path} is in the census but no longer persisted: take it out of crates/gate/src/census/table.rs")]
    Gone {
        /// Where.
        path: String,
    },
}

/// Types that can hold anything, whoever lists them. A map is open too, but for one that somebody has looked at: an
/// index from ids of the house to closed types ([`Class::Index`]).
fn is_open(kind: &str, class: Option<Class>) -> bool {
    let index = class == Some(Class::Index);
    let kind = if index { closed_values(kind) } else { kind };
    let mut words = kind.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| ["map", "json", "jsonb", "any", "bytes"].iter().any(|open| word.eq_ignore_ascii_case(open)))
}

/// Gives every persisted field its class, purpose and retention, sorted by path; or all that stands in the way.
/// A field of the table that is missing from `fields` is told too, but only under roots (`sql.`, `value.Warning.`)
/// of which some field is there, so that a part can be counted alone.
pub fn census(fields: &[PersistedField]) -> Result<Vec<CensusRow>, Vec<Unlisted>> {
    let mut rows = Vec::with_capacity(fields.len());
    let mut wrong = Vec::new();
    for field in fields {
        let (path, kind) = (field.path.clone(), field.kind.clone());
        let entry = listed(&path);
        // What an enum without data names are its own values, not types.
        if !path.ends_with(".*") && is_open(&kind, entry.map(|entry| entry.class)) {
            wrong.push(Unlisted::Open { path, kind });
            continue;
        }
        match entry {
            Some(Listed { class, purpose, retention, .. }) => {
                rows.push(CensusRow { path, kind, class: *class, purpose, retention: *retention });
            }
            None => wrong.push(Unlisted::New { path, kind }),
        }
    }
    let found: BTreeSet<&str> = fields.iter().map(|field| field.path.as_str()).collect();
    let roots: BTreeSet<&str> = found.iter().filter_map(|path| root(path)).collect();
    let gone = LISTED
        .iter()
        .filter(|listed| !found.contains(listed.path) && root(listed.path).is_some_and(|root| roots.contains(root)));
    wrong.extend(gone.map(|listed| Unlisted::Gone { path: listed.path.to_owned() }));
    rows.sort();
    if wrong.is_empty() { Ok(rows) } else { Err(wrong) }
}

/// The census as it is committed: one line a field, sorted.
pub fn lock(rows: &[CensusRow]) -> String {
    let mut lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    lines.sort();
    lines.dedup();
    lines.into_iter().map(|line| line + "\n").collect()
}

/// What is left of a map's type without its maps, when its values are closed types (by their names, which begin with
/// a capital) or numbers: the type itself otherwise, so that it stays open.
fn closed_values(kind: &str) -> &str {
    let mut inner = kind;
    while let Some(body) = inner.strip_prefix("map<").and_then(|body| body.strip_suffix('>')) {
        // Keys may be tuples of ids; the value comes after the first comma outside of them.
        let mut depth = 0_i32;
        let comma = body.char_indices().find(|(_, c)| {
            depth += i32::from("(<[".contains(*c)) - i32::from(")>]".contains(*c));
            *c == ',' && depth == 0
        });
        let Some((at, _)) = comma else { return kind };
        inner = body.get(at + 1..).unwrap_or_default();
    }
    // A number holds no text, and neither does a tuple or a list of them; but bytes do.
    let numbers = ["bool", "i32", "i64", "u16", "u32", "u64", "f32", "f64"];
    let mut words = inner.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let closed = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase()) || numbers.contains(&word);
    if words.all(closed) { inner } else { kind }
}

fn listed(path: &str) -> Option<&'static Listed> {
    LISTED.iter().find(|listed| listed.path == path)
}

/// The table or container of a path: all but its last part.
fn root(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(root, _)| root)
}
