//! `rules/*.toml` of a city.

use std::path::{Path, PathBuf};

use super::{City, Mistake};

impl City {
    /// The folder that its rules lie in.
    pub fn rules_folder(&self) -> PathBuf {
        self.folder.join("rules")
    }

    pub(super) fn with_rules(mut self, mistakes: &mut Vec<Mistake>) -> Self {
        let mut files: Vec<(String, String)> = Vec::new();
        let listed = std::fs::read_dir(self.rules_folder()).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in listed.filter(|path| is_rule(path)) {
            match std::fs::read_to_string(&path) {
                Ok(text) => files.push((path.display().to_string(), text)),
                Err(error) => mistakes.push(Mistake::file(&path, format!("cannot be read: {error}"))),
            }
        }
        files.sort();
        match self.parse_rules(&files) {
            Ok(loaded) => self.rules = loaded,
            Err(errors) => mistakes.extend(errors.into_iter().map(|error| Mistake {
                file: PathBuf::from(error.file),
                line: error.line,
                column: error.column,
                message: error.message,
            })),
        }
        self
    }

    /// Reads rules, each a path and its text, as rules of this city.
    ///
    /// # Errors
    /// All mistakes of all of them.
    pub fn parse_rules(&self, files: &[(String, String)]) -> Result<Vec<watch::Rule>, Vec<watch::RuleError>> {
        let files: Vec<watch::RuleFile<'_>> = files.iter().map(|(path, text)| watch::RuleFile { path, text }).collect();
        let contracts = self.contracts();
        let known = watch::Known {
            things: &self.things,
            datastreams: &self.datastreams,
            contracts: &contracts,
            places: &self.places,
            roles: &self.roles,
            purposes: &self.purposes,
        };
        watch::parse(&files, &known)
    }

    /// A rule as one plain sentence.
    pub fn explain(&self, rule: &watch::Rule) -> String {
        let contracts = self.contracts();
        let names = watch::Names {
            things: &self.things,
            datastreams: &self.datastreams,
            properties: &self.observed_properties,
            contracts: &contracts,
            places: &self.places,
        };
        watch::explain(rule, &names)
    }

    /// Why a rule asks, in the words of its purpose.
    pub fn purpose_words(&self, rule: &watch::Rule) -> String {
        let declared = self.purposes.iter().find(|purpose| purpose.id == rule.purpose);
        declared.map_or_else(|| rule.purpose.clone(), |purpose| purpose.words.clone())
    }
}

/// `rules/*.toml`, but not their tests beside them (`*.test.toml`).
fn is_rule(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".toml").is_some_and(|stem| stem.strip_suffix(".test").is_none())
}
