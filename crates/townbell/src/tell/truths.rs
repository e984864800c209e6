//! What a rule makes of now, as the pages and the API tell it.

use city::Time;
use serde::Serialize;
use utoipa::ToSchema;
use watch::standing::{TruthNow, Unseen};

/// Where a rule's condition holds now, before its timers. A subject is what an alert of it would be about: a series, a
/// line, a place.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TruthView {
    /// Subjects of which it holds.
    #[serde(rename = "true")]
    pub is_true: usize,
    /// Subjects of which it does not hold. Of things that come and go (warnings, late trips) those that are near it
    /// alone.
    #[serde(rename = "false")]
    pub is_false: usize,
    /// Subjects, or feeds of such things, of which nobody can see it.
    pub unknown: usize,
    /// The longest unseen of these; at most 20.
    pub unseen: Vec<UnseenView>,
}

/// A subject of which nobody can see whether the condition holds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnseenView {
    /// What it is about, by its name.
    pub name: String,
    /// Since when; null when too little of it has been read yet.
    pub since: Option<Time>,
    /// Why: "the feed Level of the lake is silent".
    pub why: String,
}

impl From<&TruthNow> for TruthView {
    fn from(now: &TruthNow) -> Self {
        let view =
            |Unseen { since, name, why }: &Unseen| UnseenView { name: name.clone(), since: *since, why: why.clone() };
        Self {
            is_true: now.is_true,
            is_false: now.is_false,
            unknown: now.unknown,
            unseen: now.unseen.iter().map(view).collect(),
        }
    }
}
