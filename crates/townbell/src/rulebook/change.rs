//! Writing a rule into the city's folder, or taking one away: only from the text that was read, only when the whole
//! folder loads with it and its tests pass, and so that a power failure leaves the old file or the new one.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use city::{DeskActionKind, RuleId};
use tokio::sync::OwnedMutexGuard;
use watch::Rule;

use super::{Pen, Rulebook, beside};
use crate::config::bounded::{BESIDE_BYTES_MAX, RULE_NAME_CHARS_MAX, read_text};
use crate::config::{City, Mistake, RulesListing};
use crate::desk::DeskError;

/// What shall become of a rule. The name is one that `is_name` took.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The rule: its file's name without `.toml`.
    pub name: String,
    /// Its text; `None` takes it away.
    pub text: Option<String>,
    /// The role that does it.
    pub role: String,
    /// The version of the text that it was made from; `None`: there is no such rule yet.
    pub known: Option<String>,
}

/// Why a rule is not written.
#[derive(Debug)]
pub enum Refused {
    /// There is none to take away.
    Missing,
    /// The file is another than the one that was read: of this version, or none.
    Differs(Option<String>),
    /// The folder would not load with it, or a test fails.
    Mistakes(Vec<Mistake>),
    /// The purpose of this id does not cover the role.
    Role(String),
    /// The file cannot be written or read.
    Disk(io::Error),
    /// The desk has stopped.
    Stopped(DeskError),
}

impl From<DeskError> for Refused {
    fn from(error: DeskError) -> Self {
        Self::Stopped(error)
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// A rule as it lies in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleText {
    /// Its text.
    pub text: String,
    /// The version of that.
    pub version: String,
    /// The tests beside it.
    pub tests: Option<String>,
}

/// A change that was found right, and only has to be noted and carried out. Nobody else reads or writes the folder
/// meanwhile.
pub struct Prepared {
    book: Arc<Rulebook>,
    pen: OwnedMutexGuard<Pen>,
    draft: Draft,
    rules: Vec<Rule>,
    written: Option<Temporary>,
}

/// A file that goes away unless it was put in its place.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is not there any more when it was put in its place.
        let _gone = std::fs::remove_file(&self.0);
    }
}

impl Rulebook {
    /// Whether a rule may be called so: what any file system takes, and nothing that leads elsewhere.
    pub fn is_name(name: &str) -> bool {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=RULE_NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(plain)
    }

    /// A rule as it lies in the folder, whether it loads or not.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn text(&self, name: &str) -> Result<Option<RuleText>, Refused> {
        let path = path_of(&self.city, name);
        Ok(beside(move || {
            let Some(text) = read(&path)? else { return Ok(None) };
            let tests = read(&path.with_extension("test.toml"))?;
            Ok::<_, io::Error>(Some(RuleText { version: watch::parse::version(&text), text, tests }))
        })
        .await??)
    }

    /// Looks whether a change may be carried out.
    ///
    /// # Errors
    /// Why not.
    pub async fn prepare(self: &Arc<Self>, draft: Draft) -> Result<Prepared, Refused> {
        let pen = Arc::clone(&self.pen).lock_owned().await;
        let (city, in_force) = (Arc::clone(&self.city), self.rules());
        let (draft, judged) = beside(move || {
            let judged = judge(&city, &draft, &in_force);
            (draft, judged)
        })
        .await?;
        let (rules, written) = judged?;
        Ok(Prepared { book: Arc::clone(self), pen, draft, rules, written })
    }
}

impl Prepared {
    /// What is noted in the journal.
    pub fn deed(&self) -> DeskActionKind {
        let rule = RuleId::new(&self.draft.name);
        match &self.draft.text {
            Some(text) => DeskActionKind::SaveRule { rule, version: watch::parse::version(text) },
            None => DeskActionKind::RemoveRule { rule },
        }
    }

    /// Puts the file in its place, and the rules in force.
    ///
    /// # Errors
    /// When the folder cannot be written, or the desk has stopped.
    pub async fn carry_out(self) -> Result<(), Refused> {
        let Self { book, mut pen, draft, rules, written } = self;
        let city = Arc::clone(&book.city);
        let listing = beside(move || {
            let path = path_of(&city, &draft.name);
            if let Some(Temporary(written)) = &written {
                std::fs::rename(written, &path)?;
            } else {
                std::fs::remove_file(&path)?;
                // Tests without their rule are a mistake.
                match std::fs::remove_file(path.with_extension("test.toml")) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            File::open(city.rules_folder())?.sync_all()?;
            Ok(city.rules_listing())
        });
        let listing = listing.await??;
        // What was edited on the disk besides was judged with it; of what lay beside it and was wrong nobody knows.
        let doubted = !pen.doubtful.is_empty();
        let read = if doubted { RulesListing::default() } else { listing.clone() };
        *pen = Pen { seen: listing, read, doubtful: std::mem::take(&mut pen.doubtful) };
        let mistakes = if doubted { book.mistakes().to_vec() } else { Vec::new() };
        book.adopt(rules, mistakes).await?;
        Ok(())
    }
}

/// Gives all rules as they will be, and the new file, not yet in its place.
fn judge(city: &City, draft: &Draft, in_force: &[Rule]) -> Result<(Vec<Rule>, Option<Temporary>), Refused> {
    let path = path_of(city, &draft.name);
    let found = read(&path)?.map(|text| watch::parse::version(&text));
    if draft.text.is_none() && found.is_none() {
        return Err(Refused::Missing);
    }
    if found != draft.known {
        return Err(Refused::Differs(found));
    }
    let file = path.display().to_string();
    let mut texts = city.rule_texts().map_err(Refused::Mistakes)?;
    texts.retain(|(other, _)| *other != file);
    texts.extend(draft.text.iter().map(|text| (file.clone(), text.clone())));
    texts.sort();
    let loaded = city.parse_rules(&texts);
    let rules = loaded.map_err(|errors| Refused::Mistakes(errors.into_iter().map(Mistake::from).collect()))?;
    may(city, draft, rules.iter().chain(in_force))?;
    // With it come into force what else lies there, and may have been edited on the disk.
    let mut other = others(&rules, in_force);
    other.insert(draft.name.clone());
    let tested = tested_with(&rules, other);
    city.test_some(&rules, &|name| tested.contains(name)).map_err(Refused::Mistakes)?;
    let written = draft.text.as_ref().map(|text| write_beside(&path, text)).transpose()?;
    Ok((rules, written))
}

/// A role writes a rule when it may ask for the rule's purpose: for that of the new text, and of the one before.
fn may<'a>(city: &City, draft: &Draft, mut rules: impl Iterator<Item = &'a Rule>) -> Result<(), Refused> {
    let covers = |id: &str| city.purposes.iter().any(|purpose| purpose.id == id && purpose.roles.contains(&draft.role));
    match rules.find(|rule| rule.id.as_str() == draft.name && !covers(&rule.purpose)) {
        Some(rule) => Err(Refused::Role(rule.purpose.clone())),
        None => Ok(()),
    }
}

/// Those of these rules that are not in force as they are.
pub(super) fn others(rules: &[Rule], in_force: &[Rule]) -> BTreeSet<String> {
    let is_other = |rule: &&Rule| !in_force.iter().any(|known| known == *rule);
    rules.iter().filter(is_other).map(|rule| rule.id.to_string()).collect()
}

/// The rules whose tests may come out otherwise: these, and those that look at their alerts, by any way.
pub(super) fn tested_with(rules: &[Rule], mut tested: BTreeSet<String>) -> BTreeSet<String> {
    loop {
        let looks = |rule: &&Rule| rule.kind.rules_asked().any(|asked| tested.contains(asked.as_str()));
        let more: Vec<String> = rules.iter().filter(looks).map(|rule| rule.id.to_string()).collect();
        let before = tested.len();
        tested.extend(more);
        if tested.len() == before {
            // Only those that are rules have tests to run.
            tested.retain(|name| rules.iter().any(|rule| rule.id.as_str() == name));
            return tested;
        }
    }
}

fn path_of(city: &City, name: &str) -> PathBuf {
    city.rules_folder().join(format!("{name}.toml"))
}

/// A text, where there is such a file.
fn read(path: &Path) -> io::Result<Option<String>> {
    match read_text(path, BESIDE_BYTES_MAX) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a text beside the file that it shall become, down to the disk.
fn write_beside(path: &Path, text: &str) -> io::Result<Temporary> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // No ending of a rule: nobody reads it as one.
    let written = Temporary(path.with_file_name(format!(".{name}.new")));
    let mut file = File::create(&written.0)?;
    file.write_all(text.as_bytes())?;
    if let Ok(known) = std::fs::metadata(path) {
        file.set_permissions(known.permissions())?;
    }
    file.sync_all()?;
    Ok(written)
}
