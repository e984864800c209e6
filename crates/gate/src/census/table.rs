//! What every persisted field holds, why, and for how long. A person writes a line here when a field is added, and
//! somebody else reads it in the change of `privacy.lock`.

use Class::{
    Body, Code, Composite, Count, Hash, Key, Measure, OrganisationText, Place, Role, RoleText, RuleText, Time,
};
use Retention::{Alerts, Always, AsItsHolder, FeedContract, InForce, Newest};

/// What kind of thing a field holds. There is no class for a person's, and none may be added (CHARTER).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The id of a feed, thing, trip, stop, line, place, rule, alert or warning.
    Key,
    /// A value of a closed list, or an administrative code.
    Code,
    /// An instant, a span or a calendar.
    Time,
    /// A measured or computed figure.
    Measure,
    /// A position, line or polygon of a thing, an area, or a vehicle on a public trip.
    Place,
    /// How many.
    Count,
    /// A fingerprint of published bytes.
    Hash,
    /// Words of an organisation, through the scan.
    OrganisationText,
    /// Words made from the city's own rule files and figures.
    RuleText,
    /// A role of the control room, from the city's list.
    Role,
    /// A line that a role wrote, through the scan.
    RoleText,
    /// Other fields, each on a line of its own.
    Composite,
    /// Bytes of closed types, whose fields are each on a line of their own.
    Body,
}

impl Class {
    /// Its name in the lock.
    pub fn name(self) -> &'static str {
        match self {
            Key => "key",
            Code => "code",
            Time => "time",
            Measure => "measure",
            Place => "place",
            Count => "count",
            Hash => "hash",
            OrganisationText => "organisation_text",
            RuleText => "rule_text",
            Role => "role",
            RoleText => "role_text",
            Composite => "composite",
            Body => "body",
        }
    }
}

/// How long a field is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retention {
    /// As the contract of its feed says.
    FeedContract,
    /// While the timetable is in force, and older ones as the contract of their feed says.
    InForce,
    /// 400 days after the alert was resolved.
    Alerts,
    /// Overwritten by the next one; only the newest is kept.
    Newest,
    /// Counts and places in the journal, for as long as the store exists.
    Always,
    /// As long as what it is a part of.
    AsItsHolder,
}

impl Retention {
    /// Its name in the lock.
    pub fn name(self) -> &'static str {
        match self {
            FeedContract => "feed_contract",
            InForce => "in_force",
            Alerts => "400_days_after_resolved",
            Newest => "newest_only",
            Always => "always",
            AsItsHolder => "as_its_holder",
        }
    }
}

/// One line of the table.
pub(super) struct Listed {
    pub(super) path: &'static str,
    pub(super) class: Class,
    pub(super) purpose: &'static str,
    pub(super) retention: Retention,
}

const fn field(path: &'static str, class: Class, purpose: &'static str, retention: Retention) -> Listed {
    Listed { path, class, purpose, retention }
}

/// The table, sorted by path.
pub(super) const LISTED: &[Listed] = &[
    field("sql.alert.acknowledged_ms", Time, "alerts", Alerts),
    field("sql.alert.body", Body, "alerts", Alerts),
    field("sql.alert.changes", Count, "alerts", Alerts),
    field("sql.alert.episode_ms", Time, "alerts", Alerts),
    field("sql.alert.id", Key, "alerts", Alerts),
    field("sql.alert.opened_ms", Time, "alerts", Alerts),
    field("sql.alert.resolved_ms", Time, "alerts", Alerts),
    field("sql.alert.rule", Key, "alerts", Alerts),
    field("sql.alert.severity", Code, "alerts", Alerts),
    field("sql.alert.state", Code, "alerts", Alerts),
    field("sql.alert.subject", Key, "alerts", Alerts),
    field("sql.alert_change.alert", Key, "alerts", Alerts),
    field("sql.alert_change.at_ms", Time, "alerts", Alerts),
    field("sql.alert_change.body", Body, "alerts", Alerts),
    field("sql.alert_change.kind", Code, "alerts", Alerts),
    field("sql.alert_change.ordinal", Count, "alerts", Alerts),
    field("sql.alert_change.seq", Key, "alerts", Alerts),
    field("sql.datastream_latest.datastream", Key, "series", FeedContract),
    field("sql.datastream_latest.phenomenon_ms", Time, "series", FeedContract),
    field("sql.datastream_latest.received_ms", Time, "series", FeedContract),
    field("sql.datastream_latest.result", Measure, "series", FeedContract),
    field("sql.feed_account.asked_ms", Time, "account", Always),
    field("sql.feed_account.duplicate", Count, "account", Always),
    field("sql.feed_account.feed", Key, "account", Always),
    field("sql.feed_account.fields_dropped", Count, "account", Always),
    field("sql.feed_account.good_ms", Time, "account", Always),
    field("sql.feed_account.newest_ms", Time, "account", Always),
    field("sql.feed_account.received", Count, "account", Always),
    field("sql.feed_account.stored", Count, "account", Always),
    field("sql.feed_rejection.count", Count, "account", Always),
    field("sql.feed_rejection.feed", Key, "account", Always),
    field("sql.feed_rejection.reason", Code, "account", Always),
    field("sql.journal.body", Body, "journal", FeedContract),
    field("sql.journal.count", Count, "journal", FeedContract),
    field("sql.journal.feed", Key, "journal", FeedContract),
    field("sql.journal.kind", Code, "journal", FeedContract),
    field("sql.journal.received_ms", Time, "journal", FeedContract),
    field("sql.journal.seq", Key, "journal", FeedContract),
    field("sql.journal_head.only", Key, "journal", Always),
    field("sql.journal_head.received_ms", Time, "journal", Always),
    field("sql.journal_head.seq", Key, "journal", Always),
    field("sql.observation_head.datastream", Key, "series", FeedContract),
    field("sql.observation_head.phenomenon_ms", Time, "series", FeedContract),
    field("sql.observation_head.result", Measure, "series", FeedContract),
    field("sql.series_chunk.count", Count, "series", FeedContract),
    field("sql.series_chunk.datastream", Key, "series", FeedContract),
    field("sql.series_chunk.from_ms", Time, "series", FeedContract),
    field("sql.series_chunk.results", Body, "series", FeedContract),
    field("sql.series_chunk.times", Body, "series", FeedContract),
    field("sql.series_chunk.to_ms", Time, "series", FeedContract),
    field("sql.service_alert_seen.content", Hash, "inform-riders", FeedContract),
    field("sql.service_alert_seen.feed", Key, "inform-riders", FeedContract),
    field("sql.service_alert_seen.id", Key, "inform-riders", FeedContract),
    field("sql.service_alert_seen.received_ms", Time, "inform-riders", FeedContract),
    field("sql.timetable.body", Body, "timetable", InForce),
    field("sql.timetable.feed", Key, "timetable", InForce),
    field("sql.timetable.received_ms", Time, "timetable", InForce),
    field("sql.timetable.sha256", Hash, "timetable", InForce),
    field("sql.warning_seen.feed", Key, "warn-residents", FeedContract),
    field("sql.warning_seen.identifier", Key, "warn-residents", FeedContract),
    field("sql.warning_seen.received_ms", Time, "warn-residents", FeedContract),
    field("sql.warning_seen.sender", OrganisationText, "warn-residents", FeedContract),
    field("sql.warning_seen.sent_ms", Time, "warn-residents", FeedContract),
    field("sql.watch_state.at_ms", Time, "watch-resume", Newest),
    field("sql.watch_state.only", Key, "watch-resume", Newest),
    field("sql.watch_state.seq", Key, "watch-resume", Newest),
    field("sql.watch_state.snapshot", Body, "watch-resume", Newest),
    field("sql.watch_state.snapshot_at_ms", Time, "watch-resume", Newest),
    field("sql.watch_state.snapshot_seq", Key, "watch-resume", Newest),
    field("value.Acknowledgement.alert", Key, "alerts", FeedContract),
    field("value.Acknowledgement.note", RoleText, "alerts", FeedContract),
    field("value.Acknowledgement.role", Role, "alerts", FeedContract),
    field("value.Alert.acknowledged", Time, "alerts", Alerts),
    field("value.Alert.acknowledged_by", Role, "alerts", Alerts),
    field("value.Alert.blind", Composite, "alerts", Alerts),
    field("value.Alert.consequence", RuleText, "alerts", Alerts),
    field("value.Alert.datastream", Key, "alerts", Alerts),
    field("value.Alert.detail", RuleText, "alerts", Alerts),
    field("value.Alert.expected", Time, "alerts", Alerts),
    field("value.Alert.feed", Key, "alerts", Alerts),
    field("value.Alert.first_action", RuleText, "alerts", Alerts),
    field("value.Alert.id", Key, "alerts", Alerts),
    field("value.Alert.key", Composite, "alerts", Alerts),
    field("value.Alert.note", RoleText, "alerts", Alerts),
    field("value.Alert.opened", Time, "alerts", Alerts),
    field("value.Alert.owner", Role, "alerts", Alerts),
    field("value.Alert.place", Key, "alerts", Alerts),
    field("value.Alert.position", Place, "alerts", Alerts),
    field("value.Alert.resolved", Time, "alerts", Alerts),
    field("value.Alert.respond_by", Time, "alerts", Alerts),
    field("value.Alert.rule_version", Hash, "alerts", Alerts),
    field("value.Alert.severity", Code, "alerts", Alerts),
    field("value.Alert.state", Code, "alerts", Alerts),
    field("value.Alert.title", RuleText, "alerts", Alerts),
    field("value.AlertChange.alert", Composite, "alerts", Alerts),
    field("value.AlertChange.at", Time, "alerts", Alerts),
    field("value.AlertChange.kind", Code, "alerts", Alerts),
    field("value.AlertChangeKind.*", Code, "alerts", Alerts),
    field("value.AlertKey.episode", Time, "alerts", Alerts),
    field("value.AlertKey.rule", Key, "alerts", Alerts),
    field("value.AlertKey.subject", Key, "alerts", Alerts),
    field("value.AlertState.*", Code, "alerts", Alerts),
    field("value.Blindness.since", Time, "alerts", Alerts),
    field("value.Blindness.why", RuleText, "alerts", Alerts),
    field("value.FeedBeat.good", Code, "feed-health", FeedContract),
    field("value.Mode.*", Code, "timetable", InForce),
    field("value.Observation.datastream", Key, "series", FeedContract),
    field("value.Observation.phenomenon_time", Time, "series", FeedContract),
    field("value.Observation.result", Measure, "series", FeedContract),
    field("value.OccupancyClass.*", Code, "live-map", FeedContract),
    field("value.Position.latitude", Place, "live-map", AsItsHolder),
    field("value.Position.longitude", Place, "live-map", AsItsHolder),
    field("value.Record.Acknowledgement", Composite, "journal", FeedContract),
    field("value.Record.FeedBeat", Composite, "journal", FeedContract),
    field("value.Record.Observation", Composite, "journal", FeedContract),
    field("value.Record.ServiceAlert", Composite, "journal", FeedContract),
    field("value.Record.Timetable", Composite, "journal", FeedContract),
    field("value.Record.TripUpdate", Composite, "journal", FeedContract),
    field("value.Record.VehiclePosition", Composite, "journal", FeedContract),
    field("value.Record.Warning", Composite, "journal", FeedContract),
    field("value.Route.id", Key, "timetable", InForce),
    field("value.Route.long_name", OrganisationText, "timetable", InForce),
    field("value.Route.mode", Code, "timetable", InForce),
    field("value.Route.short_name", OrganisationText, "timetable", InForce),
    field("value.ScheduleRelationship.*", Code, "inform-riders", FeedContract),
    field("value.Service.added", Time, "timetable", InForce),
    field("value.Service.end", Time, "timetable", InForce),
    field("value.Service.removed", Time, "timetable", InForce),
    field("value.Service.start", Time, "timetable", InForce),
    field("value.Service.weekdays", Time, "timetable", InForce),
    field("value.ServiceAlert.cause", Code, "inform-riders", FeedContract),
    field("value.ServiceAlert.description", OrganisationText, "inform-riders", FeedContract),
    field("value.ServiceAlert.effect", Code, "inform-riders", FeedContract),
    field("value.ServiceAlert.from", Time, "inform-riders", FeedContract),
    field("value.ServiceAlert.header", OrganisationText, "inform-riders", FeedContract),
    field("value.ServiceAlert.id", Key, "inform-riders", FeedContract),
    field("value.ServiceAlert.routes", Key, "inform-riders", FeedContract),
    field("value.ServiceAlert.stops", Key, "inform-riders", FeedContract),
    field("value.ServiceAlert.trips", Key, "inform-riders", FeedContract),
    field("value.ServiceAlert.until", Time, "inform-riders", FeedContract),
    field("value.Severity.*", Code, "warn-residents", AsItsHolder),
    field("value.Stop.id", Key, "timetable", InForce),
    field("value.Stop.name", OrganisationText, "timetable", InForce),
    field("value.Stop.position", Place, "timetable", InForce),
    field("value.StopTime.arrival_s", Time, "timetable", InForce),
    field("value.StopTime.departure_s", Time, "timetable", InForce),
    field("value.StopTime.stop", Key, "timetable", InForce),
    field("value.Timetable.agency", OrganisationText, "timetable", InForce),
    field("value.Timetable.routes", Composite, "timetable", InForce),
    field("value.Timetable.services", Composite, "timetable", InForce),
    field("value.Timetable.shapes", Place, "timetable", InForce),
    field("value.Timetable.stop_times", Composite, "timetable", InForce),
    field("value.Timetable.stops", Composite, "timetable", InForce),
    field("value.Timetable.timezone", Time, "timetable", InForce),
    field("value.Timetable.trips", Composite, "timetable", InForce),
    field("value.TimetableVersion.sha256", Hash, "timetable", FeedContract),
    field("value.TimetableVersion.stops", Count, "timetable", FeedContract),
    field("value.TimetableVersion.trips", Count, "timetable", FeedContract),
    field("value.Trip.headsign", OrganisationText, "timetable", InForce),
    field("value.Trip.id", Key, "timetable", InForce),
    field("value.Trip.route", Key, "timetable", InForce),
    field("value.Trip.service", Key, "timetable", InForce),
    field("value.Trip.shape", Key, "timetable", InForce),
    field("value.Trip.stop_times_from", Key, "timetable", InForce),
    field("value.Trip.stop_times_to", Key, "timetable", InForce),
    field("value.TripKey.service_date", Time, "live-map", FeedContract),
    field("value.TripKey.trip", Key, "live-map", FeedContract),
    field("value.TripUpdate.delay_s", Measure, "inform-riders", FeedContract),
    field("value.TripUpdate.relationship", Code, "inform-riders", FeedContract),
    field("value.TripUpdate.route", Key, "inform-riders", FeedContract),
    field("value.TripUpdate.stop", Key, "inform-riders", FeedContract),
    field("value.TripUpdate.time", Time, "inform-riders", FeedContract),
    field("value.TripUpdate.trip", Composite, "inform-riders", FeedContract),
    field("value.VehiclePosition.bearing_deg", Place, "live-map", FeedContract),
    field("value.VehiclePosition.occupancy", Code, "live-map", FeedContract),
    field("value.VehiclePosition.position", Place, "live-map", FeedContract),
    field("value.VehiclePosition.route", Key, "live-map", FeedContract),
    field("value.VehiclePosition.time", Time, "live-map", FeedContract),
    field("value.VehiclePosition.trip", Composite, "live-map", FeedContract),
    field("value.Warning.areas", Composite, "warn-residents", FeedContract),
    field("value.Warning.cancels", Code, "warn-residents", FeedContract),
    field("value.Warning.certainty", Code, "warn-residents", FeedContract),
    field("value.Warning.description", OrganisationText, "warn-residents", FeedContract),
    field("value.Warning.event", OrganisationText, "warn-residents", FeedContract),
    field("value.Warning.expires", Time, "warn-residents", FeedContract),
    field("value.Warning.headline", OrganisationText, "warn-residents", FeedContract),
    field("value.Warning.identifier", Key, "warn-residents", FeedContract),
    field("value.Warning.instruction", OrganisationText, "warn-residents", FeedContract),
    field("value.Warning.onset", Time, "warn-residents", FeedContract),
    field("value.Warning.references", Key, "warn-residents", FeedContract),
    field("value.Warning.sender", OrganisationText, "warn-residents", FeedContract),
    field("value.Warning.sender_name", OrganisationText, "warn-residents", FeedContract),
    field("value.Warning.sent", Time, "warn-residents", FeedContract),
    field("value.Warning.severity", Code, "warn-residents", FeedContract),
    field("value.Warning.urgency", Code, "warn-residents", FeedContract),
    field("value.WarningArea.description", OrganisationText, "warn-residents", FeedContract),
    field("value.WarningArea.geocodes", Code, "warn-residents", FeedContract),
    field("value.WarningArea.polygons", Place, "warn-residents", FeedContract),
];
