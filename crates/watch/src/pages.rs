//! Whom a rule on the past would have called, and which of it by night.
//!
//! A page is a call to a role as `oncall.toml`, the silences and the quiet hours of that past have it, not the opening
//! of an alert: what is minor waits for the morning, what is silenced calls nobody, and one alert may call three roles.

use std::collections::{BTreeMap, BTreeSet};

use city::{AlertId, Notification, NotificationReason, Time};
use jiff::tz::TimeZone;

/// A call from this hour of the city's clock on wakes somebody.
pub const NIGHT_FROM_H: i8 = 22;
/// Before this hour of the city's clock a call still wakes somebody.
pub const NIGHT_TO_H: i8 = 6;

/// Whether an instant is by night on the city's clock.
pub fn is_night(at: Time, zone: &TimeZone) -> bool {
    let hour = at.timestamp().to_zoned(zone.clone()).hour();
    !(NIGHT_TO_H..NIGHT_FROM_H).contains(&hour)
}

/// One call to one role, through however many channels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Page {
    /// When.
    pub at: Time,
    /// Whom.
    pub role: String,
    /// It comes in any case. False: a reminder, the next step of the chain, or the word that it is over, which come
    /// when nobody takes the alert (in a trial nobody does).
    pub in_any_case: bool,
}

/// The pages of some notifications, by alert.
pub(crate) fn by_alert(notifications: &[Notification]) -> BTreeMap<AlertId, BTreeSet<Page>> {
    let mut pages: BTreeMap<AlertId, BTreeSet<Page>> = BTreeMap::new();
    for told in notifications {
        let Some(alert) = &told.alert else { continue };
        let in_any_case = !matches!(
            told.reason,
            NotificationReason::Reminded | NotificationReason::Escalated | NotificationReason::Resolved
        );
        let page = Page { at: told.at, role: told.role.clone(), in_any_case };
        pages.entry(alert.clone()).or_default().insert(page);
    }
    pages
}

/// How many calls come by night: in any case, and with all that follows when nobody takes an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nights {
    /// Calls that come in any case.
    pub pages: usize,
    /// With reminders, next steps, and the word that it is over.
    pub untaken: usize,
}

/// Counts calls by night; two alerts that call a role in one instant are one call.
pub(crate) fn nights<'p>(pages: impl Iterator<Item = &'p Page>, zone: &TimeZone) -> Nights {
    let by_night: BTreeSet<&Page> = pages.filter(|page| is_night(page.at, zone)).collect();
    let calls = |in_any_case: bool| {
        let counted = by_night.iter().filter(|page| page.in_any_case || !in_any_case);
        counted.map(|page| (page.at, &page.role)).collect::<BTreeSet<_>>().len()
    };
    Nights { pages: calls(true), untaken: calls(false) }
}
