//! The rules that Townbell gets, in the grammar of its rule files: the only place that knows it.

use std::fmt::Write as _;

/// Whether [`CONDITION`] is the job of the other engines. While it is not, no figure of Townbell stands beside theirs.
pub(crate) const IS_THE_JOB: bool = true;

/// The role that owns the rules.
pub(crate) const OWNER: &str = "duty_officer";

/// What is looked for: the mean of each minute of the clock. Each time it comes true is an alert, as in the others: what
/// comes and goes is not held open.
const CONDITION: &str = r#"kind = "threshold"
statistic = "mean"
window = "60 s"
tumbling = true
damped = false
"#;

/// When it opens and closes.
const OPEN_AND_CLOSE: &str = "
[open]
above = 50.0
windows = 3

[close]
below = 50.0
";

/// The first second whose reading may open the alert, when the readings of a series are far above the line from
/// `raised_s` on (seconds since the epoch): the first of the fourth minute. A reading of another connection may move the
/// feed's time on a request earlier; the wait is then none.
pub(crate) fn opens_at_s(raised_s: u64) -> u64 {
    (raised_s / 60 + 3) * 60
}

/// A rule file that looks at these datastreams.
pub(crate) fn text(what: &str, datastreams: impl Iterator<Item = u32>) -> String {
    let ids = datastreams.map(|id| id.to_string()).collect::<Vec<_>>().join(", ");
    let mut out = CONDITION.to_owned();
    // invariant: writing to a String cannot fail.
    let _written = write!(
        out,
        "what = \"{what}\"\ndatastreams = [{ids}]\nowner = \"{OWNER}\"\nseverity = \"moderate\"\nrespond_within = \"1 h\"\n\
         purpose = \"measure\"\nconsequence = \"None: the readings are made up.\"\n\
         first_action = \"Nothing.\"\n"
    );
    out + OPEN_AND_CLOSE
}
