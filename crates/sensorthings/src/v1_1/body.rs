//! What bodies of version 1.1 call things.

use city::ObservationType;

/// Where the names of observation types are (18-088 table 12).
const OBSERVATION_TYPE: &str = "http://www.opengis.net/def/observationType/OGC-OM/2.0/";
/// `encodingType` of GeoJSON: as 18-088 table 7 has it, and as version 1.0 and most of its clients write it.
pub(crate) const GEOJSON: [&str; 2] = ["application/geo+json", "application/vnd.geo+json"];

/// Whether a member of a body is control information (`@iot.id`, `Things@iot.navigationLink`): tolerated and ignored.
pub(crate) fn is_control(name: &str) -> bool {
    name.contains("@iot.")
}

/// The observation type of a value code.
pub(crate) fn observation_type_of(code: &str) -> Option<ObservationType> {
    // Some senders write https, and mean the same.
    let code = code.strip_prefix("https").map_or_else(|| code.to_owned(), |rest| format!("http{rest}"));
    match code.strip_prefix(OBSERVATION_TYPE)? {
        "OM_Measurement" => Some(ObservationType::Measurement),
        "OM_CountObservation" => Some(ObservationType::Count),
        "OM_TruthObservation" => Some(ObservationType::Truth),
        "OM_CategoryObservation" => Some(ObservationType::Category),
        "OM_Observation" => Some(ObservationType::Any),
        _ => None,
    }
}
