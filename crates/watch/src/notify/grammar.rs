//! `oncall.toml` from text: every mistake with line, column and what would be right.

use city::{Severity, Span};
use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::notify::channel::{Secret, Url};
use crate::notify::config::{
    Calls, ENTRIES_MAX, Escalation, Heartbeat, Hours, OnCall, Quiet, ROLES_MAX, Reach, STEPS_MAX, Shift, Step,
};
use crate::notify::grammar_channel::channel;
use crate::notify::lint;
use crate::parse::{RuleError, RuleFile};
use crate::reader::{At, Fields, Mistakes};

/// The word that stands for the role that owns an alert.
pub(crate) const OWNER: &str = "owner";
/// Reminders come no faster: faster is noise, and a role could not even read them.
const REMIND_EVERY_MIN: Span = Span::min(1);
/// The longest that a call may wait for others: later is too late for any of them.
const GROUP_MAX: Span = Span::min(15);
/// A checker is not asked more often: it is somebody else's machine.
const HEARTBEAT_EVERY_MIN: Span = Span::s(10);

const SEVERITIES: [(&str, Severity); 5] = [
    ("info", Severity::Info),
    ("minor", Severity::Minor),
    ("moderate", Severity::Moderate),
    ("severe", Severity::Severe),
    ("extreme", Severity::Extreme),
];
const NIGHT_SEVERITIES: [(&str, Severity); 3] =
    [("info", Severity::Info), ("minor", Severity::Minor), ("moderate", Severity::Moderate)];

/// Days by the names that the file uses, each with its bits; Monday is bit 0.
const DAYS: [(&str, u8); 10] = [
    ("mon", 1),
    ("tue", 2),
    ("wed", 4),
    ("thu", 8),
    ("fri", 16),
    ("sat", 32),
    ("sun", 64),
    ("weekdays", 31),
    ("weekend", 96),
    ("every day", 127),
];

const TABLES: [&str; 7] = ["calls", "quiet", "heartbeat", "channel", "reach", "shift", "escalation"];

/// Where each entry of the file stands, for what can only be judged when all of it was read.
#[derive(Default)]
pub(crate) struct Places {
    pub(crate) channels: Vec<usize>,
    pub(crate) reach: Vec<usize>,
    pub(crate) shifts: Vec<usize>,
    pub(crate) escalations: Vec<usize>,
}

/// Reads `oncall.toml`; `roles` are those of the city. With a single mistake nothing is returned but all mistakes.
///
/// # Errors
/// Every mistake, by its place in the file.
pub fn parse(file: RuleFile<'_>, roles: &[String]) -> Result<OnCall, Vec<RuleError>> {
    let mut mistakes = Mistakes::new(file.path, file.text);
    let (table, errors) = DeTable::parse_recoverable(file.text);
    for error in &errors {
        mistakes.at(error.span().map_or(0, |span| span.start), format!("not TOML: {}", error.message()));
    }
    if !errors.is_empty() {
        return Err(mistakes.found);
    }
    if roles.len() > ROLES_MAX {
        mistakes.at(0, format!("the city has {} roles; at most {ROLES_MAX} can be on call", roles.len()));
    }
    let (on_call, places) = read(table.get_ref(), roles, &mut mistakes);
    if mistakes.found.is_empty() {
        lint::judge(&on_call, &places, &mut mistakes);
    }
    mistakes.found.sort();
    if mistakes.found.is_empty() { Ok(on_call) } else { Err(mistakes.found) }
}

fn read(root: &DeTable<'_>, roles: &[String], mistakes: &mut Mistakes<'_>) -> (OnCall, Places) {
    for (key, _) in root.iter().filter(|(key, _)| !TABLES.contains(&key.get_ref().as_ref())) {
        let all = TABLES.map(|name| format!("`{name}`")).join(", ");
        mistakes.at(key.span().start, format!("`{}` is no part of this file; the parts are {all}", key.get_ref()));
    }
    let mut places = Places::default();
    let mut on_call = OnCall {
        roles: roles.to_vec(),
        channels: Vec::new(),
        reach: Vec::new(),
        shifts: Vec::new(),
        escalations: Vec::new(),
        quiet: single(root, "quiet", mistakes).and_then(|row| quiet(&row, mistakes)),
        calls: single(root, "calls", mistakes).map_or_else(Calls::default, |row| calls(&row, mistakes)),
        heartbeat: single(root, "heartbeat", mistakes).and_then(|row| heartbeat(&row, mistakes)),
    };
    for row in rows(root, "channel", mistakes) {
        places.channels.push(row.byte);
        on_call.channels.extend(channel(&row, mistakes));
    }
    for row in rows(root, "reach", mistakes) {
        places.reach.push(row.byte);
        on_call.reach.extend(reach(&row, roles, mistakes));
    }
    for row in rows(root, "shift", mistakes) {
        places.shifts.push(row.byte);
        on_call.shifts.extend(shift(&row, roles, mistakes));
    }
    for row in rows(root, "escalation", mistakes) {
        places.escalations.push(row.byte);
        on_call.escalations.extend(escalation(&row, roles, mistakes));
    }
    (on_call, places)
}

/// One table of the file, with where it stands.
pub(crate) struct Row<'a, 't> {
    pub(crate) table: &'a DeTable<'t>,
    pub(crate) byte: usize,
    pub(crate) name: &'static str,
}

impl<'a, 't> Row<'a, 't> {
    pub(crate) fn fields(&self) -> Fields<'a, 't> {
        Fields::new(self.table, self.byte..self.byte, self.name)
    }

    fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// The table without some of its keys, which are read by hand.
    pub(crate) fn without(&self, keys: &[&str]) -> DeTable<'t> {
        let rest = self.table.iter().filter(|(name, _)| !keys.contains(&name.get_ref().as_ref()));
        rest.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// A truth, or false when it is not there.
    pub(crate) fn flag(&self, key: &str, mistakes: &mut Mistakes<'_>) -> Option<bool> {
        let found = self.value(key)?;
        let truth = found.get_ref().as_bool();
        if truth.is_none() {
            mistakes.at(found.span().start, format!("`{key}` should be true or false, without quotes"));
        }
        truth
    }
}

/// A list of tables `[[key]]`; empty when it is not there.
fn rows<'a, 't>(root: &'a DeTable<'t>, key: &'static str, mistakes: &mut Mistakes<'_>) -> Vec<Row<'a, 't>> {
    let Some((_, value)) = root.iter().find(|(name, _)| name.get_ref() == key) else { return Vec::new() };
    let items = value.get_ref().as_array().map(|items| items.iter().collect::<Vec<_>>());
    let tables = items.unwrap_or_else(|| vec![value]);
    if tables.len() > ENTRIES_MAX {
        mistakes.at(value.span().start, format!("{} times [[{key}]]; at most {ENTRIES_MAX}", tables.len()));
        return Vec::new();
    }
    let mut rows = Vec::new();
    for item in tables {
        match item.get_ref().as_table() {
            Some(table) if value.get_ref().as_array().is_some() => {
                rows.push(Row { table, byte: item.span().start, name: key });
            }
            _ => mistakes.at(item.span().start, format!("`{key}` is a list of tables: write [[{key}]] for each")),
        }
    }
    rows
}

fn single<'a, 't>(root: &'a DeTable<'t>, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<Row<'a, 't>> {
    let (_, value) = root.iter().find(|(name, _)| name.get_ref() == key)?;
    let Some(table) = value.get_ref().as_table() else {
        mistakes.at(value.span().start, format!("`{key}` is one table: write [{key}] and its fields below"));
        return None;
    };
    Some(Row { table, byte: value.span().start, name: key })
}

fn calls(row: &Row<'_, '_>, mistakes: &mut Mistakes<'_>) -> Calls {
    let otherwise = Calls::default();
    let tell_resolved = row.flag("tell_resolved", mistakes).unwrap_or(otherwise.tell_resolved);
    let rest = row.without(&["tell_resolved"]);
    let mut fields = Fields::new(&rest, row.byte..row.byte, row.name);
    let mut bounded = |key, otherwise: Span, mistakes: &mut Mistakes<'_>| match fields.span_if(key, mistakes) {
        Some(at) if at.value > GROUP_MAX => {
            let longest = crate::words::span(GROUP_MAX);
            mistakes.at(at.byte, format!("`{key}` keeps calls back for too long; it should be at most \"{longest}\""));
            otherwise
        }
        at => at.map_or(otherwise, |at| at.value),
    };
    let group_wait = bounded("group_wait", otherwise.group_wait, mistakes);
    let group_every = bounded("group_every", otherwise.group_every, mistakes);
    let surface_after = bounded("surface_after", otherwise.surface_after, mistakes);
    let silence_reminder = fields.span_or("silence_reminder", otherwise.silence_reminder, mistakes);
    fields.finish(mistakes);
    Calls { group_wait, group_every, surface_after, silence_reminder, tell_resolved }
}

fn quiet(row: &Row<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Quiet> {
    let mut fields = row.fields();
    let from_min = clock(&mut fields, "from", mistakes);
    let to_min = clock(&mut fields, "to", mistakes);
    let at_most = fields.choice("at_most", &NIGHT_SEVERITIES, mistakes);
    fields.finish(mistakes);
    let (from, to) = (from_min?, to_min?);
    if from.value == to.value {
        mistakes.at(to.byte, "`to` is `from`: then it would always be night; as \"07:00\"");
    }
    let hours = Hours { weekdays: 127, from_min: from.value, to_min: to.value };
    Some(Quiet { hours, at_most: at_most?.value })
}

fn heartbeat(row: &Row<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Heartbeat> {
    let private = row.flag("private_network", mistakes).unwrap_or(false);
    let rest = row.without(&["private_network"]);
    let mut fields = Fields::new(&rest, row.byte..row.byte, row.name);
    let to = url(&mut fields, "url", private, mistakes);
    let fail = if fields.has("fail") { url(&mut fields, "fail", private, mistakes) } else { None };
    let every = fields.span("every", mistakes);
    if let Some(at) = every.as_ref().filter(|at| at.value < HEARTBEAT_EVERY_MIN) {
        mistakes.at(at.byte, "`every` should be at least \"10 s\"");
    }
    let secret = secret(&mut fields, mistakes).map(|at| at.value);
    fields.finish(mistakes);
    Some(Heartbeat { url: to?.value, fail: fail.map(|at| at.value), every: every?.value, secret })
}

fn reach(row: &Row<'_, '_>, roles: &[String], mistakes: &mut Mistakes<'_>) -> Option<Reach> {
    let mut fields = row.fields();
    let role = role(&mut fields, "role", roles, mistakes);
    let at_least = fields.choice("at_least", &SEVERITIES, mistakes);
    let written = fields.has("channel") || fields.has("channels");
    let channels = fields.texts("channel", "channels", mistakes);
    if !written {
        mistakes.at(row.byte, "`channels` is missing: it should be names of [[channel]], as [\"wall\"]");
    }
    fields.finish(mistakes);
    let channels: Vec<String> = channels.into_iter().map(|at| at.value).collect();
    Some(Reach { role: role?, at_least: at_least?.value, channels })
}

fn shift(row: &Row<'_, '_>, roles: &[String], mistakes: &mut Mistakes<'_>) -> Option<Shift> {
    let mut fields = row.fields();
    let whose = role(&mut fields, "role", roles, mistakes);
    let by = role(&mut fields, "by", roles, mistakes);
    let weekdays = weekdays(&mut fields, row, mistakes);
    let from = clock(&mut fields, "from", mistakes);
    let to = clock(&mut fields, "to", mistakes);
    let first = date(&mut fields, "first", mistakes);
    let last = date(&mut fields, "last", mistakes);
    fields.finish(mistakes);
    if let (Some(first), Some(last)) = (&first, &last)
        && last.value < first.value
    {
        mistakes.at(last.byte, format!("`last` is before `first`; it should be {} or later", first.value));
    }
    let hours = Hours { weekdays, from_min: from?.value, to_min: to?.value };
    Some(Shift { role: whose?, by: by?, hours, first: first.map(|at| at.value), last: last.map(|at| at.value) })
}

fn weekdays(fields: &mut Fields<'_, '_>, row: &Row<'_, '_>, mistakes: &mut Mistakes<'_>) -> u8 {
    if !fields.has("day") && !fields.has("days") {
        mistakes.at(row.byte, "`days` is missing: it should be a list, as [\"mon\", \"tue\"] or [\"every day\"]");
    }
    fields.texts("day", "days", mistakes).iter().fold(0, |bits, day| {
        let found = DAYS.iter().find(|(name, _)| *name == day.value);
        if found.is_none() {
            let all = DAYS.map(|(name, _)| format!("\"{name}\"")).join(", ");
            mistakes.at(day.byte, format!("\"{}\" is no day here; the days are {all}", day.value));
        }
        bits | found.map_or(0, |(_, day)| *day)
    })
}

fn escalation(row: &Row<'_, '_>, roles: &[String], mistakes: &mut Mistakes<'_>) -> Option<Escalation> {
    let steps = steps(row, roles, mistakes);
    let rest = row.without(&["step"]);
    let mut fields = Fields::new(&rest, row.byte..row.byte, row.name);
    let owners = fields.texts("owner", "owners", mistakes);
    let owners: Vec<String> = owners.into_iter().filter_map(|at| known_role(at, "owners", roles, mistakes)).collect();
    let at_least = fields.choice("at_least", &SEVERITIES, mistakes);
    let remind_every = fields.span_if("remind_every", mistakes);
    if let Some(at) = remind_every.as_ref().filter(|at| at.value < REMIND_EVERY_MIN) {
        mistakes.at(at.byte, "`remind_every` should be at least \"1 min\"");
    }
    fields.finish(mistakes);
    Some(Escalation { owners, at_least: at_least?.value, steps: steps?, remind_every: remind_every.map(|at| at.value) })
}

/// `step = [{ after = "0 s", roles = ["owner"] }, ..]`: the first at once, each later than the one before.
fn steps(row: &Row<'_, '_>, roles: &[String], mistakes: &mut Mistakes<'_>) -> Option<Vec<Step>> {
    let would_be = "as [{ after = \"0 s\", roles = [\"owner\"] }, { after = \"10 min\", roles = [\"duty_officer\"] }]";
    if row.value("step").is_none_or(|value| value.get_ref().as_array().is_some_and(|items| items.iter().len() == 0)) {
        mistakes.at(row.byte, format!("`step` is missing: nobody would be called; it should be a list, {would_be}"));
        return None;
    }
    let mut steps: Vec<Step> = Vec::new();
    for inner in rows(row.table, "step", mistakes) {
        let mut fields = inner.fields();
        let after = fields.span("after", mistakes);
        let named = fields.has("role") || fields.has("roles");
        let called = fields.texts("role", "roles", mistakes);
        if !named {
            mistakes.at(inner.byte, "`roles` is missing: this step would call nobody; as [\"owner\"]");
        }
        fields.finish(mistakes);
        let owner = called.iter().any(|at| at.value == OWNER);
        if let Some(first) = called.first().filter(|_| owner && called.len() > 1) {
            mistakes.at(first.byte, "`owner` stands alone in a step; call the others in a step a moment later");
        }
        let named = called.into_iter().filter(|at| at.value != OWNER);
        let roles: Vec<String> = named.filter_map(|at| known_role(at, "roles", roles, mistakes)).collect();
        let after = after?;
        match steps.last() {
            None if after.value != Span::default() => {
                mistakes.at(after.byte, "the first step should be at once: `after = \"0 s\"`");
            }
            Some(before) if after.value <= before.after => {
                let than = crate::words::span(before.after);
                mistakes.at(after.byte, format!("`after` should be longer than {than}, that of the step before"));
            }
            _ => {}
        }
        steps.push(Step { after: after.value, roles });
    }
    if steps.len() > STEPS_MAX {
        mistakes.at(row.byte, format!("{} steps; a chain has at most {STEPS_MAX}", steps.len()));
    }
    Some(steps)
}

fn role(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    roles: &[String],
    mistakes: &mut Mistakes<'_>,
) -> Option<String> {
    let at = fields.text(key, "a role of the city, as \"duty_officer\"", mistakes)?;
    known_role(at, key, roles, mistakes)
}

fn known_role(at: At<String>, key: &str, roles: &[String], mistakes: &mut Mistakes<'_>) -> Option<String> {
    if roles.contains(&at.value) {
        return Some(at.value);
    }
    let all = roles.join(", ");
    mistakes.at(at.byte, format!("\"{}\" in `{key}` is no role of this city; the roles are {all}", at.value));
    None
}

/// "18:00" as minutes after midnight.
fn clock(fields: &mut Fields<'_, '_>, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<At<u16>> {
    let at = fields.text(key, "a time on the clock, as \"18:00\"", mistakes)?;
    let read = at.value.split_once(':').and_then(|(hour, minute)| {
        let two = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (at.value.split(':').all(two) && hour < 24 && minute < 60).then_some(hour * 60 + minute)
    });
    if read.is_none() {
        mistakes.at(at.byte, format!("`{key}` is {:?}; it should be a time from \"00:00\" to \"23:59\"", at.value));
    }
    read.map(|value| At { value, byte: at.byte })
}

fn date(fields: &mut Fields<'_, '_>, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<At<Date>> {
    if !fields.has(key) {
        return None;
    }
    let at = fields.text(key, "a day in quotes, as \"2026-12-24\"", mistakes)?;
    let read = at.value.parse::<Date>().ok();
    if read.is_none() {
        mistakes.at(at.byte, format!("`{key}` is {:?}; it should be a day, as \"2026-12-24\"", at.value));
    }
    read.map(|value| At { value, byte: at.byte })
}

/// An address: `https`, or `http` where `private` allows it; a host; no user, no password, no blank.
pub(crate) fn url(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    private: bool,
    mistakes: &mut Mistakes<'_>,
) -> Option<At<Url>> {
    let at = fields.text(key, "an address, as \"https://ntfy.city.example\"", mistakes)?;
    let rest = at.value.strip_prefix("https://").or_else(|| at.value.strip_prefix("http://").filter(|_| private));
    let authority = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let message = match authority {
        None if at.value.starts_with("http://") => {
            Some("is in the clear; it should begin with https://, or the table should say `private_network = true`")
        }
        None | Some("") => Some("should be an address, as \"https://ntfy.city.example\""),
        Some(host) if host.contains('@') => {
            Some("has a user or a password in it; put that into a file and name it as `secret_file`")
        }
        Some(_) if at.value.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Some("has a blank in it; write %20 for one")
        }
        Some(_) => None,
    };
    if let Some(message) = message {
        mistakes.at(at.byte, format!("`{key}` {message}"));
        return None;
    }
    Some(At { value: Url { text: at.value, private }, byte: at.byte })
}

/// `secret_file` or `secret_env`, if one of them is there.
pub(crate) fn secret(fields: &mut Fields<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<At<Secret>> {
    for key in ["secret", "password", "token", "key"] {
        if fields.has(key) {
            let message = format!("`{key}` does not belong here: put the secret into a file and name it `secret_file`");
            mistakes.at(fields.start(), message);
        }
    }
    let mut of = |key, make: fn(String) -> Secret| {
        if !fields.has(key) {
            return None;
        }
        let at = fields.text(key, "where the secret is kept, not the secret itself", mistakes)?;
        Some(At { value: make(at.value), byte: at.byte })
    };
    let file = of("secret_file", Secret::File);
    let variable = of("secret_env", Secret::Env);
    if let (Some(_), Some(second)) = (&file, &variable) {
        mistakes.at(second.byte, "`secret_env` and `secret_file` are both there; keep one of them");
    }
    file.or(variable)
}
