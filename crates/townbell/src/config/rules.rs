//! `rules/*.toml` of a city.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use city::{FeedId, ServiceCode};
use watch::episodes::{self, Episodes};

use super::bounded::{BESIDE_BYTES_MAX, RULE_BYTES_MAX, RULE_NAME_CHARS_MAX, read_text};
use super::{City, Mistake, personal};

/// The files of rules, and those beside them, as a folder lists them: name, when it was written, bytes.
pub type RulesListing = Vec<(OsString, Option<SystemTime>, u64)>;

impl City {
    /// The folder that its rules lie in.
    pub fn rules_folder(&self) -> PathBuf {
        self.folder.join("rules")
    }

    /// The texts of all rules as they lie in the folder now, each with its path, in the order of their paths.
    ///
    /// # Errors
    /// When the folder or one of them cannot be read: a folder that is gone is not one without rules.
    pub fn rule_texts(&self) -> Result<Vec<(String, String)>, Vec<Mistake>> {
        let folder = self.rules_folder();
        let mut mistakes = Vec::new();
        if let Err(error) = std::fs::read_dir(&folder) {
            mistakes.push(Mistake::file(&folder, format!("cannot be read: {error}")));
        }
        let files = self.texts(is_rule, &mut mistakes);
        if mistakes.is_empty() { Ok(files) } else { Err(mistakes) }
    }

    /// What tells whether a rule's file, its tests or its episodes have changed: each file's name, when it was written,
    /// and how long it is. In the order of names; empty where the folder cannot be read.
    pub fn rules_listing(&self) -> RulesListing {
        let listed = std::fs::read_dir(self.rules_folder()).into_iter().flatten().flatten();
        let mut listing: RulesListing = listed
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "toml"))
            // Through links: what is behind one may change as well.
            .filter_map(|entry| Some((entry.file_name(), std::fs::metadata(entry.path()).ok()?)))
            .map(|(name, file)| (name, file.modified().ok(), file.len()))
            .collect();
        listing.sort();
        listing
    }

    /// The files of the rules' folder, each a path and its text, in the order of their paths.
    pub(super) fn texts(&self, wanted: impl Fn(&Path) -> bool, mistakes: &mut Vec<Mistake>) -> Vec<(String, String)> {
        let mut files: Vec<(String, String)> = Vec::new();
        let listed = std::fs::read_dir(self.rules_folder()).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in listed.filter(|path| wanted(path)) {
            let bytes_max = if is_rule(&path) { RULE_BYTES_MAX } else { BESIDE_BYTES_MAX };
            let name = rule_name(&path.to_string_lossy()).chars().count();
            if name > RULE_NAME_CHARS_MAX {
                let message = format!("its name has {name} characters; a rule's has {RULE_NAME_CHARS_MAX} at most");
                mistakes.push(Mistake::file(&path, message));
                continue;
            }
            match read_text(&path, bytes_max) {
                Ok(text) => files.push((path.display().to_string(), text)),
                Err(error) => mistakes.push(Mistake::file(&path, format!("cannot be read: {error}"))),
            }
        }
        files.sort();
        files
    }

    /// What the watch needs to know of this city, with these rules.
    pub fn parts(&self, rules: Vec<watch::Rule>) -> watch::Parts {
        watch::Parts {
            rules,
            things: self.things.clone(),
            datastreams: self.datastreams.clone(),
            properties: self.observed_properties.clone(),
            contracts: self.contracts(),
            places: self.places.clone(),
            timetables: BTreeMap::new(),
            timezone: self.zone.clone(),
            links: self.links.clone(),
            on_call: Some(self.on_call()),
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }

    /// Runs the tests beside the rules (`*.test.toml`); gives how many there were, and reads the labelled episodes
    /// (`*.episodes.toml`) with them.
    ///
    /// # Errors
    /// Every mistake in them, and everything that came out otherwise than a test expects.
    pub fn test_rules(&self) -> Result<usize, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let parts = self.parts(self.rules.clone());
        let count = self.run_tests(&parts, &|_| true, &mut mistakes);
        mistakes.extend(self.read_episodes_of(&|_| true).err().unwrap_or_default());
        if mistakes.is_empty() { Ok(count) } else { Err(mistakes) }
    }

    /// The labelled episodes beside a rule's file (`NAME.episodes.toml`), if there are any.
    ///
    /// # Errors
    /// When they cannot be read, and every mistake in them.
    pub fn episodes_of(&self, rule: &Path) -> Result<Option<Episodes>, Vec<Mistake>> {
        let path = rule.with_extension("episodes.toml");
        match read_text(&path, BESIDE_BYTES_MAX) {
            Ok(text) => {
                let read = read_episodes(&path.display().to_string(), &text);
                read.map(Some).map_err(|errors| errors.into_iter().map(Mistake::from).collect())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(vec![Mistake::file(&path, format!("cannot be read: {error}"))]),
        }
    }

    /// Runs the tests beside some of these rules, named without `.test.toml`.
    ///
    /// # Errors
    /// As [`City::test_rules`].
    pub fn test_some(&self, rules: &[watch::Rule], wanted: &dyn Fn(&str) -> bool) -> Result<usize, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let count = self.run_tests(&self.parts(rules.to_vec()), wanted, &mut mistakes);
        if mistakes.is_empty() { Ok(count) } else { Err(mistakes) }
    }

    /// Reads the labelled episodes beside some rules, named without `.episodes.toml`.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn read_episodes_of(&self, wanted: &dyn Fn(&str) -> bool) -> Result<(), Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let is_wanted = |path: &Path| has_end(path, "episodes") && wanted(rule_name(&path.to_string_lossy()));
        for (path, text) in self.texts(is_wanted, &mut mistakes) {
            let read = read_episodes(&path, &text).err().unwrap_or_default();
            mistakes.extend(read.into_iter().map(Mistake::from));
        }
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }

    fn run_tests(&self, parts: &watch::Parts, wanted: &dyn Fn(&str) -> bool, mistakes: &mut Vec<Mistake>) -> usize {
        let is_wanted = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.strip_suffix(".test.toml").is_some_and(wanted)
        };
        let mut count = 0;
        for (path, text) in self.texts(is_wanted, mistakes) {
            let personal = personal::found_in(&path, &text, &[]);
            if !personal.is_empty() {
                mistakes.extend(personal.into_iter().map(Mistake::from));
                continue;
            }
            match watch::rule_test::run(&path, &text, parts) {
                Ok(tests) => count += tests,
                Err(errors) => mistakes.extend(errors.into_iter().map(Mistake::from)),
            }
        }
        count
    }

    /// Reads rules, each a path and its text, as rules of this city.
    ///
    /// # Errors
    /// All mistakes of all of them.
    pub fn parse_rules(&self, files: &[(String, String)]) -> Result<Vec<watch::Rule>, Vec<watch::RuleError>> {
        let personal = files.iter().flat_map(|(path, text)| personal::found_in(path, text, &[])).collect();
        let files: Vec<watch::RuleFile<'_>> = files.iter().map(|(path, text)| watch::RuleFile { path, text }).collect();
        impersonal(personal, watch::parse(&files, &self.known(&self.contracts(), &self.services())))
    }

    /// Reads one more rule beside others that have loaded, in the place of the one of its name.
    ///
    /// # Errors
    /// Every mistake in its text.
    pub fn parse_beside(
        &self,
        path: &str,
        text: &str,
        others: &[watch::Rule],
    ) -> Result<watch::Rule, Vec<watch::RuleError>> {
        let personal = personal::found_in(path, text, &[]);
        let file = watch::RuleFile { path, text };
        impersonal(personal, watch::parse_beside(&file, others, &self.known(&self.contracts(), &self.services())))
    }

    fn known<'a>(
        &'a self,
        contracts: &'a [city::Contract],
        services: &'a BTreeMap<FeedId, Vec<ServiceCode>>,
    ) -> watch::Known<'a> {
        watch::Known {
            things: &self.things,
            datastreams: &self.datastreams,
            properties: &self.observed_properties,
            contracts,
            services,
            places: &self.places,
            roles: &self.roles,
            purposes: &self.purposes,
        }
    }

    /// The services that are counted of each feed of requests.
    fn services(&self) -> BTreeMap<FeedId, Vec<ServiceCode>> {
        let counting = self.feeds.iter().filter(|feed| !feed.services.is_empty());
        counting.map(|feed| (feed.contract.feed.clone(), feed.services.clone())).collect()
    }

    /// A rule as one plain sentence; `others` are those whose alerts it may look at.
    pub fn explain(&self, rule: &watch::Rule, others: &[watch::Rule]) -> String {
        let contracts = self.contracts();
        let names = watch::Names {
            things: &self.things,
            datastreams: &self.datastreams,
            properties: &self.observed_properties,
            contracts: &contracts,
            places: &self.places,
        };
        watch::explain_among(rule, &names, others)
    }

    /// Why a rule asks, in the words of its purpose.
    pub fn purpose_words(&self, rule: &watch::Rule) -> String {
        let declared = self.purposes.iter().find(|purpose| purpose.id == rule.purpose);
        declared.map_or_else(|| rule.purpose.clone(), |purpose| purpose.words.clone())
    }
}

/// What could be of a person in a text beside the rules; empty when it may be shown.
pub fn personal_in(path: &str, text: &str) -> Vec<Mistake> {
    personal::found_in(path, text, &[]).into_iter().map(Mistake::from).collect()
}

fn read_episodes(path: &str, text: &str) -> Result<Episodes, Vec<watch::RuleError>> {
    impersonal(personal::found_in(path, text, &[]), episodes::parse(path, text))
}

/// What was read, unless something in it could be of a person: of such a file nothing else is said, as that could
/// repeat it.
fn impersonal<T>(
    personal: Vec<watch::RuleError>,
    read: Result<T, Vec<watch::RuleError>>,
) -> Result<T, Vec<watch::RuleError>> {
    if personal.is_empty() {
        return read;
    }
    let mut errors = read.err().unwrap_or_default();
    errors.retain(|error| !personal.iter().any(|found| found.file == error.file));
    errors.extend(personal);
    errors.sort();
    Err(errors)
}

/// The rule that a file is of, or lies beside: its name without folders and endings.
pub fn rule_name(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    [".test.toml", ".episodes.toml", ".toml"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// `rules/*.toml`, but not their tests and episodes beside them.
pub(super) fn is_rule(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
        && !has_end(path, "test")
        && !has_end(path, "episodes")
}

/// Whether it is `NAME.end.toml`.
fn has_end(path: &Path, end: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".toml").and_then(|stem| stem.strip_suffix(end)).is_some_and(|stem| stem.ends_with('.'))
}
