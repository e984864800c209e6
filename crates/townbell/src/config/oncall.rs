//! `oncall.toml`: who is called, and how. A city without one tells nobody but its pages.

use std::path::Path;

use super::{City, Mistake, personal};

impl City {
    /// Who is called: as `oncall.toml` says, or every owner on the pages.
    pub fn on_call(&self) -> watch::notify::OnCall {
        self.oncall.clone().unwrap_or_else(|| watch::notify::OnCall::on_screens(self.roles.clone()))
    }

    pub(super) fn with_oncall(mut self, folder: &Path, mistakes: &mut Vec<Mistake>) -> Self {
        let file = folder.join("oncall.toml");
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return self,
            Err(error) => {
                mistakes.push(Mistake::file(&file, format!("cannot be read: {error}")));
                return self;
            }
        };
        let path = file.display().to_string();
        let personal = personal::found_in(&path, &text, &personal::OF_DESKS);
        if !personal.is_empty() {
            mistakes.extend(personal.into_iter().map(Mistake::from));
            return self;
        }
        match watch::notify::parse(watch::RuleFile { path: &path, text: &text }, &self.roles) {
            Ok(oncall) => self.oncall = Some(oncall),
            Err(errors) => mistakes.extend(errors.into_iter().map(Mistake::from)),
        }
        self
    }
}
