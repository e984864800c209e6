//! The rules in force while the program runs. When their files change they are read again, and swapped in between two
//! steps of the watch, as a start with the new files would take them. A folder that does not load changes nothing.

mod change;
mod truths;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::{Mutex, watch as signal};
use watch::{Context, Rule};

use crate::config::{City, Mistake, RulesListing};
use crate::desk::{Desk, DeskError};
use crate::tell::live::Live;

pub use change::{Draft, Prepared, Refused, RuleText};

/// How often the folder is looked at. It is read when it looks the same twice: an editor, or a checkout, may be in the
/// middle of writing.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The rules in force, and what keeps the folder from loading, if anything does.
pub struct Rulebook {
    city: Arc<City>,
    desk: Desk,
    live: Arc<Live>,
    standing: RwLock<Standing>,
    /// Held by whoever reads the folder into force, or writes into it: one after the other.
    pen: Arc<Mutex<Pen>>,
    truths: Mutex<Option<truths::Truths>>,
}

#[derive(Clone)]
struct Standing {
    rules: Arc<Vec<Rule>>,
    mistakes: Arc<Vec<Mistake>>,
}

/// How the folder looked.
#[derive(Debug, Default)]
struct Pen {
    /// At the last look.
    seen: RulesListing,
    /// When it was last read.
    read: RulesListing,
}

impl Rulebook {
    /// The rules that the program started with, and what kept the folder from loading then.
    pub fn new(city: Arc<City>, rules: Arc<Vec<Rule>>, desk: Desk, live: Arc<Live>) -> Self {
        let mistakes = Arc::new(city.not_loaded.rules.clone());
        let standing = RwLock::new(Standing { rules, mistakes });
        // What changed since the city was read is found at the first looks.
        Self { city, desk, live, standing, pen: Arc::default(), truths: Mutex::default() }
    }

    /// The rules in force.
    pub fn rules(&self) -> Arc<Vec<Rule>> {
        Arc::clone(&self.standing().rules)
    }

    /// What keeps the folder from loading as it is now; empty when the rules in force are those of the folder.
    pub fn mistakes(&self) -> Arc<Vec<Mistake>> {
        Arc::clone(&self.standing().mistakes)
    }

    fn standing(&self) -> RwLockReadGuard<'_, Standing> {
        self.standing.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the folder again and again, until the program stops.
    pub async fn follow(self: Arc<Self>, mut stopped: signal::Receiver<bool>) {
        if self.city.sandbox {
            return;
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the rules' folder is not looked at any more");
                return;
            }
        }
    }

    /// Looks at the folder, and reads it when it has changed and come to rest.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn look(self: &Arc<Self>) -> Result<(), DeskError> {
        let mut pen = self.pen.lock().await;
        let city = Arc::clone(&self.city);
        let listing = beside(move || city.rules_listing()).await?;
        if listing == pen.read {
            pen.seen = listing;
            return Ok(());
        }
        if listing != pen.seen {
            pen.seen = listing;
            return Ok(());
        }
        let (city, before) = (Arc::clone(&self.city), self.rules());
        let read = beside(move || read(&city, &before)).await?;
        pen.read = listing;
        match read {
            Ok(rules) => self.adopt(rules).await,
            Err(mistakes) => {
                self.complain(mistakes);
                Ok(())
            }
        }
    }

    /// Puts rules in force, where they are others: between two steps of the watch, after its state so far is kept.
    async fn adopt(&self, rules: Vec<Rule>) -> Result<(), DeskError> {
        let before = self.rules();
        let other = rules != *before;
        let rules = if other { Arc::new(rules) } else { before };
        if other {
            let (city, all) = (Arc::clone(&self.city), Arc::clone(&rules));
            let context = beside(move || Context::new(city.parts(all.to_vec()))).await?;
            self.desk.adopt(context).await?;
            tracing::info!(rules = rules.len(), "other rules are in force");
        }
        let mended = !self.mistakes().is_empty();
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) = Standing { rules, mistakes: Arc::default() };
        if other || mended {
            self.tell();
        }
        Ok(())
    }

    /// Says why the folder does not load. The rules in force stay.
    fn complain(&self, mistakes: Vec<Mistake>) {
        if *self.mistakes() == mistakes {
            return;
        }
        for mistake in &mistakes {
            tracing::warn!(%mistake, "the rules' folder does not load; the rules before stay in force");
        }
        self.standing.write().unwrap_or_else(PoisonError::into_inner).mistakes = Arc::new(mistakes);
        self.tell();
    }

    /// Pages that show rules ask for them again.
    fn tell(&self) {
        let Standing { rules, mistakes } = self.standing().clone();
        self.live.publish("rules", &RulesEvent { rules: rules.len(), mistakes: mistakes.len() });
    }
}

/// The rules of the folder; those of before where every text is of the same version.
fn read(city: &City, before: &[Rule]) -> Result<Vec<Rule>, Vec<Mistake>> {
    let texts = city.rule_texts()?;
    let same = texts.len() == before.len()
        && texts
            .iter()
            .zip(before)
            .all(|((path, text), rule)| *path == rule.file && *watch::parse::version(text) == *rule.version);
    if same {
        return Ok(before.to_vec());
    }
    city.parse_rules(&texts).map_err(|errors| errors.into_iter().map(Mistake::from).collect())
}

/// `rules` on the live connection: others are in force, or the folder does not load any more, or does again.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct RulesEvent {
    /// Rules in force.
    pub rules: usize,
    /// Mistakes that keep the folder from loading.
    pub mistakes: usize,
}

/// Runs work on files beside the threads that serve.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, DeskError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| DeskError::Stopped)
}
