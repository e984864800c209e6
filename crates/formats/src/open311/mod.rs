//! Open311 GeoReport v2: residents' requests, from `requests.xml` (the form that the standard requires) and
//! `requests.json`.
//!
//! # The line
//! A request carries what somebody wrote, where exactly, with a picture, and from some servers a name and a telephone
//! number. Read are `service_request_id`, `service_code`, `status`, `lat`, `long` and `requested_datetime`; before
//! [`decode`] returns, the position has become a cell of about 1 km and the time its hour. `description`, `address`,
//! `address_string`, `address_id`, `zipcode`, `media_url`, `first_name`, `last_name`, `email`, `phone`, `device_id`,
//! `account_id`, `status_notes` and all others have no field, and are counted as dropped.
//!
//! # What servers do otherwise
//! A value in a list of one, the list inside an object, numbers as texts and texts as numbers, `OPEN` for `open`: read.
//! An answer that is a list of errors is refused as a whole. A request without a position is refused: it could be
//! counted nowhere.

mod json;
mod xml;

use city::{GridCell, Position, Reason, RequestStatus, ServiceCode, ServiceRequest, ServiceRequestId, Tally, Time};

use crate::error::{FormatError, Place, Standard};
use crate::limits::{OPEN311_BYTES, OPEN311_REQUESTS, OPEN311_VALUE_BYTES};

/// The fields that are read.
const FIELDS: [&str; 6] = ["service_request_id", "service_code", "status", "lat", "long", "requested_datetime"];

/// Reads a list of requests, XML or JSON as its first byte says.
///
/// Refused by request: without one of its fields (`MissingField`; some servers leave out even the required ones), a
/// position that is none (`OutOfRange`), a time without a zone or out of range (`BadTime`), a status that is neither
/// open nor closed (`Unsupported`), a value longer than the limit (`TooLarge`), what is no request (`Malformed`).
pub fn decode(bytes: &[u8]) -> Result<(Vec<ServiceRequest>, Tally), FormatError> {
    let found = bytes.len() as u64;
    if found > OPEN311_BYTES {
        let (standard, at) = (Standard::Open311, Place::Document);
        return Err(FormatError::TooLarge { standard, at, unit: "bytes", most: OPEN311_BYTES, found });
    }
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let raw = if start.trim_ascii_start().first() == Some(&b'<') { xml::read(bytes)? } else { json::read(start)? };
    let mut tally = Tally::default();
    let mut requests = Vec::with_capacity(raw.len());
    for raw in raw {
        match raw.and_then(|raw| Ok((raw.request()?, raw.dropped))) {
            Ok((request, dropped)) => {
                tally.received += 1;
                tally.fields_dropped += dropped;
                requests.push(request);
            }
            Err(reason) => tally.reject(reason),
        }
    }
    Ok((requests, tally))
}

/// A request as it came: the fields of [`FIELDS`] in their order, and how many others there were.
#[derive(Default)]
struct Raw {
    values: [Option<String>; FIELDS.len()],
    dropped: u64,
}

impl Raw {
    /// Takes a field, or counts it. The first of a name wins.
    fn take(&mut self, name: &str, value: Option<&str>) -> Result<(), Reason> {
        let Some(place) = FIELDS.iter().position(|field| *field == name) else {
            self.dropped += 1;
            return Ok(());
        };
        let value = value.map(str::trim).filter(|value| !value.is_empty());
        if value.is_some_and(|value| value.len() > OPEN311_VALUE_BYTES) {
            return Err(Reason::TooLarge);
        }
        if let Some(slot) = self.values.get_mut(place).filter(|slot| slot.is_none()) {
            *slot = value.map(str::to_owned);
        }
        Ok(())
    }

    fn request(&self) -> Result<ServiceRequest, Reason> {
        let [id, code, status, latitude, longitude, requested] =
            self.values.each_ref().map(|value| value.as_deref().ok_or(Reason::MissingField));
        let degrees = |text: &str| text.parse::<f64>().map_err(|_| Reason::OutOfRange);
        let position = Position::new(degrees(longitude?)?, degrees(latitude?)?).ok_or(Reason::OutOfRange)?;
        let requested: Time = requested?.parse().map_err(|_| Reason::BadTime)?;
        let status = match status?.to_ascii_lowercase().as_str() {
            "open" => RequestStatus::Open,
            "closed" => RequestStatus::Closed,
            _ => return Err(Reason::Unsupported),
        };
        Ok(ServiceRequest {
            id: ServiceRequestId::new(id?),
            code: ServiceCode::new(code?),
            cell: GridCell::of(position),
            hour: ServiceRequest::hour_of(requested),
            status,
        })
    }
}

fn too_many(found: usize) -> FormatError {
    let (standard, at, unit) = (Standard::Open311, Place::Document, "requests");
    FormatError::TooLarge { standard, at, unit, most: OPEN311_REQUESTS as u64, found: found as u64 }
}

fn errors() -> FormatError {
    let what = "a list of errors in the place of requests";
    FormatError::Unsupported { standard: Standard::Open311, at: Place::Document, what }
}
