//! What every rule makes of now, asked of the desk once for all who want to know.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use city::RuleId;
use watch::standing::TruthNow;

use super::Rulebook;
use crate::clock::Stopwatch;
use crate::desk::DeskError;

/// How old an answer may be: a page is looked at for longer, and many at once cost the desk one look at all rules.
const TRUTHS_KEPT: Duration = Duration::from_secs(2);

/// What was asked last.
pub(super) struct Truths {
    asked: Stopwatch,
    told: Arc<BTreeMap<RuleId, TruthNow>>,
}

impl Rulebook {
    /// Where the condition of each rule holds, where not, and where nobody can see it; at most two seconds old. A rule
    /// that has not been stepped yet is not among them.
    ///
    /// # Errors
    /// When the desk has stopped.
    pub async fn truths(&self) -> Result<Arc<BTreeMap<RuleId, TruthNow>>, DeskError> {
        let mut known = self.truths.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.asked.elapsed() < TRUTHS_KEPT) {
            return Ok(Arc::clone(&known.told));
        }
        let told = Arc::new(self.desk.truths().await?.into_iter().collect());
        *known = Some(Truths { asked: Stopwatch::start(), told: Arc::clone(&told) });
        Ok(told)
    }
}
