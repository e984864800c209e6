//! `requests.xml`: `<service_requests><request>..</request></service_requests>`, in no namespace.

use city::Reason;

use super::{Raw, errors, too_many};
use crate::error::{FormatError, Place, Standard};
use crate::limits::OPEN311_REQUESTS;
use crate::xml::{self, Element, Rules};

const RULES: Rules = Rules {
    standard: Standard::Open311,
    namespaces: &[""],
    // What people wrote, and what would find them, does not even reach the tree.
    skipped: &[
        "description",
        "address",
        "address_string",
        "address_id",
        "zipcode",
        "media_url",
        "first_name",
        "last_name",
        "email",
        "phone",
        "device_id",
        "account_id",
        "status_notes",
        "service_notice",
        "agency_responsible",
        "attributes",
        "extended_attributes",
    ],
    attributes: &[],
};

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Result<Raw, Reason>>, FormatError> {
    let root = xml::parse(bytes, &RULES)?;
    match &*root.name {
        "service_requests" | "requests" => {}
        "errors" => return Err(errors()),
        _ => {
            let (standard, at) = (Standard::Open311, Place::Document);
            let (expected, found) = ("the root <service_requests>", "another element or namespace");
            return Err(FormatError::Malformed { standard, at, expected, found });
        }
    }
    if root.children.len() > OPEN311_REQUESTS {
        return Err(too_many(root.children.len()));
    }
    Ok(root.children.iter().map(request).collect())
}

fn request(element: &Element) -> Result<Raw, Reason> {
    if !["request", "service_request"].contains(&&*element.name) {
        return Err(Reason::Malformed);
    }
    let mut raw = Raw::default();
    for field in &element.children {
        // A value in a list of one, as some servers write their JSON.
        let value = field.children.first().filter(|_| field.text.trim().is_empty()).unwrap_or(field);
        raw.take(&field.name, Some(&value.text))?;
    }
    Ok(raw)
}
