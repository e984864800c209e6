//! The rules in force while the program runs. When their files change they are read again, and swapped in between two
//! steps of the watch, as a start with the new files would take them. A folder that does not load changes nothing.

mod change;
mod truths;

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::{Mutex, watch as signal};
use watch::{Context, Rule};

use crate::config::{City, Mistake, RulesListing, rule_name};
use crate::desk::{Desk, DeskError};
use crate::tell::live::Live;

pub use change::{Draft, Prepared, Refused, RuleText};
use change::{others, tested_with};

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
    /// Rules of whose tests or episodes something was wrong then: they are looked at again with whatever changes.
    doubtful: BTreeSet<String>,
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

    /// What keeps the folder from being taken as it is now, failing tests included, and what is wrong beside the rules.
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
        let mut touched = changed(&pen.read, &listing);
        touched.append(&mut pen.doubtful);
        let look_at = touched.clone();
        let read = beside(move || read(&city, &before, &look_at)).await?;
        pen.read = listing;
        match read {
            Ok((rules, beside)) => {
                pen.doubtful = beside.iter().map(|mistake| rule_name(&mistake.name()).to_owned()).collect();
                self.adopt(rules, beside).await
            }
            Err(mistakes) => {
                pen.doubtful = touched;
                self.complain(mistakes);
                Ok(())
            }
        }
    }

    /// Puts rules in force, where they are others: between two steps of the watch, after its state so far is kept.
    /// `mistakes` are of what lies beside them and keeps no rule from ringing.
    async fn adopt(&self, rules: Vec<Rule>, mistakes: Vec<Mistake>) -> Result<(), DeskError> {
        let before = self.rules();
        let other = rules != *before;
        let rules = if other { Arc::new(rules) } else { before };
        if other {
            let (city, all) = (Arc::clone(&self.city), Arc::clone(&rules));
            let context = beside(move || Context::new(city.parts(all.to_vec()))).await?;
            self.desk.adopt(context).await?;
            tracing::info!(rules = rules.len(), "other rules are in force");
        }
        let told_otherwise = *self.mistakes() != mistakes;
        for mistake in mistakes.iter().filter(|_| told_otherwise) {
            tracing::warn!(%mistake, "what lies beside a rule does not load");
        }
        let mistakes = Arc::new(mistakes);
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) = Standing { rules, mistakes };
        if other || told_otherwise {
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
            tracing::warn!(%mistake, "the rules' folder is not taken; the rules before stay in force");
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

/// The rules whose files, or files beside them, are others than when the folder was read last.
fn changed(before: &RulesListing, now: &RulesListing) -> BTreeSet<String> {
    let of = |one: &RulesListing, other: &RulesListing| -> BTreeSet<String> {
        let news = one.iter().filter(|file| !other.contains(file));
        news.map(|(name, ..)| rule_name(&name.to_string_lossy()).to_owned()).collect()
    };
    &of(now, before) | &of(before, now)
}

/// The rules of the folder; those of before where every text is of the same version. With them what is wrong in the
/// labelled episodes of `touched`, which keeps no rule from ringing.
///
/// A rule whose tests fail is not taken, as it is not saved over HTTP: somebody wrote them to say what it must do.
fn read(city: &City, before: &[Rule], touched: &BTreeSet<String>) -> Result<(Vec<Rule>, Vec<Mistake>), Vec<Mistake>> {
    let texts = city.rule_texts()?;
    let same = texts.len() == before.len()
        && texts
            .iter()
            .zip(before)
            .all(|((path, text), rule)| *path == rule.file && *watch::parse::version(text) == *rule.version);
    let rules = if same {
        before.to_vec()
    } else {
        city.parse_rules(&texts).map_err(|errors| errors.into_iter().map(Mistake::from).collect::<Vec<_>>())?
    };
    let episodes = city.read_episodes_of(&|name| touched.contains(name)).err().unwrap_or_default();
    let is_rule = |name: &str| rules.iter().any(|rule| rule.id.as_str() == name);
    let mut beside: Vec<Mistake> = episodes.into_iter().map(|mistake| said("its episodes", mistake)).collect();
    // Tests without their rule are a mistake, and keep no rule from ringing either.
    let left = |name: &str| touched.contains(name) && !is_rule(name);
    beside.extend(city.test_some(&rules, &left).err().unwrap_or_default());
    let tested = tested_with(&rules, touched | &others(&rules, before));
    match city.test_some(&rules, &|name| tested.contains(name)) {
        Ok(_) => Ok((rules, beside)),
        Err(mistakes) => {
            Err(mistakes.into_iter().map(|mistake| said("its tests fail", mistake)).chain(beside).collect())
        }
    }
}

/// A mistake in a file beside a rule, with what that file is to the rule.
fn said(what: &str, mistake: Mistake) -> Mistake {
    Mistake { message: format!("{what}: {}", mistake.message), ..mistake }
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
