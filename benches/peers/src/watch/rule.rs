//! The rules that Townbell gets, in the grammar of its rule files: the only place that knows it.

use std::fmt::Write as _;

/// Whether [`CONDITION`] is the job of the other engines. While it is not, no figure of Townbell stands beside theirs.
pub(crate) const IS_THE_JOB: bool = false;

/// The role that owns the rules.
pub(crate) const OWNER: &str = "duty_officer";

/// What is looked for. A mean that slides: it is NOT the job (the mean of each minute, three running), only near enough
/// to try everything around it.
const CONDITION: &str = r#"kind = "threshold"
statistic = "mean"
window = "60 s"
"#;

/// When it opens and closes.
const OPEN_AND_CLOSE: &str = "
[open]
above = 50.0

[close]
below = 45.0
";

/// The first second whose reading may open the alert, when the readings of a series are far above the line from
/// `raised_s` on (seconds since the epoch). With windows of a minute, three running, that would be the first second of
/// the fourth: `(raised_s / 60 + 3) * 60`.
pub(crate) fn opens_at_s(raised_s: u64) -> u64 {
    raised_s
}

/// A rule file that looks at these datastreams.
pub(crate) fn text(what: &str, datastreams: impl Iterator<Item = u32>) -> String {
    let ids = datastreams.map(|id| id.to_string()).collect::<Vec<_>>().join(", ");
    let mut out = CONDITION.to_owned();
    // invariant: writing to a String cannot fail.
    let _written = write!(
        out,
        "what = \"{what}\"\ndatastreams = [{ids}]\nowner = \"{OWNER}\"\nseverity = \"moderate\"\nrespond_within = \"1 h\"\n\
         purpose = \"To measure how the watch grows\"\nconsequence = \"None: the readings are made up.\"\n\
         first_action = \"Nothing.\"\n"
    );
    out + OPEN_AND_CLOSE
}
