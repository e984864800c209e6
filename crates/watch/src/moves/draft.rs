//! A draft of a rule out of a finding: text that loads, for people to make better and to try on the past.

use city::{Datastream, Purpose};

use super::{Hours, Together};
use crate::words;

/// The series is above (or below) its line in this share of all hours: seldom enough to be told.
const SHARE: f64 = 0.95;
/// The close line: well back among ordinary hours.
const SHARE_CLOSE: f64 = 0.75;

/// The text of a rule that rings when the other series stands where it seldom does, some hours ahead of the chosen
/// one. `None` when it is not ahead, its history has no two lines, or no purpose lets anybody ask both feeds.
pub fn draft(
    chosen: &Datastream,
    other: &Datastream,
    together: &Together,
    history: &Hours,
    purposes: &[Purpose],
) -> Option<String> {
    let purpose = purposes.iter().find(|p| p.feeds.contains(&other.feed) && p.feeds.contains(&chosen.feed));
    let purpose = purpose.or_else(|| purposes.iter().find(|p| p.feeds.contains(&other.feed)))?;
    let owner = purpose.roles.first()?;
    let (line, close) = (history.quantile(SHARE)?, history.quantile(SHARE_CLOSE)?);
    let upwards = together.rho > 0.0;
    let with_it = if upwards { "rises" } else { "falls" };
    if together.lead_h < 0 || line <= close {
        return None;
    }
    let ahead =
        if together.lead_h == 0 { "in the same hour".to_owned() } else { format!("some {} h later", together.lead_h) };
    let respond = if together.lead_h > 1 { format!("{} h", together.lead_h) } else { "1 h".to_owned() };
    let (rho, q, hours) = (together.rho, together.q, together.hours);
    let (what, target) = (quoted(&other.name), quoted(&chosen.name));
    let window = words::span(other.beat.max(super::STEP));
    let text = format!(
        "# A draft from what moved with what: rank correlation {rho:.2} over {hours} h, corrected chance {q:.1e}.\n\
         # Correlation is no cause. Try it on the past, and put its words right, before it is saved.\n\
         kind = \"threshold\"\n\
         what = \"{what}\"\n\
         datastream = {id}\n\
         statistic = \"mean\"\n\
         window = \"{window}\"\n\n\
         owner = \"{owner}\"\n\
         severity = \"info\"\n\
         respond_within = \"{respond}\"\n\
         purpose = \"{purpose}\"\n\
         consequence = \"{target} often {with_it} {ahead}.\"\n\
         first_action = \"Look at {target}.\"\n\n\
         [open]\n\
         above = {line:.4}   # as in one hour of twenty\n\n\
         [close]\n\
         below = {close:.4}   # as in three hours of four\n\
         for = \"3 h\"\n",
        id = other.id,
        purpose = purpose.id,
    );
    Some(text)
}

/// Inside quotes of TOML.
fn quoted(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .flat_map(|c| matches!(c, '"' | '\\').then_some('\\').into_iter().chain([c]))
        .collect()
}
