//! CAP in.

use city::{Reason, Severity, Tally, Time};

use super::{CapAlert, CapArea, CapInfo, Category, Certainty, Geocode, MessageType, Reference, Urgency, geometry};
use crate::error::{FormatError, Place, Standard};
use crate::language;
use crate::limits::{CAP_ALERTS, CAP_AREAS, CAP_GEOCODES, CAP_POLYGONS, CAP_REFERENCES};
use crate::xml::{self, Element, Rules};

const RULES: Rules = Rules {
    standard: Standard::Cap,
    namespaces: &[
        "urn:oasis:names:tc:emergency:cap:1.2",
        "urn:oasis:names:tc:emergency:cap:1.1",
        "http://www.w3.org/2000/09/xmldsig#",
    ],
    skipped: &["Signature", "contact", "resource", "parameter", "note", "addresses", "restriction"],
    attributes: &[],
};

const ALERT_KEPT: &[&str] = &["identifier", "sender", "sent", "status", "msgType", "scope", "references", "info"];
const INFO_KEPT: &[&str] = &[
    "language",
    "category",
    "event",
    "urgency",
    "severity",
    "certainty",
    "effective",
    "onset",
    "expires",
    "senderName",
    "headline",
    "description",
    "instruction",
    "area",
];
const AREA_KEPT: &[&str] = &["areaDesc", "polygon", "circle", "geocode"];

/// Reads a CAP message, or a list of them (root `alerts`). `languages`: BCP 47 tags, the best first.
///
/// Refused by message: not Actual or not Public (`NotActual`); without identifier, sender, sent, status, an event, or
/// an `info` where it is no Cancel, and a Cancel that names nothing to cancel (`MissingField`); ids with spaces,
/// commas, `<` or `&` (`BadId`); times without a zone or that cannot be (`BadTime`); Ack and Error (`Unsupported`);
/// more areas, rings or references than the limits (`TooLarge`). A polygon that is not a closed ring is dropped and
/// counted, and its area kept: the description and the geocodes still say where. Codes of urgency, severity and
/// certainty that are not on the list read as Unknown, for a warning with a slip is better than none.
pub fn decode(bytes: &[u8], languages: &[&str]) -> Result<(Vec<CapAlert>, Tally), FormatError> {
    let root = xml::parse(bytes, &RULES)?;
    let messages = match &*root.name {
        "alert" => vec![&root],
        "alerts" => root.all("alert").collect(),
        _ => {
            let (expected, found) = ("the root <alert> of CAP 1.2 or 1.1", "another element or namespace");
            return Err(FormatError::Malformed { standard: Standard::Cap, at: Place::Document, expected, found });
        }
    };
    if messages.len() > CAP_ALERTS {
        let (standard, at, unit) = (Standard::Cap, Place::Document, "messages");
        let (most, found) = (CAP_ALERTS as u64, messages.len() as u64);
        return Err(FormatError::TooLarge { standard, at, unit, most, found });
    }
    let mut tally = Tally::default();
    let mut alerts = Vec::with_capacity(messages.len());
    for message in messages {
        let mut dropped = 0;
        match alert(message, languages, &mut dropped) {
            Ok(alert) => {
                tally.received += 1;
                tally.fields_dropped += dropped;
                alerts.push(alert);
            }
            Err(reason) => tally.reject(reason),
        }
    }
    Ok((alerts, tally))
}

fn alert(message: &Element, languages: &[&str], dropped: &mut u64) -> Result<CapAlert, Reason> {
    let required = |name| message.text_of(name).ok_or(Reason::MissingField);
    if required("status")? != "Actual" || required("scope")? != "Public" {
        return Err(Reason::NotActual);
    }
    let kind = MessageType::of(required("msgType")?).ok_or(Reason::Unsupported)?;
    let references = references(message.text_of("references").unwrap_or_default(), dropped)?;
    if kind == MessageType::Cancel && references.is_empty() {
        return Err(Reason::MissingField);
    }
    let blocks: Vec<&Element> = message.all("info").collect();
    let best = language::choose(&blocks.iter().map(|block| block.text_of("language")), languages);
    let info = best.and_then(|best| blocks.get(best)).map(|block| info(block, dropped)).transpose()?;
    if kind != MessageType::Cancel && info.is_none() {
        return Err(Reason::MissingField);
    }
    count_dropped(message, ALERT_KEPT, dropped);
    Ok(CapAlert {
        identifier: id(required("identifier")?)?,
        sender: id(required("sender")?)?,
        sent: time(required("sent")?)?,
        message: kind,
        references,
        info,
    })
}

/// "MUST NOT include spaces, commas or restricted characters (< and &)" (CAP 1.2, section 3.2.1).
fn id(text: &str) -> Result<String, Reason> {
    let broken = text.contains(|c: char| c.is_whitespace() || matches!(c, ',' | '<' | '&'));
    if broken { Err(Reason::BadId) } else { Ok(text.to_owned()) }
}

/// Triples "sender,identifier,sent" between white space; one that is none is dropped.
fn references(text: &str, dropped: &mut u64) -> Result<Vec<Reference>, Reason> {
    let mut all = Vec::new();
    for triple in text.split_whitespace() {
        match triple.split(',').collect::<Vec<_>>().as_slice() {
            [sender, identifier, sent] if !sender.is_empty() && !identifier.is_empty() => all.push(Reference {
                sender: (*sender).to_owned(),
                identifier: (*identifier).to_owned(),
                sent: time(sent).ok(),
            }),
            _ => *dropped += 1,
        }
        if all.len() > CAP_REFERENCES {
            return Err(Reason::TooLarge);
        }
    }
    Ok(all)
}

fn info(block: &Element, dropped: &mut u64) -> Result<CapInfo, Reason> {
    let line = |name| one_line(block.text_of(name).unwrap_or_default());
    let text = |name| tidy(block.text_of(name).unwrap_or_default());
    let instant = |name| block.text_of(name).map(time).transpose();
    let event = line("event");
    if event.is_empty() {
        return Err(Reason::MissingField);
    }
    if block.all("area").count() > CAP_AREAS {
        return Err(Reason::TooLarge);
    }
    count_dropped(block, INFO_KEPT, dropped);
    Ok(CapInfo {
        language: block.text_of("language").unwrap_or("en-US").to_owned(),
        category: block.text_of("category").and_then(Category::of).unwrap_or(Category::Other),
        event,
        urgency: block.text_of("urgency").and_then(Urgency::of).unwrap_or(Urgency::Unknown),
        severity: severity(block.text_of("severity").unwrap_or_default()),
        certainty: certainty(block.text_of("certainty").unwrap_or_default()),
        effective: instant("effective")?,
        onset: instant("onset")?,
        expires: instant("expires")?,
        sender_name: line("senderName"),
        headline: line("headline"),
        description: text("description"),
        instruction: text("instruction"),
        areas: block.all("area").map(|element| area(element, dropped)).collect::<Result<_, _>>()?,
    })
}

fn area(element: &Element, dropped: &mut u64) -> Result<CapArea, Reason> {
    let rings = element.all("polygon").count() + element.all("circle").count();
    if rings > CAP_POLYGONS || element.all("geocode").count() > CAP_GEOCODES {
        return Err(Reason::TooLarge);
    }
    let mut polygons = Vec::with_capacity(rings);
    for child in &element.children {
        let ring = match &*child.name {
            _ if child.text.trim().is_empty() => continue,
            "polygon" => geometry::polygon(&child.text),
            "circle" => geometry::circle(&child.text),
            _ => continue,
        };
        match ring {
            Some(ring) => polygons.push(ring),
            None => *dropped += 1,
        }
    }
    count_dropped(element, AREA_KEPT, dropped);
    let geocode = |element: &Element| {
        let value = one_line(element.text_of("value")?);
        Some(Geocode { name: one_line(element.text_of("valueName").unwrap_or_default()), value })
    };
    let description = one_line(element.text_of("areaDesc").unwrap_or_default());
    Ok(CapArea { description, polygons, geocodes: element.all("geocode").filter_map(geocode).collect() })
}

fn severity(code: &str) -> Severity {
    match code.to_ascii_lowercase().as_str() {
        "extreme" => Severity::Extreme,
        "severe" => Severity::Severe,
        "moderate" => Severity::Moderate,
        "minor" => Severity::Minor,
        _ => Severity::Unknown,
    }
}

fn certainty(code: &str) -> Certainty {
    if code.eq_ignore_ascii_case("Very Likely") {
        Certainty::Likely
    } else {
        Certainty::of(code).unwrap_or(Certainty::Unknown)
    }
}

fn time(text: &str) -> Result<Time, Reason> {
    text.parse().map_err(|_| Reason::BadTime)
}

/// White space of any length as one space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines kept, their indentation by the XML not.
fn tidy(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn count_dropped(element: &Element, kept: &[&str], dropped: &mut u64) {
    *dropped += element.children.iter().filter(|child| !kept.contains(&&*child.name)).count() as u64;
}
