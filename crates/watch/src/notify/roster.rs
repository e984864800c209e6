//! Who takes the calls of a role now: the role itself, whoever has its shift, or whoever stands in for it.

use std::collections::BTreeMap;

use city::{Cover, CoverId, Time};
use jiff::tz::TimeZone;

use crate::notify::calendar;
use crate::notify::config::OnCall;

/// Covers that are kept at once: a month of a city's roster, changed by hand every day.
pub const COVERS_MAX: usize = 500;

/// Why a cover cannot be taken, in words; `None` when it can.
pub fn refusal(cover: &Cover, on_call: &OnCall, now: Time) -> Option<&'static str> {
    if cover.until <= cover.from || cover.until <= now {
        return Some("it should end after it begins, and after now");
    }
    if cover.of == cover.by {
        return Some("a role cannot stand in for itself");
    }
    let known = |role: &String| on_call.roles().contains(role);
    (!known(&cover.of) || !known(&cover.by)).then_some("both should be roles of this city")
}

/// Who takes the calls of `role` at an instant. A cover of the role itself goes before its shifts; whoever has the
/// shift, or stands in, may be covered in turn. Where covers lead in a circle (two roles swap), the first counts.
pub(crate) fn called<'a>(
    on_call: &'a OnCall,
    covers: &'a BTreeMap<CoverId, Cover>,
    role: &'a str,
    at: Time,
    zone: &TimeZone,
) -> &'a str {
    if let Some(by) = stands_in(covers, role, at) {
        return by;
    }
    let scheduled = scheduled(on_call, role, at, zone);
    stands_in(covers, scheduled, at).unwrap_or(scheduled)
}

/// Who stands in for a role, at the end of a row of covers.
fn stands_in<'a>(covers: &'a BTreeMap<CoverId, Cover>, role: &str, at: Time) -> Option<&'a str> {
    let first = covered(covers, role, at)?;
    let mut last = first;
    for _ in 0..covers.len() {
        match covered(covers, last, at) {
            Some(next) if next == role || next == first => return Some(first),
            Some(next) => last = next,
            None => return Some(last),
        }
    }
    Some(first)
}

/// The cover that was begun last.
fn covered<'a>(covers: &'a BTreeMap<CoverId, Cover>, role: &str, at: Time) -> Option<&'a str> {
    let now = covers.values().filter(|cover| cover.of == role && cover.from <= at && at < cover.until);
    now.max_by_key(|cover| cover.from).map(|cover| cover.by.as_str())
}

/// Follows the shifts; the grammar lets no circle through.
fn scheduled<'a>(on_call: &'a OnCall, role: &'a str, at: Time, zone: &TimeZone) -> &'a str {
    let mut role = role;
    for _ in 0..on_call.roles().len() {
        let has_it = on_call.shifts().iter().filter(|shift| shift.role == role).find(|shift| {
            let fits =
                |date| shift.first.is_none_or(|first| first <= date) && shift.last.is_none_or(|last| date <= last);
            calendar::hours_until(shift.hours, at, zone, fits).is_some()
        });
        let Some(shift) = has_it else { return role };
        role = &shift.by;
    }
    role
}
