//! `oncall.toml`: who is called, and how. A city without one tells nobody but its pages.

use std::io::ErrorKind;
use std::path::Path;

use watch::notify::OnCall;

use super::private_file;
use super::{City, Mistake, personal};

/// In the data folder: `oncall.toml` as it was when it last loaded.
const KEPT: &str = "oncall.toml";

impl City {
    /// Who is called: as `oncall.toml` says, or every owner on the pages.
    pub fn on_call(&self) -> OnCall {
        self.oncall.clone().unwrap_or_else(|| OnCall::on_screens(self.roles.clone()))
    }

    /// Reads `oncall.toml` in a folder, where there is one.
    pub(super) fn read_oncall(&self, folder: &Path) -> Result<Option<(OnCall, String)>, Vec<Mistake>> {
        let file = folder.join("oncall.toml");
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(vec![Mistake::file(&file, format!("cannot be read: {error}"))]),
        };
        let path = file.display().to_string();
        let personal = personal::found_in(&path, &text, &personal::OF_DESKS);
        let read = if personal.is_empty() {
            watch::notify::parse(watch::RuleFile { path: &path, text: &text }, &self.roles)
        } else {
            Err(personal)
        };
        match read {
            Ok(oncall) => Ok(Some((oncall, text))),
            Err(errors) => Err(errors.into_iter().map(Mistake::from).collect()),
        }
    }

    /// Where `oncall.toml` does not load, calls by the one that last did: a centre that calls nobody by night because
    /// of a slip of the pen is none. What loads is kept for that.
    pub(super) fn call_despite(&mut self, data: &Path) {
        if self.not_loaded.on_call.is_empty() {
            if let Err(error) = self.keep_oncall(data) {
                tracing::warn!(%error, "oncall.toml cannot be kept for a start at which it does not load");
            }
            return;
        }
        for mistake in &self.not_loaded.on_call {
            tracing::warn!(%mistake, "oncall.toml does not load");
        }
        if let Ok(Some((oncall, _))) = self.read_oncall(data) {
            tracing::warn!("calls go by the oncall.toml that last loaded; mend it, and start again");
            self.oncall = Some(oncall);
        } else {
            tracing::error!("nobody is called but on the pages: oncall.toml does not load, and none did before");
        }
    }

    fn keep_oncall(&self, data: &Path) -> std::io::Result<()> {
        let kept = data.join(KEPT);
        let Ok(Some((_, text))) = self.read_oncall(&self.folder) else {
            return match std::fs::remove_file(kept) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        };
        if std::fs::read_to_string(&kept).ok().as_ref() == Some(&text) {
            return Ok(());
        }
        // Addresses of desks are nobody else's business.
        private_file::write(&kept, text.as_bytes())
    }
}
