//! A unique word for every text field of every feed, and the documents of a foreign city that carry them.

#![allow(dead_code, unreachable_pub, reason = "one test file uses it")]
use std::cell::RefCell;

use city::Time;

use crate::server::{bytes, float, number, zip};

/// A word in a field.
pub struct Planted {
    /// The word: letters only, so that it passes for an id, a name and a text, and no scan stops it.
    pub word: String,
    /// The field.
    pub field: String,
}

/// All words that were planted.
#[derive(Default)]
pub struct Canaries(RefCell<Vec<Planted>>);

impl Canaries {
    /// A new word for a field.
    pub fn plant(&self, field: &str) -> String {
        let mut all = self.0.borrow_mut();
        assert!(all.iter().all(|planted| planted.field != field), "{field} is planted twice");
        let letter =
            |place: u32| char::from(b'A' + u8::try_from(all.len() / 26_usize.pow(place) % 26).expect("a letter"));
        let word = format!("CNRY{}{}{}Z", letter(2), letter(1), letter(0));
        all.push(Planted { word: word.clone(), field: field.to_owned() });
        word
    }

    /// All of them.
    pub fn all(&self) -> std::cell::Ref<'_, Vec<Planted>> {
        self.0.borrow()
    }

    fn text(&self, tag: u32, field: &str) -> Vec<u8> {
        bytes(tag, self.plant(field))
    }

    /// A message with what no schema has: the extension 1001 of New York, and an unknown field with one inside.
    fn open(&self, at: &str, parts: &[Vec<u8>]) -> Vec<u8> {
        let mut out = parts.concat();
        out.extend(self.text(1001, &format!("{at}.[1001]")));
        out.extend(bytes(8999, self.text(1, &format!("{at}.[8999].1"))));
        out
    }

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

    /// A row of a GTFS file: every column of it, and one of nobody's.
    fn table(&self, file: &str, columns: &str, known: &[(&str, &str)], lines: usize) -> String {
        let mut out = format!("{columns},{}\n", self.plant(&format!("{file}/[column]")));
        for line in 0..lines {
            let value = |column: &str| {
                let told = known.iter().find(|(name, _)| *name == column || *name == format!("{column}[{line}]"));
                let field = if line == 0 { format!("{file}/{column}") } else { format!("{file}/{column}[{line}]") };
                told.map_or_else(|| self.plant(&field), |(_, value)| (*value).to_owned())
            };
            let row: Vec<String> = columns.split(',').chain(["[column].value"]).map(value).collect();
            out += &(row.join(",") + "\n");
        }
        out
    }

    /// A GTFS zip, its one trip and its first stop: every column of the reference's files, files that nobody reads,
    /// a file of nobody's, and the zip's own comments.
    pub fn gtfs(&self) -> (Vec<u8>, String, String) {
        let id = |field: &str| self.plant(field);
        let (agency, route, service, shape) = (
            id("agency.txt/agency_id"),
            id("routes.txt/route_id"),
            id("calendar.txt/service_id"),
            id("shapes.txt/shape_id"),
        );
        let (trip, first, last) = (id("trips.txt/trip_id"), id("stops.txt/stop_id"), id("stops.txt/stop_id[1]"));
        let of_agency = [("agency_id", agency.as_str()), ("agency_timezone", "America/Sao_Paulo")];
        let at = [("stop_lat[0]", "-30.01"), ("stop_lat[1]", "-30.05"), ("stop_lon", "-51.21")];
        let stops = [&[("stop_id[0]", first.as_str()), ("stop_id[1]", last.as_str()), ("location_type", "0")], &at[..]]
            .concat();
        let days = [
            ("monday", "1"),
            ("tuesday", "1"),
            ("wednesday", "1"),
            ("thursday", "1"),
            ("friday", "1"),
            ("saturday", "1"),
            ("sunday", "1"),
        ];
        let span = [("service_id", service.as_str()), ("start_date", "20200101"), ("end_date", "20991231")];
        let runs = [
            ("route_id", route.as_str()),
            ("service_id", &service),
            ("trip_id", &trip),
            ("shape_id", &shape),
            ("direction_id", "0"),
        ];
        let calls = [
            ("trip_id", trip.as_str()),
            ("arrival_time[0]", "00:00:00"),
            ("departure_time[0]", "00:00:00"),
            ("arrival_time[1]", "24:00:00"),
            ("departure_time[1]", "24:00:00"),
            ("stop_id[0]", &first),
            ("stop_id[1]", &last),
            ("stop_sequence[0]", "1"),
            ("stop_sequence[1]", "2"),
        ];
        let line = [
            ("shape_id", shape.as_str()),
            ("shape_pt_lat[0]", "-30.01"),
            ("shape_pt_lat[1]", "-30.05"),
            ("shape_pt_lon", "-51.21"),
            ("shape_pt_sequence[0]", "1"),
            ("shape_pt_sequence[1]", "2"),
        ];
        let lines = [("route_id", route.as_str()), ("agency_id", &agency), ("route_type", "3")];
        let all = [
            (
                "agency.txt",
                "agency_id,agency_name,agency_url,agency_timezone,agency_lang,agency_phone,agency_fare_url,agency_email,cemv_support",
                &of_agency[..],
                1,
            ),
            (
                "stops.txt",
                "stop_id,stop_code,stop_name,tts_stop_name,stop_desc,stop_lat,stop_lon,zone_id,stop_url,location_type,parent_station,stop_timezone,level_id,platform_code,stop_access",
                &stops,
                2,
            ),
            (
                "routes.txt",
                "route_id,agency_id,route_short_name,route_long_name,route_desc,route_type,route_url,route_color,route_text_color,network_id",
                &lines,
                1,
            ),
            (
                "trips.txt",
                "route_id,service_id,trip_id,trip_headsign,trip_short_name,direction_id,block_id,shape_id,cars_allowed",
                &runs,
                1,
            ),
            (
                "stop_times.txt",
                "trip_id,arrival_time,departure_time,stop_id,location_group_id,location_id,stop_sequence,stop_headsign,pickup_booking_rule_id,drop_off_booking_rule_id",
                &calls,
                2,
            ),
            (
                "calendar.txt",
                "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
                &[&days[..], &span].concat(),
                1,
            ),
            ("shapes.txt", "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled", &line, 2),
            (
                "feed_info.txt",
                "feed_publisher_name,feed_publisher_url,feed_lang,default_lang,feed_version,feed_contact_email,feed_contact_url",
                &[],
                1,
            ),
            (
                "attributions.txt",
                "attribution_id,organization_name,attribution_url,attribution_email,attribution_phone",
                &[],
                1,
            ),
            (
                "translations.txt",
                "table_name,field_name,language,translation,record_id,record_sub_id,field_value",
                &[],
                1,
            ),
            ("fare_attributes.txt", "fare_id,price,currency_type,agency_id", &[], 1),
            ("levels.txt", "level_id,level_index,level_name", &[], 1),
            (
                "booking_rules.txt",
                "booking_rule_id,message,pickup_message,drop_off_message,phone_number,info_url,booking_url",
                &[],
                1,
            ),
        ];
        let mut members: Vec<(String, String)> =
            all.map(|(file, columns, known, rows)| (file.to_owned(), self.table(file, columns, known, rows))).to_vec();
        members.push((id("zip/[member].name") + ".txt", id("zip/[member]")));
        let members: Vec<(&str, &[u8])> = members.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        (zip(&members), trip, first)
    }

    /// CAP 1.2 with every element of the schema, attributes, comments, processing instructions and elements of nobody's.
    pub fn cap(&self, at: &str, identifier: &str, status: &str, now: Time) -> String {
        let w = |name: &str| self.plant(&format!("{at}/{name}"));
        let value = |tag: &str, path: &str| {
            format!("<{tag} a{}=\"{}\">{}</{tag}>", w(&format!("{path}/@name")), w(&format!("{path}/@value")), w(path))
        };
        let pair = |tag: &str, path: &str| {
            format!(
                "<{tag}><valueName>{}</valueName><value>{}</value></{tag}>",
                w(&format!("{path}/valueName")),
                w(&format!("{path}/value"))
            )
        };
        let info = |path: &str, language: &str| {
            let one = |tag: &str| value(tag, &format!("{path}/{tag}"));
            let texts: String =
                ["event", "audience", "senderName", "headline", "description", "instruction", "web", "contact"]
                    .map(one)
                    .concat();
            let resource: String = ["resourceDesc", "mimeType", "size", "uri", "derefUri", "digest"]
                .map(|tag| value(tag, &format!("{path}/resource/{tag}")))
                .concat();
            format!(
                "<info><language>{language}</language><category>{}</category><responseType>{}</responseType><urgency>{}</urgency>\
                 <severity>Severe</severity><certainty>{}</certainty>{texts}{}{}<resource>{resource}</resource><area>{}\
                 <polygon>-30.1,-51.3 -30.1,-51.1 -29.9,-51.1 -29.9,-51.3 -30.1,-51.3</polygon><polygon>{}</polygon>{}\
                 <altitude>{}</altitude><ceiling>{}</ceiling></area></info>",
                w(&format!("{path}/category")),
                w(&format!("{path}/responseType")),
                w(&format!("{path}/urgency")),
                w(&format!("{path}/certainty")),
                pair("eventCode", &format!("{path}/eventCode")),
                pair("parameter", &format!("{path}/parameter")),
                value("areaDesc", &format!("{path}/area/areaDesc")),
                w(&format!("{path}/area/polygon")),
                pair("geocode", &format!("{path}/area/geocode")),
                w(&format!("{path}/area/altitude")),
                w(&format!("{path}/area/ceiling")),
            )
        };
        let (named, bare) = (w("alert/x:[element].name"), w("alert/[element].name"));
        let head: String = ["source", "restriction", "addresses", "code", "note", "incidents"]
            .map(|tag| value(tag, &format!("alert/{tag}")))
            .concat();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><?{} {}?><!-- {} -->\
             <alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\" xmlns:x=\"http://{}/\"><identifier>{identifier}</identifier>\
             <sender>{}@{}</sender><sent>{now}</sent><status>{status}</status><msgType>Alert</msgType><scope>Public</scope>{head}\
             <references>{}@x.example,{},2024-05-01T00:00:00-03:00 {}</references>{}{}<x:{named}>{}</x:{named}><{bare}>{}</{bare}>\
             <Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><KeyInfo>{}</KeyInfo></Signature></alert><!-- {} -->",
            w("[instruction].target"),
            w("[instruction].data"),
            w("[comment]"),
            w("[namespace]"),
            w("alert/sender (before the @)"),
            w("alert/sender"),
            w("alert/references sender"),
            w("alert/references identifier"),
            w("alert/references broken"),
            info("alert/info", "en"),
            info("alert/info[other]", &w("alert/info[other]/language")),
            w("alert/x:[element]"),
            w("alert/[element]"),
            w("alert/Signature"),
            w("[comment at the end]"),
        )
    }

    /// An Atom index of messages at these addresses, with every element of RFC 4287.
    pub fn atom(&self, links: &[&str], now: Time) -> String {
        let w = |name: &str| self.plant(&format!("atom/{name}"));
        let constructs = |at: &str| {
            let one = |tag: &str| format!("<{tag}>{}</{tag}>", w(&format!("{at}/{tag}")));
            let people = ["author", "contributor"].map(|tag| {
                let of = |part: &str| format!("<{part}>{}</{part}>", w(&format!("{at}/{tag}/{part}")));
                format!("<{tag}>{}</{tag}>", ["name", "uri", "email"].map(of).concat())
            });
            let category = format!(
                "<category term=\"{}\" scheme=\"{}\" label=\"{}\"/>",
                w(&format!("{at}/category/@term")),
                w(&format!("{at}/category/@scheme")),
                w(&format!("{at}/category/@label"))
            );
            format!(
                "{}{}{category}<updated>{now}</updated>",
                people.concat(),
                ["id", "title", "rights"].map(one).concat()
            )
        };
        let entries: String = links
            .iter()
            .enumerate()
            .map(|(n, link)| {
                let at = format!("entry[{n}]");
                let summary = ["summary", "content", "published", "source"]
                    .map(|tag| format!("<{tag}>{}</{tag}>", w(&format!("{at}/{tag}"))));
                let link = format!(
                    "<link rel=\"alternate\" type=\"application/cap+xml\" title=\"{}\" href=\"{link}\"/>",
                    w(&format!("{at}/link/@title"))
                );
                format!("<entry>{}{}{link}</entry>", constructs(&at), summary.concat())
            })
            .collect();
        let of_feed = ["subtitle", "generator", "icon", "logo"]
            .map(|tag| format!("<{tag}>{}</{tag}>", w(&format!("feed/{tag}"))));
        format!(
            "<?{} x?><feed xmlns=\"http://www.w3.org/2005/Atom\"><!-- {} -->{}{}{entries}</feed>",
            w("[instruction]"),
            w("[comment]"),
            constructs("feed"),
            of_feed.concat()
        )
    }
}

fn seconds(time: Time) -> u64 {
    u64::try_from(time.s()).expect("after 1970")
}
