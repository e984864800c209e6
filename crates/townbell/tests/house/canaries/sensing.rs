//! Stations as a client of SensorThings sends them, a word in every text.

use serde_json::{Value, json};

use super::Canaries;

/// The texts of stations that may be kept, and why. All of them are free text of whoever runs the station: the scan
/// stops numbers and addresses in them; a name it cannot know.
pub const KEPT_OF_STATIONS: [(&str, &str); 14] = [
    ("station.Thing.name", "what the city calls its station"),
    ("station.Thing.description", "what the city says of its station"),
    ("station.Location.name", "where it stands"),
    ("station.Location.description", "where it stands"),
    ("station.Datastream.name", "what is measured"),
    ("station.Datastream.description", "what is measured"),
    ("station.unit.name", "in what it is measured"),
    ("station.unit.definition", "in what it is measured"),
    ("station.Sensor.name", "with what it is measured"),
    ("station.Sensor.description", "with what it is measured"),
    ("station.Sensor.encodingType", "the form of the sensor's data sheet"),
    ("station.Sensor.metadata", "the sensor's data sheet"),
    ("feature.name", "a registered place that is observed"),
    ("feature.description", "a registered place that is observed"),
];

/// Where the gauge of the city's configuration stands.
fn place() -> Value {
    json!({ "type": "Point", "coordinates": [-51.2, -30.0] })
}

impl Canaries {
    /// A deep insert that a city takes. What is read-only, and what the pack says of its observed property, is not kept.
    pub fn station(&self) -> Value {
        let w = |name: &str| self.plant(&format!("station.{name}"));
        json!({
            "name": w("Thing.name"), "description": w("Thing.description"), "@iot.selfLink": w("Thing.@iot.selfLink"),
            "Datastreams@iot.navigationLink": w("Thing.Datastreams@iot.navigationLink"),
            "Locations": [{
                "name": w("Location.name"), "description": w("Location.description"),
                "encodingType": "application/geo+json", "location": place(), "@iot.selfLink": w("Location.@iot.selfLink")
            }],
            "Datastreams": [{
                "name": w("Datastream.name"), "description": w("Datastream.description"),
                "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
                "unitOfMeasurement": { "name": w("unit.name"), "symbol": "m", "definition": w("unit.definition") },
                "phenomenonTime": w("Datastream.phenomenonTime"), "resultTime": w("Datastream.resultTime"),
                "observedArea": { "type": w("Datastream.observedArea") },
                "Sensor": {
                    "name": w("Sensor.name"), "description": w("Sensor.description"),
                    "encodingType": w("Sensor.encodingType"), "metadata": w("Sensor.metadata")
                },
                "ObservedProperty": {
                    "name": w("ObservedProperty.name"), "description": w("ObservedProperty.description"),
                    "definition": "http://vocabs.lter-europe.net/EnvThes/22165"
                }
            }]
        })
    }

    /// A feature of interest that a city takes: a registered place.
    pub fn feature(&self) -> Value {
        let w = |name: &str| self.plant(&format!("feature.{name}"));
        json!({ "name": w("name"), "description": w("description"), "encodingType": "application/geo+json", "feature": place() })
    }

    /// What a city refuses, each for one word.
    pub fn refused_stations(&self) -> Vec<(&'static str, Value)> {
        let w = |name: &str| self.plant(&format!("refused.station.{name}"));
        let with = |of: &str, member: &str, value: Value| {
            let mut body = json!({ "name": w(&format!("{of}.name")), "description": w(&format!("{of}.description")) });
            body[member] = value;
            body
        };
        let located = |of: &str, location: Value| {
            let mut body = with(of, "location", location);
            body["encodingType"] = json!("application/geo+json");
            body
        };
        let mut encoded = located("encoding", place());
        encoded["encodingType"] = json!(w("encodingType"));
        let mut owned = json!({ "type": "Feature", "geometry": place() });
        owned["properties"] = json!({ "owner": w("Feature.properties") });
        let property = json!({ "name": w("property.name"), "description": w("property.description"), "definition": w("property.definition") });
        let unit = json!({ "unitOfMeasurement": { "symbol": w("unit.symbol") } });
        let quality = json!({ "result": 1.5, "resultQuality": w("resultQuality") });
        let address = json!({ "description": format!("{}@example.org", w("address")) });
        vec![
            ("POST /v1.1/Things", with("bag", "properties", json!({ w("properties.[key]"): w("properties") }))),
            ("POST /v1.1/Things", with("member", &w("[key]"), json!(w("[value]")))),
            ("POST /v1.1/Things", with("id", "@iot.id", json!(w("@iot.id")))),
            ("POST /v1.1/Locations", located("owned", owned)),
            (
                "POST /v1.1/Locations",
                located("nowhere", json!({ "type": w("location.type"), "coordinates": [w("coordinates")] })),
            ),
            ("POST /v1.1/Locations", encoded),
            (
                "POST /v1.1/Sensors",
                with("sensor", "encodingType", json!({ w("sensor.[key]"): w("sensor.encodingType") })),
            ),
            ("POST /v1.1/ObservedProperties", property),
            ("POST /v1.1/Datastreams(2)/Observations", quality),
            ("PATCH /v1.1/Datastreams(2)", unit),
            ("PATCH /v1.1/Datastreams(2)", address),
        ]
    }
}
