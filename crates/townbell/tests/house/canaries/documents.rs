//! GTFS, CAP and Atom with a word in every field.

use city::Time;

use super::Canaries;
use crate::server::zip;

/// The columns that have to be what they are for the timetable to be one: a trip on every day, from midnight to midnight.
const NUMBERS: [(&str, &str); 29] = [
    ("agency_timezone", "America/Sao_Paulo"),
    ("stop_lat[0]", "-30.01"),
    ("stop_lat[1]", "-30.05"),
    ("stop_lon", "-51.21"),
    ("location_type", "0"),
    ("route_type", "3"),
    ("direction_id", "0"),
    ("monday", "1"),
    ("tuesday", "1"),
    ("wednesday", "1"),
    ("thursday", "1"),
    ("friday", "1"),
    ("saturday", "1"),
    ("sunday", "1"),
    ("start_date", "20200101"),
    ("end_date", "20991231"),
    ("arrival_time[0]", "00:00:00"),
    ("departure_time[0]", "00:00:00"),
    ("arrival_time[1]", "24:00:00"),
    ("departure_time[1]", "24:00:00"),
    ("stop_sequence[0]", "1"),
    ("stop_sequence[1]", "2"),
    ("shape_pt_lat[0]", "-30.01"),
    ("shape_pt_lat[1]", "-30.05"),
    ("shape_pt_lon", "-51.21"),
    ("shape_pt_sequence[0]", "1"),
    ("shape_pt_sequence[1]", "2"),
    ("level_index", "0"),
    ("price", "1.00"),
];

/// Files of the reference: name, columns, rows.
const TABLES: [(&str, &str, usize); 13] = [
    (
        "agency.txt",
        "agency_id,agency_name,agency_url,agency_timezone,agency_lang,agency_phone,agency_fare_url,agency_email,cemv_support",
        1,
    ),
    (
        "stops.txt",
        "stop_id,stop_code,stop_name,tts_stop_name,stop_desc,stop_lat,stop_lon,zone_id,stop_url,location_type,\
         parent_station,stop_timezone,level_id,platform_code,stop_access",
        2,
    ),
    (
        "routes.txt",
        "route_id,agency_id,route_short_name,route_long_name,route_desc,route_type,route_url,route_color,\
         route_text_color,network_id",
        1,
    ),
    (
        "trips.txt",
        "route_id,service_id,trip_id,trip_headsign,trip_short_name,direction_id,block_id,shape_id,cars_allowed",
        1,
    ),
    (
        "stop_times.txt",
        "trip_id,arrival_time,departure_time,stop_id,location_group_id,location_id,stop_sequence,stop_headsign,\
         pickup_booking_rule_id,drop_off_booking_rule_id",
        2,
    ),
    ("calendar.txt", "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date", 1),
    ("shapes.txt", "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled", 2),
    (
        "feed_info.txt",
        "feed_publisher_name,feed_publisher_url,feed_lang,default_lang,feed_version,feed_contact_email,feed_contact_url",
        1,
    ),
    ("attributions.txt", "attribution_id,organization_name,attribution_url,attribution_email,attribution_phone", 1),
    ("translations.txt", "table_name,field_name,language,translation,record_id,record_sub_id,field_value", 1),
    ("fare_attributes.txt", "fare_id,price,currency_type,agency_id", 1),
    ("levels.txt", "level_id,level_index,level_name", 1),
    (
        "booking_rules.txt",
        "booking_rule_id,message,pickup_message,drop_off_message,phone_number,info_url,booking_url",
        1,
    ),
];

impl Canaries {
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
    /// and a file of nobody's.
    pub fn gtfs(&self) -> (Vec<u8>, String, String) {
        let (agency, route) = (self.plant("agency.txt/agency_id"), self.plant("routes.txt/route_id"));
        let (service, shape) = (self.plant("calendar.txt/service_id"), self.plant("shapes.txt/shape_id"));
        let (trip, first) = (self.plant("trips.txt/trip_id"), self.plant("stops.txt/stop_id"));
        let last = self.plant("stops.txt/stop_id[1]");
        let ids = [
            ("agency_id", agency.as_str()),
            ("route_id", &route),
            ("service_id", &service),
            ("shape_id", &shape),
            ("trip_id", &trip),
            ("stop_id[0]", &first),
            ("stop_id[1]", &last),
        ];
        let known = [&ids[..], &NUMBERS].concat();
        let table =
            |(file, columns, rows): (&str, &str, usize)| (file.to_owned(), self.table(file, columns, &known, rows));
        let mut members: Vec<(String, String)> = TABLES.map(table).to_vec();
        members.push((self.plant("zip/[member].name") + ".txt", self.plant("zip/[member]")));
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
        let entries: Vec<String> = links
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
            "<?{} x?><feed xmlns=\"http://www.w3.org/2005/Atom\"><!-- {} -->{}{}{}</feed>",
            w("[instruction]"),
            w("[comment]"),
            constructs("feed"),
            of_feed.concat(),
            entries.concat()
        )
    }
}
