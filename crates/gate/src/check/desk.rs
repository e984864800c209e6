//! What roles do in the control room: the role is one of the city's, ids look like ids, times have an end, and the
//! lines that they write hold nothing of a person.

use city::{
    Acknowledgement, Cover, DeskAction, DeskActionKind, Reason, Silence, SilenceFault, SilenceScope, Span, Time,
    Unreached,
};

use super::Refused;
use crate::gate::Gate;
use crate::shape;
use crate::text;

/// Longest snooze: past a shift, somebody else has to look at it.
pub(crate) const SNOOZE_MAX: Span = Span::h(24);
/// Longest cover: a leave of some weeks. What is longer belongs in the schedule.
pub(crate) const COVER_MAX: Span = Span::h(24 * 62);
/// Most rules, subjects and feeds that one silence may name.
pub(crate) const SCOPE_MAX: usize = 200;
/// Longest name of a channel, as `oncall.toml` may have it.
const CHANNEL_CHARS_MAX: usize = 40;
/// Longest subject of an alert, in bytes: kind, feed and id, each at its own limit.
const SUBJECT_BYTES_MAX: usize = 400;

/// A role takes an alert.
pub(crate) fn acknowledgement(gate: &Gate, acknowledgement: &Acknowledgement) -> Result<(), Refused> {
    alert(&acknowledgement.alert)?;
    role(gate, &acknowledgement.role)?;
    line(gate, &acknowledgement.note)
}

/// A call of ours to one of the city's roles: nothing of what another side said is in it.
pub(crate) fn unreached(gate: &Gate, call: &Unreached) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    role(gate, &call.role).is_ok()
        && (1..=CHANNEL_CHARS_MAX).contains(&call.channel.len())
        && call.channel.chars().all(plain)
        && shape::is_call_key(&call.key, &call.channel)
}

/// A role does something else.
pub(crate) fn action(gate: &Gate, action: &DeskAction, now: Time) -> Result<(), Refused> {
    role(gate, &action.role)?;
    match &action.what {
        DeskActionKind::Assign { alert: id, to, note } => {
            alert(id)?;
            role(gate, to)?;
            line(gate, note)
        }
        DeskActionKind::Snooze { alert: id, until, note } => {
            alert(id)?;
            ahead(*until, now, SNOOZE_MAX)?;
            line(gate, note)
        }
        DeskActionKind::Wake { alert: id } => alert(id),
        DeskActionKind::Comment { alert: id, text } => {
            alert(id)?;
            if text.trim().is_empty() { Err(Reason::Malformed.into()) } else { line(gate, text) }
        }
        DeskActionKind::Silence(asked) => silence(gate, asked, now),
        DeskActionKind::EndSilence { silence } => id(silence.as_str(), "silence-"),
        DeskActionKind::Cover(asked) => cover(gate, asked, now),
        DeskActionKind::EndCover { cover } => id(cover.as_str(), "cover-"),
        DeskActionKind::SaveRule { rule, version } => {
            let shaped = shape::is_name(rule.as_str()) && shape::is_rule_version(version);
            if shaped { Ok(()) } else { Err(Reason::BadId.into()) }
        }
        DeskActionKind::RemoveRule { rule } => {
            if shape::is_name(rule.as_str()) {
                Ok(())
            } else {
                Err(Reason::BadId.into())
            }
        }
    }
}

fn silence(gate: &Gate, asked: &Silence, now: Time) -> Result<(), Refused> {
    id(asked.id.as_str(), "silence-")?;
    match asked.fault(now) {
        Some(
            SilenceFault::Ends
            | SilenceFault::TooLong
            | SilenceFault::TooLongAtATime
            | SilenceFault::Extreme
            | SilenceFault::Windows,
        ) => return Err(Reason::BadTime.into()),
        Some(SilenceFault::NoReason | SilenceFault::NoScope) => return Err(Reason::Malformed.into()),
        None => {}
    }
    scope(&asked.scope)?;
    line(gate, &asked.reason)
}

fn scope(scope: &SilenceScope) -> Result<(), Refused> {
    let SilenceScope { rules, subjects, feeds, severity_at_most: _ } = scope;
    if rules.len() + subjects.len() + feeds.len() > SCOPE_MAX {
        return Err(Reason::TooLarge.into());
    }
    let ids = rules.iter().map(city::RuleId::as_str).chain(feeds.iter().map(city::FeedId::as_str));
    let shaped = ids.into_iter().all(shape::is_name)
        && subjects
            .iter()
            .all(|subject| (1..=SUBJECT_BYTES_MAX).contains(&subject.len()) && shape::is_subject(subject));
    if shaped { Ok(()) } else { Err(Reason::BadId.into()) }
}

fn cover(gate: &Gate, asked: &Cover, now: Time) -> Result<(), Refused> {
    id(asked.id.as_str(), "cover-")?;
    role(gate, &asked.of)?;
    role(gate, &asked.by)?;
    ahead(asked.until, now, COVER_MAX)?;
    if asked.until <= asked.from || asked.of == asked.by {
        return Err(Reason::BadTime.into());
    }
    line(gate, &asked.note)
}

fn alert(id: &city::AlertId) -> Result<(), Refused> {
    if shape::is_alert_id(&id.0) { Ok(()) } else { Err(Reason::BadId.into()) }
}

fn id(id: &str, prefix: &str) -> Result<(), Refused> {
    let number = id.strip_prefix(prefix).filter(|rest| (1..=20).contains(&rest.len()));
    if number.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'-')) {
        Ok(())
    } else {
        Err(Reason::BadId.into())
    }
}

fn role(gate: &Gate, role: &str) -> Result<(), Refused> {
    if gate.policy.roles.iter().any(|known| known == role) { Ok(()) } else { Err(Reason::NotAllowed.into()) }
}

/// An end that lies ahead, and not further than makes sense.
fn ahead(until: Time, now: Time, max: Span) -> Result<(), Refused> {
    if until > now && until.since(now) <= max { Ok(()) } else { Err(Reason::BadTime.into()) }
}

/// A line that a role wrote.
fn line(gate: &Gate, text: &str) -> Result<(), Refused> {
    if text.chars().take(text::NOTE_CHARS_MAX + 1).count() > text::NOTE_CHARS_MAX {
        return Err(Reason::TooLarge.into());
    }
    if text.chars().any(text::is_hidden) {
        return Err(Reason::Malformed.into());
    }
    let hits = gate.text.hits(text);
    if hits.is_empty() { Ok(()) } else { Err(Refused { reason: Reason::PersonalText, hits }) }
}
