//! The sandbox: no city, no feeds, no rules and nothing outbound, so that anyone can try a SensorThings client or a
//! conformance suite that invents its own observed properties.

use std::path::PathBuf;

use city::{BoundingBox, Contract, FeedId, FeedKind, Position, Span};

use super::{City, DURATION_DAYS_MAX, Feed, control_room};

/// The one feed of the sandbox: whatever is sent to `/v1.1`.
pub const SANDBOX: &str = "sandbox";

impl City {
    /// The sandbox, as a city.
    pub fn sandbox() -> Self {
        let bbox = BoundingBox { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };
        let long = Span::h(24 * DURATION_DAYS_MAX);
        let sent = Feed {
            contract: Contract {
                feed: FeedId::new(SANDBOX),
                name: "Sandbox".to_owned(),
                kind: FeedKind::SensorThings,
                owner: "whoever tries it".to_owned(),
                licence: String::new(),
                purpose: "trying a SensorThings client or a conformance suite; all of it is thrown away".to_owned(),
                beat: long,
                retention: long,
                caveat: Some("Sandbox: nothing here is of any city, and all of it is thrown away.".to_owned()),
            },
            url: None,
            folder: None,
            poll_every: None,
            timetable: None,
            services: Vec::new(),
            calendar_shift_days: 0,
        };
        Self {
            folder: PathBuf::new(),
            name: "Sandbox".to_owned(),
            zone: jiff::tz::TimeZone::UTC,
            timezone: "UTC".to_owned(),
            bbox,
            centre: Position { longitude: 0.0, latitude: 0.0 },
            languages: Vec::new(),
            roles: vec!["duty_officer".to_owned()],
            purposes: Vec::new(),
            links: Vec::new(),
            attribution: Vec::new(),
            notice: Some(
                "Sandbox: a throw-away SensorThings store. Nothing here is of any city; it is gone when it stops."
                    .to_owned(),
            ),
            public_url: None,
            places: Vec::new(),
            observed_properties: Vec::new(),
            things: Vec::new(),
            datastreams: Vec::new(),
            feeds: vec![sent, control_room()],
            depots: Vec::new(),
            mqtt: None,
            basemap: None,
            demo: None,
            rules: Vec::new(),
            oncall: None,
            not_loaded: super::NotLoaded::default(),
            sandbox: true,
        }
    }
}
