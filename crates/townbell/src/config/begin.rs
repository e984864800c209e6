//! Reading a city: to be judged, where one mistake is one too many, and to be run, where a mistake in a rule must not
//! leave the city unwatched by all the others.

use std::path::Path;

use watch::Rule;
use watch::kept::RuleText;

use super::rules::is_rule;
use super::{Checker, City, Mistake, file};

/// Mistakes in what stands beside `city.toml`, where the city runs all the same.
#[derive(Clone, Debug, Default)]
pub struct NotLoaded {
    /// In the files of rules.
    pub rules: Vec<Mistake>,
    /// In `oncall.toml`.
    pub on_call: Vec<Mistake>,
}

impl City {
    /// Reads `FOLDER/city.toml`, `FOLDER/rules/*.toml` and `FOLDER/oncall.toml`.
    ///
    /// # Errors
    /// All mistakes of all files, sorted by place.
    pub fn read(folder: &Path) -> Result<Self, Vec<Mistake>> {
        let mut city = Self::read_to_run(folder)?;
        let NotLoaded { rules, on_call } = std::mem::take(&mut city.not_loaded);
        let mistakes = in_order([rules, on_call].concat());
        if mistakes.is_empty() { Ok(city) } else { Err(mistakes) }
    }

    /// The same, to be run: what does not load beside `city.toml` is noted in it, and has no part in it.
    ///
    /// # Errors
    /// All mistakes of `city.toml`, and with them all others.
    pub fn read_to_run(folder: &Path) -> Result<Self, Vec<Mistake>> {
        let file = folder.join("city.toml");
        let text = std::fs::read_to_string(&file)
            .map_err(|error| vec![Mistake::file(&file, format!("expected the city's configuration here: {error}"))])?;
        let (tables, mut mistakes) = file::read(&file, &text);
        let mut checker = Checker { file: &file, text: &text, mistakes: &mut mistakes };
        let Some(mut city) = checker.city(folder, tables) else { return Err(in_order(mistakes)) };
        let mut unread = Vec::new();
        let files = city.texts(is_rule, &mut unread);
        match city.parse_rules(&files) {
            Ok(rules) => city.rules = rules,
            Err(errors) => unread.extend(errors.into_iter().map(Mistake::from)),
        }
        city.not_loaded.rules = in_order(unread);
        match city.read_oncall(folder) {
            Ok(read) => city.oncall = read.map(|(oncall, _)| oncall),
            Err(errors) => city.not_loaded.on_call = in_order(errors),
        }
        if mistakes.is_empty() {
            return Ok(city);
        }
        let NotLoaded { rules, on_call } = city.not_loaded;
        Err(in_order([mistakes, rules, on_call].concat()))
    }

    /// Settles what is in force at a start at which not all loads: `kept` gives the rules that were in force when the
    /// program last ran, of which nothing is known at a first start. Says every mistake in the log.
    pub fn run_despite(&mut self, kept: impl FnOnce() -> Vec<RuleText>, data: &Path) {
        if self.sandbox {
            return;
        }
        self.call_despite(data);
        // A folder that is gone is not one without rules, where there were some.
        let gone = std::fs::read_dir(self.rules_folder()).err();
        if gone.is_none() && self.not_loaded.rules.is_empty() {
            return;
        }
        let kept = kept();
        if let Some(error) = gone.filter(|_| !kept.is_empty()) {
            let message = format!("cannot be read: {error}");
            self.not_loaded.rules.push(Mistake::file(&self.rules_folder(), message));
        }
        if self.not_loaded.rules.is_empty() {
            return;
        }
        for mistake in &self.not_loaded.rules {
            tracing::warn!(%mistake, "the rules' folder does not load");
        }
        self.rules = self.rules_despite(&kept);
        let rules = self.rules.len();
        if kept.is_empty() {
            tracing::warn!(rules, "the rules that load are in force, and the others are not until they are mended");
        } else {
            tracing::warn!(rules, "the rules before stay in force until the folder is mended");
        }
    }

    /// The rules before, as after an edit while the program runs: a folder that does not load changes nothing. Where
    /// there were none, or they do not fit the city any more, every rule that loads, by its text before where the new
    /// one does not: a city is better watched by nineteen rules of twenty than by none.
    fn rules_despite(&self, kept: &[RuleText]) -> Vec<Rule> {
        let path = |rule: &RuleText| self.rules_folder().join(format!("{}.toml", rule.id)).display().to_string();
        let kept: Vec<(String, String)> = kept.iter().map(|rule| (path(rule), rule.text.clone())).collect();
        if !kept.is_empty()
            && let Ok(rules) = self.parse_rules(&kept)
        {
            return rules;
        }
        // What cannot be read at all is among the mistakes already.
        let mut files = self.texts(is_rule, &mut Vec::new());
        loop {
            let errors = match self.parse_rules(&files) {
                Ok(rules) => return rules,
                Err(errors) => errors,
            };
            let before = files.clone();
            files.retain_mut(|(path, text)| {
                if !errors.iter().any(|error| error.file == *path) {
                    return true;
                }
                let older = kept.iter().find(|(of, older)| of == path && older != text);
                let Some((_, older)) = older else { return false };
                text.clone_from(older);
                true
            });
            if files == before {
                // A mistake that is in no file: nothing that could be left out.
                return Vec::new();
            }
        }
    }
}

fn in_order(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort();
    mistakes.dedup();
    mistakes
}
