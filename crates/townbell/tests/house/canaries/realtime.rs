//! GTFS-Realtime with a word in every `string` and `bytes` of the official schema, and in what no schema has.

use city::Time;

use super::Canaries;
use crate::server::{bytes, float, number};

impl Canaries {
    /// `TranslatedString`: English, which the city asks for, and another.
    fn translated(&self, at: &str) -> Vec<u8> {
        let asked = [self.text(1, &format!("{at}.text")), bytes(2, "en")];
        let other = [self.text(1, &format!("{at}.other.text")), self.text(2, &format!("{at}.other.language"))];
        let [asked, other] = [self.open(&format!("{at}.asked"), &asked), self.open(&format!("{at}.other"), &other)];
        self.open(at, &[bytes(1, asked), bytes(1, other)])
    }

    /// `TripDescriptor`; `None`: a trip that the timetable has not.
    fn trip(&self, at: &str, trip: Option<&str>) -> Vec<u8> {
        let id = trip.map_or_else(|| self.plant(&format!("{at}.trip_id")), str::to_owned);
        let modified = [
            self.text(1, &format!("{at}.modified_trip.modifications_id")),
            self.text(2, &format!("{at}.modified_trip.affected_trip_id")),
            self.text(3, &format!("{at}.modified_trip.start_time")),
            self.text(4, &format!("{at}.modified_trip.start_date")),
        ];
        let modified = self.open(&format!("{at}.modified_trip"), &modified);
        let parts = [
            bytes(1, id),
            self.text(2, &format!("{at}.start_time")),
            self.text(5, &format!("{at}.route_id")),
            number(6, 1),
        ];
        self.open(at, &[parts.concat(), bytes(7, modified)])
    }

    /// `VehicleDescriptor`: all of it is dropped.
    fn vehicle(&self, at: &str) -> Vec<u8> {
        let parts = [
            self.text(1, &format!("{at}.id")),
            self.text(2, &format!("{at}.label")),
            self.text(3, &format!("{at}.license_plate")),
            number(4, 1),
        ];
        self.open(at, &parts)
    }

    fn position(&self, at: &str, trip: Option<Vec<u8>>, now: Time) -> Vec<u8> {
        let place =
            [float(1, -30.01), float(2, -51.21), float(3, 90.0), bytes(4, 1000.5_f64.to_le_bytes()), float(5, 9.5)];
        let place = self.open(&format!("{at}.position"), &place);
        let carriage = [
            self.text(1, &format!("{at}.multi_carriage_details.id")),
            self.text(2, &format!("{at}.multi_carriage_details.label")),
            number(3, 1),
            number(5, 1),
        ];
        let carriage = self.open(&format!("{at}.multi_carriage_details"), &carriage);
        let parts = [
            trip.map(|trip| bytes(1, trip)).unwrap_or_default(),
            bytes(2, place),
            number(5, seconds(now)),
            self.text(7, &format!("{at}.stop_id")),
            bytes(8, self.vehicle(&format!("{at}.vehicle"))),
            number(9, 1),
            bytes(11, carriage),
        ];
        self.open(at, &parts)
    }

    fn entity(&self, at: &str, tag: u32, part: &[u8]) -> Vec<u8> {
        bytes(2, self.open(at, &[self.text(1, &format!("{at}.id")), bytes(tag, part)]))
    }

    fn message(&self, at: &str, entities: &[Vec<u8>], now: Time) -> Vec<u8> {
        let header = [
            self.text(1, &format!("{at}.header.gtfs_realtime_version")),
            number(3, seconds(now)),
            self.text(4, &format!("{at}.header.feed_version")),
        ];
        let header = self.open(&format!("{at}.header"), &header);
        self.open(at, &[bytes(1, header), entities.concat()])
    }

    /// Entities that no feed of ours reads: `Shape`, `Stop`, `TripModifications`.
    fn foreign_entities(&self, at: &str) -> Vec<Vec<u8>> {
        let shape =
            [self.text(1, &format!("{at}.shape.shape_id")), self.text(2, &format!("{at}.shape.encoded_polyline"))];
        let stop = |tag, name: &str| bytes(tag, self.translated(&format!("{at}.stop.{name}")));
        let text = |tag, name: &str| self.text(tag, &format!("{at}.stop.{name}"));
        let stop = [
            text(1, "stop_id"),
            stop(2, "stop_code"),
            stop(3, "stop_name"),
            stop(4, "tts_stop_name"),
            stop(5, "stop_desc"),
            text(8, "zone_id"),
            stop(9, "stop_url"),
            text(11, "parent_station"),
            text(12, "stop_timezone"),
            text(14, "level_id"),
            stop(15, "platform_code"),
        ];
        let text = |tag, name: &str| self.text(tag, &format!("{at}.trip_modifications.{name}"));
        let modification = [
            bytes(1, [number(1, 1), text(2, "start_stop_selector.stop_id")].concat()),
            bytes(2, text(2, "end_stop_selector.stop_id")),
            bytes(4, text(2, "replacement_stops.stop_id")),
            text(5, "service_alert_id"),
        ];
        let modifications = [
            bytes(1, [text(1, "selected_trips.trip_ids"), text(2, "selected_trips.shape_id")].concat()),
            text(2, "start_times"),
            text(3, "service_dates"),
            bytes(4, modification.concat()),
        ];
        vec![
            self.entity(&format!("{at}.shape"), 6, &shape.concat()),
            self.entity(&format!("{at}.stop"), 7, &stop.concat()),
            self.entity(&format!("{at}.trip_modifications"), 8, &modifications.concat()),
        ]
    }

    /// VehiclePositions: one that is taken, and one for each way to be refused.
    pub fn vehicle_positions(&self, trip: &str, now: Time) -> Vec<u8> {
        let run = |at: &str| Some(self.trip(&format!("{at}.trip"), Some(trip)));
        let dated = [run("refused.start_date").unwrap_or_default(), self.text(3, "refused.start_date.trip.start_date")];
        let taken = self.position("vehicle", run("vehicle"), now);
        let deleted = self.position("refused.deleted", run("refused.deleted"), now);
        let old = self.position("refused.old", run("refused.old"), now - city::Span::h(24 * 60));
        let unknown = self.trip("refused.unknown.trip", None);
        let mut entities = vec![
            self.entity("positions.taken", 4, &taken),
            self.entity("refused.no_trip.entity", 4, &self.position("refused.no_trip", None, now)),
            self.entity("refused.unknown.entity", 4, &self.position("refused.unknown", Some(unknown), now)),
            self.entity(
                "refused.start_date.entity",
                4,
                &self.position("refused.start_date", Some(dated.concat()), now),
            ),
            self.entity("refused.old.entity", 4, &old),
            bytes(2, [self.text(1, "refused.deleted.id"), number(2, 1), bytes(4, deleted)].concat()),
        ];
        entities.extend(self.foreign_entities("positions"));
        self.message("positions", &entities, now)
    }

    fn update(&self, at: &str, trip: Vec<u8>, stop: &str, now: Time) -> Vec<u8> {
        let event = |name: &str| self.open(&format!("{at}.{name}"), &[number(1, 120), number(2, seconds(now) + 600)]);
        let properties = [
            self.text(1, &format!("{at}.stop_time_properties.assigned_stop_id")),
            self.text(2, &format!("{at}.stop_time_properties.stop_headsign")),
        ];
        let call = [
            number(1, 1),
            bytes(2, event("arrival")),
            bytes(3, event("departure")),
            bytes(4, stop),
            bytes(6, self.open(&format!("{at}.stop_time_properties"), &properties)),
        ];
        let of_trip = ["trip_id", "start_date", "start_time", "shape_id", "trip_headsign", "trip_short_name"];
        let of_trip: Vec<Vec<u8>> =
            (1..).zip(of_trip).map(|(tag, name)| self.text(tag, &format!("{at}.trip_properties.{name}"))).collect();
        let parts = [
            bytes(1, trip),
            bytes(2, self.open(&format!("{at}.stop_time_update"), &call)),
            bytes(3, self.vehicle(&format!("{at}.vehicle"))),
            number(4, seconds(now)),
            bytes(6, self.open(&format!("{at}.trip_properties"), &of_trip)),
        ];
        self.open(at, &parts)
    }

    /// TripUpdates: one that is taken, one of an unknown trip, one at an unknown stop.
    pub fn trip_updates(&self, trip: &str, stop: &str, now: Time) -> Vec<u8> {
        let taken = self.update("trip_update", self.trip("trip_update.trip", Some(trip)), stop, now);
        let unknown = self.update("refused.update", self.trip("refused.update.trip", None), stop, now);
        let nowhere = self.plant("refused.stop.stop_time_update.stop_id");
        let lost = self.update("refused.stop", self.trip("refused.stop.trip", Some(trip)), &nowhere, now);
        let mut entities = vec![
            self.entity("updates.taken", 3, &taken),
            self.entity("refused.update.entity", 3, &unknown),
            self.entity("refused.stop.entity", 3, &lost),
        ];
        entities.extend(self.foreign_entities("updates"));
        self.message("updates", &entities, now)
    }

    fn alert(&self, at: &str, header: bool) -> Vec<u8> {
        let text = |tag, name: &str| self.text(tag, &format!("{at}.{name}"));
        let long = |tag, name: &str| bytes(tag, self.translated(&format!("{at}.{name}")));
        let trip = [
            text(1, "informed_entity.trip.trip_id"),
            text(2, "informed_entity.trip.start_time"),
            text(5, "informed_entity.trip.route_id"),
        ];
        let selector = [
            text(1, "informed_entity.agency_id"),
            text(2, "informed_entity.route_id"),
            bytes(4, self.open(&format!("{at}.informed_entity.trip"), &trip)),
            text(5, "informed_entity.stop_id"),
        ];
        let image = [
            text(1, "image.localized_image.url"),
            text(2, "image.localized_image.media_type"),
            text(3, "image.localized_image.language"),
        ];
        let image = bytes(1, self.open(&format!("{at}.image.localized_image"), &image));
        let parts = [
            bytes(1, self.open(&format!("{at}.active_period"), &[number(1, 1_700_000_000)])),
            bytes(5, self.open(&format!("{at}.informed_entity"), &selector)),
            number(6, 11),
            number(7, 4),
            long(8, "url"),
            if header { long(10, "header_text") } else { Vec::new() },
            long(11, "description_text"),
            long(12, "tts_header_text"),
            long(13, "tts_description_text"),
            bytes(15, self.open(&format!("{at}.image"), &[image])),
            long(16, "image_alternative_text"),
            long(17, "cause_detail"),
            long(18, "effect_detail"),
        ];
        self.open(at, &parts)
    }

    /// Alerts: one that is taken, one without a header.
    pub fn alerts(&self, now: Time) -> Vec<u8> {
        let mut entities = vec![
            self.entity("alerts.taken", 5, &self.alert("alert", true)),
            self.entity("refused.no_header.entity", 5, &self.alert("refused.no_header", false)),
        ];
        entities.extend(self.foreign_entities("alerts"));
        self.message("alerts", &entities, now)
    }
}

fn seconds(time: Time) -> u64 {
    u64::try_from(time.s()).expect("after 1970")
}
