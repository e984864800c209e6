//! CAP 1.2 out, in the order of elements that the schema asks for.

use std::fmt::{self, Write as _};

use city::{Polygon, Severity, Time};
use quick_xml::escape::escape;

use super::{CapAlert, CapArea, CapInfo, Reference};

/// One message, status Actual and scope Public, valid against CAP-v1.2.xsd. Characters that XML has no place for are
/// left out. Severity Info, which CAP does not have, is written as Minor.
pub fn write(alert: &CapAlert) -> String {
    let mut out = String::with_capacity(4096);
    // invariant: writing into a String cannot fail.
    let _ = message(&mut out, alert);
    out
}

fn message(out: &mut String, alert: &CapAlert) -> fmt::Result {
    out.write_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    out.write_str("<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n")?;
    text(out, "identifier", &alert.identifier)?;
    text(out, "sender", &alert.sender)?;
    text(out, "sent", &time(alert.sent))?;
    text(out, "status", "Actual")?;
    text(out, "msgType", alert.message.code())?;
    text(out, "scope", "Public")?;
    if !alert.references.is_empty() {
        text(out, "references", &references(&alert.references, alert.sent))?;
    }
    if let Some(info) = &alert.info {
        block(out, info)?;
    }
    out.write_str("</alert>\n")
}

fn block(out: &mut String, info: &CapInfo) -> fmt::Result {
    out.write_str("<info>\n")?;
    text(out, "language", &info.language)?;
    text(out, "category", info.category.code())?;
    text(out, "event", &info.event)?;
    text(out, "urgency", info.urgency.code())?;
    text(out, "severity", severity(info.severity))?;
    text(out, "certainty", info.certainty.code())?;
    for (name, instant) in [("effective", info.effective), ("onset", info.onset), ("expires", info.expires)] {
        if let Some(instant) = instant {
            text(out, name, &time(instant))?;
        }
    }
    optional(out, "senderName", &info.sender_name)?;
    optional(out, "headline", &info.headline)?;
    optional(out, "description", &info.description)?;
    optional(out, "instruction", &info.instruction)?;
    info.areas.iter().try_for_each(|place| area(out, place))?;
    out.write_str("</info>\n")
}

fn area(out: &mut String, area: &CapArea) -> fmt::Result {
    out.write_str("<area>\n")?;
    text(out, "areaDesc", &area.description)?;
    area.polygons.iter().try_for_each(|ring| text(out, "polygon", &polygon(ring)))?;
    for geocode in &area.geocodes {
        out.write_str("<geocode>\n")?;
        text(out, "valueName", &geocode.name)?;
        text(out, "value", &geocode.value)?;
        out.write_str("</geocode>\n")?;
    }
    out.write_str("</area>\n")
}

fn optional(out: &mut String, name: &str, value: &str) -> fmt::Result {
    if value.is_empty() { Ok(()) } else { text(out, name, value) }
}

fn text(out: &mut String, name: &str, value: &str) -> fmt::Result {
    let legal: String = value.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let legal = legal.replace(['\u{fffe}', '\u{ffff}'], "");
    writeln!(out, "<{name}>{}</{name}>", escape(&*legal))
}

/// "YYYY-MM-DDThh:mm:ss-00:00": the schema wants an offset and no fraction, and UTC is "-00:00" (section 3.3.2).
fn time(instant: Time) -> String {
    instant.timestamp().strftime("%Y-%m-%dT%H:%M:%S-00:00").to_string()
}

/// A reference whose time is not known gets that of the message itself: the field cannot be left out.
fn references(references: &[Reference], sent: Time) -> String {
    let triple = |one: &Reference| format!("{},{},{}", one.sender, one.identifier, time(one.sent.unwrap_or(sent)));
    references.iter().map(triple).collect::<Vec<_>>().join(" ")
}

fn polygon(ring: &Polygon) -> String {
    let pair = |corner: &city::Position| format!("{},{}", corner.latitude, corner.longitude);
    ring.ring().iter().map(pair).collect::<Vec<_>>().join(" ")
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "Unknown",
        Severity::Info | Severity::Minor => "Minor",
        Severity::Moderate => "Moderate",
        Severity::Severe => "Severe",
        Severity::Extreme => "Extreme",
    }
}
