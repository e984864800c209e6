//! Rules from text: one TOML file each, every mistake of all files with file, line, column and what would be right.

mod asked;
mod combined;
mod events;
mod fence;
mod figure;
mod reach;
mod requests;
mod runs;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Deref;

use city::{
    Contract, Datastream, DatastreamId, FeedId, ObservedProperty, Place, Purpose, RuleId, ServiceCode, Severity, Span,
    Thing,
};
use sha2::{Digest, Sha256};
use toml::de::DeTable;

use crate::combined::Looks;
use crate::guard::Guard;
use crate::holds::{Holds, RULE_BYTES_MAX};
use crate::reader::{At, Fields, Mistakes};
use crate::rule::{Kind, Rule, SeverityStep, Unseen, Voice};

/// A rule file: its path as people know it, and its text.
#[derive(Clone, Copy, Debug)]
pub struct RuleFile<'a> {
    /// `rules/lake-will-pass-3m.toml`; the rule's id is its last part without `.toml`.
    pub path: &'a str,
    /// The TOML.
    pub text: &'a str,
}

/// What the city has, so that a rule cannot look at what is not there.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Things.
    pub things: &'a [Thing],
    /// Datastreams.
    pub datastreams: &'a [Datastream],
    /// What is observed, and from where to where its readings go.
    pub properties: &'a [ObservedProperty],
    /// Contracts of the feeds.
    pub contracts: &'a [Contract],
    /// The services whose requests a feed counts; it keeps no others.
    pub services: &'a BTreeMap<FeedId, Vec<ServiceCode>>,
    /// Places.
    pub places: &'a [Place],
    /// Roles that may own a rule.
    pub roles: &'a [String],
    /// What may be asked by whom, and why.
    pub purposes: &'a [Purpose],
}

/// A mistake in a rule file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct RuleError {
    /// The file, as it was given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// How many names a message lists before it says "and more".
const NAMED_MAX: usize = 12;
/// Steps of severity in one rule.
const SEVERITY_STEPS_MAX: usize = 8;

pub(super) const SEVERITIES: [(&str, Severity); 5] = [
    ("info", Severity::Info),
    ("minor", Severity::Minor),
    ("moderate", Severity::Moderate),
    ("severe", Severity::Severe),
    ("extreme", Severity::Extreme),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KindName {
    Threshold,
    Trend,
    Deviation,
    Anomaly,
    Rise,
    Absence,
    Warning,
    Trip,
    Zone,
    Fence,
    Headway,
    Requests,
    Combined,
}

pub(super) const KINDS: [(&str, KindName); 13] = [
    ("threshold", KindName::Threshold),
    ("trend", KindName::Trend),
    ("deviation", KindName::Deviation),
    ("anomaly", KindName::Anomaly),
    ("rise", KindName::Rise),
    ("absence", KindName::Absence),
    ("warning", KindName::Warning),
    ("trip", KindName::Trip),
    ("zone", KindName::Zone),
    ("geofence", KindName::Fence),
    ("headway", KindName::Headway),
    ("requests", KindName::Requests),
    ("combined", KindName::Combined),
];

/// What is known, with what makes it quick to ask.
pub(super) struct Town<'k> {
    known: &'k Known<'k>,
    datastreams: HashMap<u32, &'k Datastream>,
}

impl<'k> Deref for Town<'k> {
    type Target = Known<'k>;
    fn deref(&self) -> &Known<'k> {
        self.known
    }
}

/// A rule that looks at the alerts of another, and where it says so.
struct Ask {
    file: usize,
    by: RuleId,
    byte: usize,
    of: RuleId,
}

/// Reads all rule files. With a single mistake in any of them no rule is returned, and all mistakes are.
pub fn parse(files: &[RuleFile<'_>], known: &Known<'_>) -> Result<Vec<Rule>, Vec<RuleError>> {
    let town = Town { known, datastreams: known.datastreams.iter().map(|stream| (stream.id.0, stream)).collect() };
    let mut rules = Vec::new();
    let mut errors = Vec::new();
    let mut ids = BTreeSet::new();
    let mut asks = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let mut mistakes = Mistakes::new(file.path, file.text);
        let mut asked = Vec::new();
        let rule = parse_file(file, &town, &mut asked, &mut mistakes);
        if let Some(rule) = &rule
            && !ids.insert(rule.id.clone())
        {
            mistakes.at(0, format!("another file already has the rule `{}`; rename one of them", rule.id));
        }
        let by = RuleId::new(stem(file.path));
        asks.extend(asked.into_iter().map(|ask| Ask { file: at, by: by.clone(), byte: ask.byte, of: ask.value }));
        mistakes.found.sort();
        match rule.filter(|_| mistakes.found.is_empty()) {
            Some(rule) => rules.push(rule),
            None => errors.append(&mut mistakes.found),
        }
    }
    if errors.is_empty() {
        check_asks(files, &ids, &asks, BTreeMap::new(), &mut errors);
    }
    if errors.is_empty() {
        asked::check(files, &asks, &rules, &town, &mut errors);
    }
    if errors.is_empty() { Ok(rules) } else { Err(errors) }
}

/// Reads one more rule beside others that have loaded, in the place of the one of its name. The others are not read
/// again: what keeps one of their files from loading now is no mistake of this one.
///
/// # Errors
/// Every mistake in its text.
pub fn parse_beside(file: &RuleFile<'_>, others: &[Rule], known: &Known<'_>) -> Result<Rule, Vec<RuleError>> {
    let town = Town { known, datastreams: known.datastreams.iter().map(|stream| (stream.id.0, stream)).collect() };
    let by = RuleId::new(stem(file.path));
    let mut mistakes = Mistakes::new(file.path, file.text);
    let mut asked = Vec::new();
    let rule = parse_file(file, &town, &mut asked, &mut mistakes);
    if mistakes.found.is_empty() {
        let ask = |ask: At<RuleId>| Ask { file: 0, by: by.clone(), byte: ask.byte, of: ask.value };
        let asks: Vec<Ask> = asked.into_iter().map(ask).collect();
        let others = || others.iter().filter(|other| other.id != by);
        let ids = others().map(|other| other.id.clone()).chain([by.clone()]).collect();
        let asked_by_others = others().map(|other| (&other.id, other.kind.rules_asked().collect())).collect();
        let files = std::slice::from_ref(file);
        check_asks(files, &ids, &asks, asked_by_others, &mut mistakes.found);
        if mistakes.found.is_empty() {
            asked::check(files, &asks, others().chain(&rule), &town, &mut mistakes.found);
        }
    }
    mistakes.found.sort();
    rule.filter(|_| mistakes.found.is_empty()).ok_or(mistakes.found)
}

/// A rule may look at the alerts of rules that are there, and never at its own, not even by way of others.
fn check_asks<'a>(
    files: &[RuleFile<'_>],
    ids: &BTreeSet<RuleId>,
    asks: &'a [Ask],
    mut by_rule: BTreeMap<&'a RuleId, Vec<&'a RuleId>>,
    errors: &mut Vec<RuleError>,
) {
    for ask in asks {
        by_rule.entry(&ask.by).or_default().push(&ask.of);
    }
    for ask in asks {
        let Some(file) = files.get(ask.file) else { continue };
        let mut mistakes = Mistakes::new(file.path, file.text);
        if !ids.contains(&ask.of) {
            mistakes.at(ask.byte, format!("there is no rule `{}`; there are {}", ask.of, some(ids)));
        } else if leads_to(&by_rule, &ask.of, &ask.by) {
            let message =
                format!("`{}` looks at the alerts of `{}`, and so triggers itself; take this out", ask.of, ask.by);
            mistakes.at(ask.byte, message);
        }
        errors.append(&mut mistakes.found);
    }
}

/// Whether `from` is `to`, or looks at it by any way.
fn leads_to(by_rule: &BTreeMap<&RuleId, Vec<&RuleId>>, from: &RuleId, to: &RuleId) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(rule) = waiting.pop() {
        if rule == to {
            return true;
        }
        if seen.insert(rule) {
            waiting.extend(by_rule.get(rule).into_iter().flatten());
        }
    }
    false
}

/// Names for a message, not more than a person reads.
pub(super) fn some(names: impl IntoIterator<Item = impl ToString>) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    let listed = names.join(", ");
    if more == 0 { listed } else { format!("{listed} and {more} more") }
}

fn parse_file(
    file: &RuleFile<'_>,
    town: &Town<'_>,
    asks: &mut Vec<At<RuleId>>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Rule> {
    let (table, errors) = DeTable::parse_recoverable(file.text);
    for error in &errors {
        mistakes.at(error.span().map_or(0, |span| span.start), format!("not TOML: {}", error.message()));
    }
    if !errors.is_empty() {
        return None;
    }
    let mut fields = Fields::new(table.get_ref(), 0..0, "");
    let fields = &mut fields;
    let owner = fields.text("owner", "the role that answers for it, as \"water_desk\"", mistakes);
    check_owner(owner.as_ref(), town, mistakes);
    let consequence = fields.text("consequence", "what happens if nobody acts, in plain words", mistakes);
    let first_action = fields.text("first_action", "what to do first, in plain words", mistakes);
    let respond_within = fields.span("respond_within", mistakes);
    if let Some(at) = respond_within.as_ref().filter(|at| at.value == Span::default()) {
        mistakes.at(at.byte, "`respond_within` is no time at all; give the owner a time to act, as \"15 min\"");
    }
    let severity = fields.choice("severity", &SEVERITIES, mistakes);
    let purpose = fields.text("purpose", "a purpose that the city has declared, as \"flood_warning\"", mistakes);
    let guard = combined::guard(fields, town, mistakes);
    let severity_steps = severity_steps(fields, mistakes);
    let unseen = unseen(fields, mistakes);
    let damped = !fields.has("damped") || fields.flag("damped", mistakes);
    let kind_name = fields.choice("kind", &KINDS, mistakes)?.value;
    let kind = parse_kind(kind_name, fields, town, asks, mistakes);
    check_extras(kind_name, fields, mistakes);
    let rest = std::mem::replace(fields, Fields::new(table.get_ref(), 0..0, ""));
    rest.finish(mistakes);
    let kind = kind?;
    check_purpose(purpose.as_ref(), owner.as_ref(), &kind, guard.as_ref(), town, mistakes);
    check_size(&kind, mistakes);
    Some(Rule {
        id: RuleId::new(stem(file.path)),
        version: version(file.text).into(),
        file: file.path.to_owned(),
        text: file.text.to_owned(),
        owner: owner?.value.into(),
        consequence: consequence?.value.into(),
        first_action: first_action?.value.into(),
        respond_within: respond_within?.value,
        severity: severity?.value,
        purpose: purpose?.value,
        kind,
        guard,
        severity_steps,
        unseen,
        damped,
    })
}

fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.strip_suffix(".toml").unwrap_or(name)
}

/// The version of a rule: a hash of its text, 12 hexadecimal digits.
pub fn version(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn check_owner(owner: Option<&At<String>>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) {
    if let Some(owner) = owner.filter(|owner| !town.roles.contains(&owner.value)) {
        mistakes.at(owner.byte, format!("`owner` is no role of this city; the roles are {}", some(town.roles)));
    }
}

/// A rule is a query that is asked all day: its owner may ask only what its purpose allows.
fn check_purpose(
    purpose: Option<&At<String>>,
    owner: Option<&At<String>>,
    kind: &Kind,
    guard: Option<&Guard>,
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) {
    let (Some(named), Some(owner)) = (purpose, owner) else { return };
    let Some(purpose) = town.purposes.iter().find(|purpose| purpose.id == named.value) else {
        let all = some(town.purposes.iter().map(|purpose| &purpose.id));
        mistakes.at(named.byte, format!("the city has declared no purpose {:?}; there are {all}", named.value));
        return;
    };
    if !purpose.roles.contains(&owner.value) {
        let roles = some(&purpose.roles);
        let message = format!("{} may not ask for the purpose `{}`; these may: {roles}", owner.value, purpose.id);
        mistakes.at(owner.byte, message);
    }
    let asked = inputs(kind, guard, town);
    for feed in asked.iter().filter(|feed| !purpose.feeds.contains(feed)) {
        let feeds = some(&purpose.feeds);
        let message =
            format!("the feed `{feed}` may not be asked for the purpose `{}`; these may: {feeds}", purpose.id);
        mistakes.at(named.byte, message);
    }
}

/// The feeds that a rule asks.
fn inputs(kind: &Kind, guard: Option<&Guard>, town: &Town<'_>) -> BTreeSet<FeedId> {
    let of_series = |id: &DatastreamId| town.datastreams.get(&id.0).map(|stream| stream.feed.clone());
    let mut feeds: BTreeSet<FeedId> = kind.datastreams().iter().filter_map(of_series).collect();
    feeds.extend(guard.iter().flat_map(|guard| &guard.inputs).filter_map(|(_, id)| of_series(id)));
    match kind {
        Kind::Figure(on) => feeds.extend(on.figure.forecast().as_ref().and_then(of_series)),
        Kind::Rise(_) => {}
        Kind::Absence(absence) => feeds.extend(absence.of.iter().flat_map(|voice| match voice {
            Voice::Feed(feed) => vec![feed.clone()],
            Voice::Datastream(id) => of_series(id).into_iter().collect(),
            Voice::Thing(thing) => {
                let streams = town.known.datastreams.iter().filter(|stream| stream.thing == *thing);
                streams.map(|stream| stream.feed.clone()).collect()
            }
        })),
        Kind::Warning(warning) => _ = feeds.insert(warning.feed.clone()),
        Kind::Requests(requests) => _ = feeds.insert(requests.feed.clone()),
        Kind::Fence(fence) => _ = feeds.insert(fence.feed.clone()),
        Kind::Trip(_) | Kind::Zone(_) | Kind::Headway(_) => {
            feeds.extend(kind.runs().into_iter().flat_map(|(table, live)| live.iter().chain([table])).cloned());
        }
        Kind::Combined(combined) => {
            for condition in &combined.conditions {
                if let Looks::At(kind) = &condition.looks {
                    feeds.extend(inputs(kind, None, town));
                }
            }
        }
    }
    feeds
}

/// Adds up what a rule may come to hold.
fn check_size(kind: &Kind, mistakes: &mut Mistakes<'_>) {
    let bytes = Holds::of(kind).bytes();
    if bytes > RULE_BYTES_MAX {
        let (mib, max) = (bytes >> 20, RULE_BYTES_MAX >> 20);
        let message = format!(
            "this rule could come to hold {mib} MiB, and may hold {max}; take fewer series, zones or places, or a \
             tumbling window"
        );
        mistakes.at(0, message);
    }
}

fn parse_kind(
    name: KindName,
    fields: &mut Fields<'_, '_>,
    town: &Town<'_>,
    asks: &mut Vec<At<RuleId>>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Kind> {
    match name {
        KindName::Threshold | KindName::Trend | KindName::Deviation => {
            figure::rule(name, fields, town, mistakes).map(Kind::Figure)
        }
        KindName::Anomaly => figure::anomaly(fields, town, mistakes).map(Kind::Figure),
        KindName::Rise => figure::rise(fields, town, mistakes).map(Kind::Rise),
        KindName::Absence => Some(Kind::Absence(events::absence(fields, town, mistakes))),
        KindName::Warning => events::on_warning(fields, town, mistakes).map(Kind::Warning),
        KindName::Trip => events::on_trip(fields, town, mistakes).map(Kind::Trip),
        KindName::Zone => runs::on_zone(fields, town, mistakes).map(Kind::Zone),
        KindName::Fence => fence::on_fence(fields, town, mistakes).map(Kind::Fence),
        KindName::Headway => runs::on_headway(fields, town, mistakes).map(Kind::Headway),
        KindName::Requests => requests::on_requests(fields, town, mistakes).map(Kind::Requests),
        KindName::Combined => combined::combined(fields, town, asks, mistakes).map(Kind::Combined),
    }
}

/// A guard needs a figure or conditions to stand before; silence cannot be unseen.
fn check_extras(name: KindName, fields: &Fields<'_, '_>, mistakes: &mut Mistakes<'_>) {
    let on_series = matches!(
        name,
        KindName::Threshold
            | KindName::Trend
            | KindName::Deviation
            | KindName::Anomaly
            | KindName::Rise
            | KindName::Combined
    );
    if !on_series && fields.has("guard") {
        mistakes.at(fields.start(), "[guard] has no meaning with this kind of rule; take it out");
    }
    if name == KindName::Absence && fields.has("unseen") {
        let message = "[unseen] has no meaning with `absence`: silence is what it looks for; take it out";
        mistakes.at(fields.start(), message);
    }
}

/// `[[severity_after]]`: how the severity rises and falls with time.
fn severity_steps(fields: &mut Fields<'_, '_>, mistakes: &mut Mistakes<'_>) -> Vec<SeverityStep> {
    let mut steps = Vec::new();
    for mut table in fields.list("severity_after", mistakes) {
        let held = table.span_if("held", mistakes);
        let calm = table.span_if("calm", mistakes);
        let severity = table.choice("severity", &SEVERITIES, mistakes);
        let start = table.start();
        table.finish(mistakes);
        match (held, calm, severity) {
            (Some(after), None, Some(severity)) => {
                steps.push(SeverityStep { calm: false, after: after.value, severity: severity.value });
            }
            (None, Some(after), Some(severity)) => {
                steps.push(SeverityStep { calm: true, after: after.value, severity: severity.value });
            }
            (_, _, None) => {}
            _ => mistakes.at(start, "[[severity_after]] needs one of `held` and `calm`, as \"2 h\""),
        }
    }
    if steps.len() > SEVERITY_STEPS_MAX {
        mistakes.at(fields.start(), format!("at most {SEVERITY_STEPS_MAX} of [[severity_after]]"));
    }
    steps
}

/// `[unseen]`: an alert of its own when the condition cannot be seen for so long.
fn unseen(fields: &mut Fields<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Unseen> {
    let mut table = fields.table_if("unseen", mistakes)?;
    let after = table.span("after", mistakes);
    let severity = table.choice("severity", &SEVERITIES, mistakes);
    table.finish(mistakes);
    Some(Unseen { after: after?.value, severity: severity?.value })
}

pub(super) fn datastreams<'k>(
    fields: &mut Fields<'_, '_>,
    town: &Town<'k>,
    mistakes: &mut Mistakes<'_>,
) -> Vec<&'k Datastream> {
    let ids = fields.ids("datastream", "datastreams", mistakes);
    if ids.is_empty() && !fields.has("datastream") && !fields.has("datastreams") {
        mistakes.at(fields.start(), "`datastream` is missing: it should be the id of a datastream of this city");
    }
    ids.iter().filter_map(|id| datastream(id, town, mistakes)).collect()
}

pub(super) fn datastream<'k>(id: &At<u32>, town: &Town<'k>, mistakes: &mut Mistakes<'_>) -> Option<&'k Datastream> {
    let found = town.datastreams.get(&id.value).copied();
    if found.is_none() {
        let all = some(town.known.datastreams.iter().map(|s| format!("{} ({})", s.id, s.name)));
        mistakes.at(id.byte, format!("datastream {} is not there; there are {all}", id.value));
    }
    found
}
