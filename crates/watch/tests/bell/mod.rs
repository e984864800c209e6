//! A small engine around `notify`: it owns the bodies of alerts, writes marks into them, and moves a virtual clock.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use city::alert::AlertChangeKind;
use city::{
    Alert, AlertChange, AlertId, AlertKey, AlertState, DatastreamId, DeskAction, DeskActionKind, FeedId, Notification,
    NotificationReason, PlaceId, RuleId, Severity, SilenceId, Span, Time, Unreached,
};
use jiff::tz::TimeZone;
use watch::RuleFile;
use watch::notify::{Context, Effects, Event, Graph, Mark, MarkKind, OnCall, State, next_wake, parse, step};

pub const ROLES: [&str; 4] = ["water_desk", "transit_desk", "duty_officer", "emergency_manager"];

/// Everybody on one screen; severe and above walks three steps, the rest two.
pub const ON_CALL: &str = r#"
[calls]
group_wait = "60 s"
group_every = "60 s"
surface_after = "5 min"
silence_reminder = "30 min"
[[channel]]
name = "wall"
kind = "screen"
[[channel]]
name = "desks"
kind = "screen"
[[reach]]
role = "water_desk"
at_least = "info"
channel = "desks"
[[reach]]
role = "transit_desk"
at_least = "info"
channel = "desks"
[[reach]]
role = "duty_officer"
at_least = "info"
channel = "wall"
[[reach]]
role = "emergency_manager"
at_least = "info"
channels = ["wall", "desks"]
[[escalation]]
at_least = "severe"
remind_every = "4 min"
step = [
  { after = "0 s", roles = ["owner"] },
  { after = "10 min", roles = ["duty_officer"] },
  { after = "20 min", roles = ["emergency_manager"] },
]
[[escalation]]
at_least = "info"
remind_every = "30 min"
step = [{ after = "0 s", roles = ["owner"] }, { after = "1 h", roles = ["duty_officer"] }]
"#;

pub fn on_call(text: &str) -> OnCall {
    let roles = ROLES.map(str::to_owned);
    parse(RuleFile { path: "oncall.toml", text }, &roles).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

pub fn at(text: &str) -> Time {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A notification in a line: "12:01:00 opened water_desk 0 Pump 3 stands".
pub fn line(sent: &Notification) -> String {
    let clock = sent.at.to_string();
    let clock = clock.get(11..19).unwrap_or_default();
    let reason = format!("{:?}", sent.reason).to_lowercase();
    format!("{clock} {reason} {} {} {}", sent.role, sent.step, sent.title)
}

pub struct Desk {
    pub on_call: OnCall,
    pub graph: Graph,
    pub zone: TimeZone,
    pub state: State,
    pub alerts: BTreeMap<AlertId, Alert>,
    pub over: BTreeMap<AlertId, Alert>,
    pub marks: Vec<Mark>,
    pub sent: Vec<Notification>,
    pub now: Time,
    /// Written out and read back after every step.
    pub forgetful: bool,
}

impl Desk {
    pub fn new(text: &str, graph: Graph, zone: &str, now: &str) -> Self {
        Self {
            on_call: on_call(text),
            graph,
            zone: TimeZone::get(zone).unwrap_or_else(|error| panic!("{error}")),
            state: State::default(),
            alerts: BTreeMap::new(),
            over: BTreeMap::new(),
            marks: Vec::new(),
            sent: Vec::new(),
            now: at(now),
            forgetful: false,
        }
    }

    /// At noon in UTC, without links.
    pub fn plain() -> Self {
        Self::new(ON_CALL, Graph::default(), "UTC", "2026-05-04T12:00:00Z")
    }

    pub fn step(&mut self, event: &Event<'_>) -> Effects {
        let context = Context { on_call: &self.on_call, graph: &self.graph, timezone: &self.zone };
        let effects = step(&mut self.state, &context, event, self.now);
        for mark in &effects.marks {
            self.write(mark);
        }
        self.marks.extend(effects.marks.iter().cloned());
        self.sent.extend(effects.notifications.iter().cloned());
        if self.forgetful {
            let bytes = postcard::to_stdvec(&self.state).unwrap_or_else(|error| panic!("{error}"));
            let back: State = postcard::from_bytes(&bytes).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(back, self.state);
            self.state = back;
        }
        effects
    }

    fn write(&mut self, mark: &Mark) {
        let Some(alert) = self.alerts.get_mut(&mark.alert) else { panic!("{mark:?} is on no open alert") };
        match &mark.what {
            MarkKind::Hidden { cause } => alert.cause = Some(cause.clone()),
            MarkKind::Surfaced => alert.cause = None,
            MarkKind::Hides(count) => alert.hides = *count,
            MarkKind::Silenced { by } => alert.silenced_by = Some(by.clone()),
            MarkKind::Unsilenced => alert.silenced_by = None,
            MarkKind::Woken => alert.snoozed_until = None,
            MarkKind::Escalated { .. } | MarkKind::Unreached { .. } => {}
        }
    }

    pub fn change(&mut self, kind: AlertChangeKind, alert: Alert, by: Option<&str>) -> Effects {
        let change =
            AlertChange { at: self.now, kind, alert: alert.clone().into(), by: by.map(str::to_owned), words: None };
        if kind == AlertChangeKind::Resolved {
            self.alerts.remove(&change.alert.id);
            self.over.insert(change.alert.id.clone(), alert);
        } else {
            self.alerts.insert(change.alert.id.clone(), alert);
        }
        self.step(&Event::Change(&change))
    }

    pub fn open(&mut self, rule: &str, subject: &str, severity: Severity) -> AlertId {
        self.open_by(rule, subject, severity, "water_desk")
    }

    pub fn open_by(&mut self, rule: &str, subject: &str, severity: Severity, owner: &str) -> AlertId {
        let alert = alert(rule, subject, severity, owner, self.now);
        let id = alert.id.clone();
        self.change(AlertChangeKind::Opened, alert, None);
        id
    }

    pub fn body(&self, id: &AlertId) -> Alert {
        self.alerts.get(id).cloned().unwrap_or_else(|| panic!("{id} is not open"))
    }

    pub fn acknowledge(&mut self, id: &AlertId, by: &str) {
        let mut alert = self.body(id);
        alert.state = AlertState::Acknowledged;
        alert.acknowledged_by = Some(by.to_owned());
        self.change(AlertChangeKind::Acknowledged, alert, Some(by));
    }

    pub fn resolve(&mut self, id: &AlertId) {
        let mut alert = self.body(id);
        alert.state = AlertState::Resolved;
        self.change(AlertChangeKind::Resolved, alert, None);
    }

    pub fn severity(&mut self, id: &AlertId, severity: Severity) {
        let mut alert = self.body(id);
        alert.severity = severity;
        self.change(AlertChangeKind::Updated, alert, None);
    }

    pub fn assign(&mut self, id: &AlertId, to: &str, by: &str) {
        let mut alert = self.body(id);
        alert.assigned_to = Some(to.to_owned());
        self.change(AlertChangeKind::Assigned, alert, Some(by));
    }

    pub fn snooze(&mut self, id: &AlertId, until: Time) {
        let mut alert = self.body(id);
        alert.snoozed_until = Some(until);
        self.change(AlertChangeKind::Snoozed, alert, Some("water_desk"));
    }

    pub fn act(&mut self, role: &str, what: DeskActionKind) -> Effects {
        let action = DeskAction { role: role.to_owned(), what };
        self.step(&Event::Action(&action))
    }

    /// A call did not get through.
    pub fn unreached(&mut self, call: &Notification) {
        let (key, role, channel) = (call.key.clone(), call.role.clone(), call.channel.clone());
        self.step(&Event::Unreached(&Unreached { key, role, channel, refused: true, tries: 1 }));
    }

    pub fn end_silence(&mut self, id: &str) {
        self.act("water_desk", DeskActionKind::EndSilence { silence: SilenceId::new(id) });
    }

    pub fn wake(&self) -> Option<Time> {
        let context = Context { on_call: &self.on_call, graph: &self.graph, timezone: &self.zone };
        next_wake(&self.state, &context, self.now)
    }

    /// Moves the clock, with a tick at each instant of the grid of ten seconds.
    pub fn pass(&mut self, span: Span) {
        let end = self.now + span;
        let mut tick = self.now.floor(Span::s(10)) + Span::s(10);
        while tick <= end {
            self.now = tick;
            self.step(&Event::Tick);
            tick = tick + Span::s(10);
        }
        self.now = end;
    }

    pub fn pass_to(&mut self, time: &str) {
        let span = at(time).since(self.now);
        self.pass(span);
    }

    pub fn lines(&self) -> Vec<String> {
        self.sent.iter().map(line).collect()
    }

    /// What was sent since it was asked last.
    pub fn heard(&mut self) -> Vec<String> {
        let lines = self.lines();
        self.sent.clear();
        lines
    }
}

pub fn alert(rule: &str, subject: &str, severity: Severity, owner: &str, now: Time) -> Alert {
    let key = AlertKey { rule: RuleId::new(rule), subject: subject.to_owned(), episode: now };
    let (kind, name) = subject.split_once(':').unwrap_or_default();
    let number = name.parse::<u32>().ok();
    Alert {
        id: key.id(),
        key,
        rule_version: "0123456789ab".into(),
        state: AlertState::Open,
        severity,
        title: format!("{rule} on {subject}"),
        detail: "2.41 m, rising 5 cm an hour.".into(),
        consequence: "The quay floods.".into(),
        first_action: "Close the gates.".into(),
        owner: owner.into(),
        opened: now,
        respond_by: now + Span::min(15),
        acknowledged: None,
        acknowledged_by: None,
        note: None,
        assigned_to: None,
        snoozed_until: None,
        flapping: false,
        cause: None,
        hides: 0,
        silenced_by: None,
        late: 0,
        resolved: None,
        expected: None,
        blind: None,
        datastream: number.filter(|_| kind == "datastream").map(DatastreamId),
        feed: (kind == "feed").then(|| FeedId::new(name)),
        place: (kind == "place").then(|| PlaceId::new(name)),
        position: None,
    }
}

/// How many notifications were for a reason.
pub fn count(sent: &[Notification], reason: NotificationReason) -> usize {
    sent.iter().filter(|sent| sent.reason == reason).count()
}
