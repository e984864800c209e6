//! The root of the service: its sets, and what it conforms to (18-088 clause 9.2.2).

use super::{Answer, Context, JSON};
use crate::model::ENTITY_TYPES;
use crate::v1_1::text::{self, Object};

/// What the URI of every requirement begins with.
const REQUIREMENT: &str = "http://www.opengis.net/spec/iot_sensing/1.1/req/";
/// The requirements that are served in whole.
pub const CONFORMANCE: [&str; 28] = [
    "datamodel",
    "resource-path/resource-path-to-entities",
    "request-data",
    "request-data/status-code",
    "request-data/query-status-code",
    "request-data/order",
    "request-data/expand",
    "request-data/select",
    "request-data/orderby",
    "request-data/top",
    "request-data/skip",
    "request-data/count",
    "request-data/filter",
    "request-data/built-in-filter-operations",
    "request-data/built-in-query-functions",
    "request-data/pagination",
    "create-update-delete",
    "create-update-delete/create-entity",
    "create-update-delete/link-to-existing-entities",
    "create-update-delete/deep-insert",
    "create-update-delete/deep-insert-status-code",
    "create-update-delete/update-entity",
    "create-update-delete/update-entity-put",
    "create-update-delete/update-entity-jsonpatch",
    "create-update-delete/delete-entity",
    "create-update-delete/historical-location-auto-creation",
    "create-update-delete/historical-location-manual-creation",
    "data-array/data-array",
];
/// Those that are served where a broker is configured.
pub const MQTT_CONFORMANCE: [&str; 2] =
    ["create-observations-via-mqtt/observations-creation", "receive-updates-via-mqtt/receive-updates"];

/// What the root says that depends on the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Addresses of the broker (`mqtt://host:1883`); empty where none is configured, and then no MQTT requirement is
    /// listed.
    pub mqtt_endpoints: Vec<String>,
}

/// The root.
pub(crate) fn answer(context: &Context<'_>) -> Answer {
    let mut body = Vec::new();
    let mut object = Object::open(&mut body);
    text::list(object.key(&["value"]), ENTITY_TYPES, |out, entity| {
        let mut set = Object::open(out);
        text::text(set.key(&["name"]), entity.set());
        text::text(set.key(&["url"]), &format!("{}/{}", context.base, entity.set()));
        set.close();
    });
    settings(object.key(&["serverSettings"]), &context.settings.mqtt_endpoints);
    object.close();
    Answer::new(JSON, body)
}

fn settings(out: &mut Vec<u8>, mqtt_endpoints: &[String]) {
    let with_mqtt: &[&str] = if mqtt_endpoints.is_empty() { &[] } else { &MQTT_CONFORMANCE };
    let uri = |name: &str| format!("{REQUIREMENT}{name}");
    let mut settings = Object::open(out);
    text::list(settings.key(&["conformance"]), CONFORMANCE.iter().chain(with_mqtt), |out, name| {
        text::text(out, &uri(name));
    });
    for name in with_mqtt {
        let mut endpoints = Object::open(settings.key(&[REQUIREMENT, name]));
        text::list(endpoints.key(&["endpoints"]), mqtt_endpoints, |out, endpoint| text::text(out, endpoint));
        endpoints.close();
    }
    settings.close();
}
