//! `/metrics` in the Prometheus text format 0.0.4. One table of names; nothing else is exposed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::App;
use super::views::{FeedStatus, StateView};
use crate::mqtt::{Account, Link, Status};
use crate::notify::Count;

/// `GET /metrics`
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "Prometheus text format", content_type = "text/plain")))]
pub async fn metrics(State(app): State<App>) -> Response {
    let state = app.picture().state();
    let text = render(&app, &state);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

struct Page(String);

impl Page {
    fn metric(&mut self, name: &str, kind: &str, help: &str, rows: impl IntoIterator<Item = (String, f64)>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP townbell_{name} {help}\n# TYPE townbell_{name} {kind}");
        for (labels, value) in rows {
            let _ = writeln!(self.0, "townbell_{name}{labels} {value}");
        }
    }
}

/// The counts of [`Account`], each under its own name, and the state of the link. Absent in a city without a broker.
fn broker(page: &mut Page, status: &Status) {
    let (connected, since) = match status.link {
        Link::Connected { since } => (1.0, since),
        Link::Silent { since, .. } => (0.0, since),
    };
    let one = |value: f64| [(String::new(), value)];
    page.metric("mqtt_connected", "gauge", "1 while the broker is there.", one(connected));
    let help = "When the broker welcomed us, or was lost; seconds since 1970.";
    page.metric("mqtt_link_since_seconds", "gauge", help, one(since.s() as f64));
    let Account { received, created, duplicate, refused, echo, postponed, published, turned_away, dropped } =
        &status.account;
    let counts = [
        ("received", received, "Messages that came and were settled: created + duplicate + refused + echo."),
        ("created", created, "Messages whose observation is on the disk."),
        ("duplicate", duplicate, "Messages whose observation was there already."),
        ("echo", echo, "Messages of our own that came back and were passed over."),
        ("postponed", postponed, "Times that a message had to wait because the store could not take it."),
        ("published", published, "Messages that the broker acknowledged."),
        ("turned_away", turned_away, "Messages that the broker did not take."),
        ("dropped", dropped, "Updates not told because the broker was slow or away; they are stored."),
    ];
    for (name, count, help) in counts {
        page.metric(&format!("mqtt_{name}_total"), "counter", help, one(*count as f64));
    }
    let refused = refused.iter().map(|(reason, count)| (format!("{{reason=\"{}\"}}", reason.name()), *count as f64));
    page.metric("mqtt_refused_total", "counter", "Messages refused and acknowledged, by reason.", refused);
}

/// What became of calls, by kind of channel: a name could tell whose desk it is. Absent where nobody is called.
fn calls(page: &mut Page, counts: &[Count]) {
    let mut by_kind: BTreeMap<&str, [u64; 5]> = BTreeMap::new();
    for count in counts {
        let sums = by_kind.entry(count.kind).or_default();
        let cut_off = u64::from(count.is_cut_off());
        for (sum, of) in
            sums.iter_mut().zip([count.delivered, count.tried_again, count.given_up, count.unreached, cut_off])
        {
            *sum += of;
        }
    }
    if by_kind.is_empty() {
        return;
    }
    let outcomes = ["delivered", "tried_again", "given_up"];
    let rows = by_kind.iter().flat_map(|(kind, sums)| {
        let row =
            move |(outcome, sum): (&str, &u64)| (format!("{{kind=\"{kind}\",outcome=\"{outcome}\"}}"), *sum as f64);
        outcomes.into_iter().zip(sums).map(row)
    });
    page.metric("call_attempts_total", "counter", "Attempts to call a role, by kind of channel and outcome.", rows);
    let of = |at: usize| by_kind.iter().map(move |(kind, sums)| (format!("{{kind=\"{kind}\"}}"), sums[at] as f64));
    let help = "Calls that did not get through soon enough for the next role to wait.";
    page.metric("calls_unreached_total", "counter", help, of(3));
    page.metric("channels_cut_off", "gauge", "Channels whose newest call did not get through.", of(4));
}

fn render(app: &App, state: &StateView) -> String {
    let mut page = Page(String::new());
    let one = |value: f64| [(String::new(), value)];
    let feeds = |value: fn(&super::views::FeedState) -> f64| {
        state.feeds.iter().map(move |feed| (format!("{{feed=\"{}\"}}", feed.id), value(feed))).collect::<Vec<_>>()
    };
    page.metric("up", "gauge", "1 while the desk takes records.", one(f64::from(u8::from(!app.desk().failed()))));
    page.metric(
        "uptime_seconds",
        "counter",
        "Seconds that this process has run.",
        one(app.running.elapsed().as_secs_f64()),
    );
    page.metric("city_time_seconds", "gauge", "The city's time, seconds since 1970.", one(state.now.s() as f64));
    page.metric("journal_entries_total", "counter", "Entries in the journal.", one(state.journal_seq as f64));
    page.metric("feed_received_total", "counter", "Entities received, by feed.", feeds(|f| f.tally.received as f64));
    page.metric("feed_stored_total", "counter", "Entities stored, by feed.", feeds(|f| f.tally.stored as f64));
    page.metric(
        "feed_duplicate_total",
        "counter",
        "Entities that were there already, by feed.",
        feeds(|f| f.tally.duplicate as f64),
    );
    let rejected = state.feeds.iter().flat_map(|feed| {
        let of = |(reason, count): (&city::Reason, &u64)| {
            (format!("{{feed=\"{}\",reason=\"{}\"}}", feed.id, reason.name()), *count as f64)
        };
        feed.tally.rejected.iter().map(of).collect::<Vec<_>>()
    });
    page.metric("feed_rejected_total", "counter", "Entities refused, by feed and reason.", rejected);
    page.metric(
        "feed_fields_dropped_total",
        "counter",
        "Fields dropped at the door, by feed.",
        feeds(|f| f.tally.fields_dropped as f64),
    );
    if let Some(status) = app.broker_status() {
        broker(&mut page, &status);
    }
    let silent = feeds(|f| f64::from(u8::from(f.status == FeedStatus::Silent)));
    page.metric("feed_silent", "gauge", "1 while a feed is past its beat.", silent);
    page.metric(
        "feed_lag_seconds",
        "gauge",
        "Age of a feed's newest news when it came.",
        feeds(|f| f.lag_s.unwrap_or_default() as f64),
    );
    let states = [("open", city::AlertState::Open), ("acknowledged", city::AlertState::Acknowledged)];
    let alerts = states.map(|(name, wanted)| {
        let count = state.alerts.iter().filter(|alert| alert.state == wanted).count();
        (format!("{{state=\"{name}\"}}"), count as f64)
    });
    page.metric("alerts", "gauge", "Alerts that stand, by state.", alerts);
    page.metric("rules", "gauge", "Rules in force.", one(app.rulebook.rules().len() as f64));
    let help = "Mistakes that keep the rules' folder from loading; the rules before stay in force.";
    page.metric("rules_mistakes", "gauge", help, one(app.rulebook.mistakes().len() as f64));
    calls(&mut page, &app.called.counts());
    page.metric("vehicles", "gauge", "Public vehicles in service.", one(state.vehicles.len() as f64));
    page.metric(
        "warnings_in_force",
        "gauge",
        "Official warnings in force.",
        one(state.warnings.iter().filter(|w| w.in_force).count() as f64),
    );
    page.metric("live_listeners", "gauge", "Browsers on /api/live.", one(app.live.listening() as f64));
    page.metric("live_events_total", "counter", "Live events sent.", one(app.live.newest() as f64));
    page.0
}
