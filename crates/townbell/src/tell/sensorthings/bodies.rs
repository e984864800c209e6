//! What bodies of `/v1.1` are, for the OpenAPI document: one path stands for all entity types there, so they are told
//! beside each other, each with an example that is taken.

use serde_json::{Value, json};
use utoipa::Modify;
use utoipa::openapi::path::Operation;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{OpenApi, RefOr};

/// The path whose bodies these are.
const PATH: &str = "/v1.1/{path}";

/// Puts the bodies into the document.
pub struct Bodies;

impl Modify for Bodies {
    fn modify(&self, document: &mut OpenApi) {
        let Some(path) = document.paths.paths.get_mut(PATH) else { return };
        put(path.post.as_mut(), &json!({ "application/json": created() }));
        put(path.put.as_mut(), &json!({ "application/json": changed(false) }));
        let patches = json!({
            "application/json": changed(true),
            "application/merge-patch+json": changed(true),
            "application/json-patch+json": operations(),
        });
        put(path.patch.as_mut(), &patches);
    }
}

fn put(operation: Option<&mut Operation>, content: &Value) {
    // The committed document shows it if a body here cannot be read.
    let body = serde_json::from_value::<RequestBody>(json!({ "required": true, "content": content })).ok();
    if let Some(operation) = operation {
        operation.request_body = body.map(RefOr::T);
    }
}

/// POST: an entity, a link, a data array or a batch.
fn created() -> Value {
    let entities = ENTITIES.map(|entity| entity(true));
    let all: Vec<Value> = entities.into_iter().chain([link(), data_arrays(), batch()]).collect();
    with_examples(&all)
}

/// PATCH and PUT: an entity (of a PATCH any part), or a link.
fn changed(partly: bool) -> Value {
    let entities = ENTITIES.map(|entity| entity(!partly));
    with_examples(&entities.into_iter().chain([link()]).collect::<Vec<_>>())
}

fn with_examples(schemas: &[Value]) -> Value {
    let example = |schema: &Value| Some((schema["title"].as_str()?.to_owned(), json!({ "value": schema["example"] })));
    let examples: serde_json::Map<String, Value> = schemas.iter().filter_map(example).collect();
    json!({ "schema": { "anyOf": schemas }, "examples": examples })
}

/// PATCH with a JSON Patch.
fn operations() -> Value {
    let pointer = json!({ "type": "string", "examples": ["/name"] });
    json!({ "schema": { "type": "array", "maxItems": 1_000, "items": {
            "type": "object", "required": ["op", "path"],
            "properties": { "op": { "type": "string", "enum": ["add", "remove", "replace", "move", "copy", "test"] }, "path": pointer,
                "from": pointer, "value": anything() } } },
        "example": [{ "op": "replace", "path": "/name", "value": "Weir" }] })
}

/// One entity type; with what is mandatory, or without.
type Entity = fn(bool) -> Value;
const ENTITIES: [Entity; 8] =
    [thing, location, historical_location, datastream, sensor, observed_property, feature, observation];

/// A schema of an object that has these members and no other.
fn object(title: &str, (mandatory, required): (&[&str], bool), properties: Value, example: &Value) -> Value {
    let required = if required { mandatory } else { &[] };
    let read_only = json!({ "oneOf": [{ "type": "integer", "minimum": 1 }, { "type": "null" }],
        "description": "taken as clients send it back, and not kept; so are all members with @iot. in their name" });
    let mut properties = properties;
    properties["@iot.id"] = read_only;
    json!({ "title": title, "type": "object", "required": required, "additionalProperties": false,
        "minProperties": 1, "properties": properties, "example": example })
}

fn name() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 300, "examples": ["Weir"] })
}

fn words() -> Value {
    json!({ "type": "string", "maxLength": 8_000, "examples": ["At the old mill."] })
}

/// In a city, keys that a pack declares; in the sandbox any.
fn bag() -> Value {
    json!({ "type": "object", "maxProperties": 64,
        "additionalProperties": { "oneOf": [{ "type": "string", "maxLength": 500 }, { "type": "number" }, { "type": "boolean" }] },
        "description": "in a city, keys that a pack declares" })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn links(to: &str) -> Value {
    json!({ "type": "array", "maxItems": 16, "items": reference(), "description": format!("links to {to}, or whole ones (POST)") })
}

fn reference() -> Value {
    json!({ "type": "object", "required": ["@iot.id"],
        "properties": { "@iot.id": { "oneOf": [{ "type": "integer", "minimum": 1 }, { "type": "string", "minLength": 1 }] } },
        "additionalProperties": false, "example": { "@iot.id": 1 } })
}

fn anything() -> Value {
    json!({ "type": ["object", "array", "string", "number", "boolean", "null"] })
}

fn link() -> Value {
    let mut link = reference();
    link["title"] = json!("Link");
    link
}

fn point() -> Value {
    let degrees = |most: i32| json!({ "type": "number", "minimum": -most, "maximum": most });
    json!({ "type": "object", "required": ["type", "coordinates"], "additionalProperties": false,
        "properties": { "type": { "type": "string", "enum": ["Point"] }, "coordinates": { "type": "array", "prefixItems": [degrees(180), degrees(90)],
            "items": { "type": "number" }, "minItems": 2, "maxItems": 2 } },
        "description": "any geometry of GeoJSON, or a Feature with nothing but one",
        "example": { "type": "Point", "coordinates": [-51.23, -30.03] } })
}

fn thing(whole: bool) -> Value {
    let properties = json!({ "name": name(), "description": words(), "properties": bag(),
        "Locations": links("Locations"), "Datastreams": links("Datastreams") });
    let example = json!({ "name": "Weir", "description": "At the old mill." });
    object("Thing", (&["name", "description"], whole), properties, &example)
}

fn location(whole: bool) -> Value {
    placed("Location", "location", whole)
}

fn feature(whole: bool) -> Value {
    placed("FeatureOfInterest", "feature", whole)
}

fn placed(title: &str, place: &str, whole: bool) -> Value {
    let properties = json!({ "name": name(), "description": words(), "properties": bag(),
        "encodingType": { "type": "string", "enum": ["application/geo+json", "application/vnd.geo+json"] }, place: point() });
    let example = json!({ "name": "Mill", "description": "Below it.", "encodingType": "application/geo+json",
        place: { "type": "Point", "coordinates": [-51.23, -30.03] } });
    object(title, (&["name", "description", "encodingType", place], whole), properties, &example)
}

fn historical_location(whole: bool) -> Value {
    let properties = json!({ "time": time(), "Thing": reference(), "Locations": links("Locations") });
    let example = json!({ "time": "2024-05-02T03:00:00Z", "Thing": { "@iot.id": 1 }, "Locations": [{ "@iot.id": 1 }] });
    object("HistoricalLocation", (&["time", "Thing", "Locations"], whole), properties, &example)
}

fn datastream(whole: bool) -> Value {
    let text = json!({ "type": ["string", "null"], "maxLength": 300 });
    let kinds = ["Measurement", "CountObservation", "TruthObservation", "CategoryObservation", "Observation"];
    let kinds = kinds.map(|kind| format!("http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_{kind}"));
    let properties = json!({ "name": name(), "description": words(), "properties": bag(),
        "observationType": { "type": "string", "enum": kinds }, "Thing": reference(), "Sensor": reference(), "ObservedProperty": reference(),
        "unitOfMeasurement": { "type": "object", "additionalProperties": false,
            "properties": { "name": text, "symbol": text, "definition": text } } });
    let example = json!({ "name": "Level", "description": "Of the river.",
        "observationType": kinds[0], "Thing": { "@iot.id": 1 }, "Sensor": { "@iot.id": 1 }, "ObservedProperty": { "@iot.id": 1 },
        "unitOfMeasurement": { "name": "metre", "symbol": "m", "definition": "http://unitsofmeasure.org/ucum#m" } });
    let mandatory =
        ["name", "description", "observationType", "unitOfMeasurement", "Thing", "Sensor", "ObservedProperty"];
    object("Datastream", (&mandatory, whole), properties, &example)
}

fn sensor(whole: bool) -> Value {
    let properties = json!({ "name": name(), "description": words(), "properties": bag(),
        "encodingType": name(), "metadata": words() });
    let example =
        json!({ "name": "Staff", "description": "A staff.", "encodingType": "text/plain", "metadata": "Read by eye." });
    object("Sensor", (&["name", "description", "encodingType", "metadata"], whole), properties, &example)
}

fn observed_property(whole: bool) -> Value {
    let properties = json!({ "name": name(), "description": words(), "properties": bag(), "definition": words() });
    let example = json!({ "name": "Water level", "description": "Height of the surface.",
        "definition": "http://vocabs.lter-europe.net/EnvThes/22165" });
    object("ObservedProperty", (&["name", "description", "definition"], whole), properties, &example)
}

fn observation(whole: bool) -> Value {
    let value = json!({ "oneOf": [{ "type": "number" }, { "type": "string", "maxLength": 500 }, { "type": "boolean" }],
        "description": "of the kind that the datastream's observationType says" });
    let properties = json!({ "phenomenonTime": time(), "resultTime": time(), "result": value, "resultQuality": value,
        "validTime": { "type": "string", "examples": ["2024-05-02T03:00:00Z/2024-05-02T04:00:00Z"] },
        "parameters": bag(), "Datastream": reference(), "FeatureOfInterest": reference() });
    let example = json!({ "phenomenonTime": "2024-05-02T03:00:00Z", "result": 2.5, "Datastream": { "@iot.id": 1 } });
    object("Observation", (&["result", "Datastream"], whole), properties, &example)
}

fn data_arrays() -> Value {
    let row = json!({ "type": "array", "prefixItems": [time(), { "type": "number" }], "items": { "type": "number" }, "minItems": 2, "maxItems": 2 });
    json!({ "title": "CreateObservations", "type": "array", "items": {
        "type": "object", "required": ["Datastream", "components", "dataArray"], "additionalProperties": false,
        "properties": { "Datastream": { "type": "object", "required": ["@iot.id"], "additionalProperties": false,
                "properties": { "@iot.id": { "type": "integer", "minimum": 1, "maximum": u32::MAX } } },
            "components": { "type": "array", "items": { "type": "string", "enum": ["phenomenonTime", "result"] },
                "uniqueItems": true, "minItems": 2, "maxItems": 2, "description": "or others of an Observation's members" },
            "dataArray": { "type": "array", "items": row } } },
        "example": [{ "Datastream": { "@iot.id": 1 }, "components": ["phenomenonTime", "result"],
            "dataArray": [["2024-05-02T03:15:00Z", 2.6], ["2024-05-02T03:30:00Z", 2.75]] }] })
}

fn batch() -> Value {
    let id = json!({ "type": "string", "pattern": "^[A-Za-z0-9]{1,16}$" });
    json!({ "title": "$batch", "type": "object", "required": ["requests"], "additionalProperties": false,
        "properties": { "requests": { "type": "array", "maxItems": 1_000, "items": {
            "type": "object", "required": ["id", "method", "url"], "additionalProperties": false,
            "properties": { "id": id, "method": { "type": "string", "enum": ["get", "post", "patch", "put", "delete"] },
                "url": { "type": "string" }, "body": anything(), "atomicityGroup": id,
                "headers": { "type": "object", "additionalProperties": { "type": "string" } },
                "dependsOn": { "type": "array", "items": id } } } } },
        "description": "the answer (200) has a part for each, with its own status; 424 where one that it needs failed",
        "example": { "requests": [{ "id": "1", "method": "get", "url": "Things?$top=1" }] } })
}
