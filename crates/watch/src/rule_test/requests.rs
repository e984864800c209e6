//! `[[test.requests]]`: residents ask for something, as the feed of their requests tells.

use city::record::Entry;
use city::{GridCell, Record, RequestStatus, ServiceCode, ServiceRequest, ServiceRequestId, Span, Time};

use super::ENTRIES_MAX;
use super::read::{feed, position};
use crate::context::Parts;
use crate::reader::{Fields, Mistakes};

/// `count` requests, one at `at` and one `every` so long after it, each a ticket of its own, made `before` the feed
/// told of it. They are made at `longitude` and `latitude`, or where a `place` of the city has its symbol.
pub(super) fn made(
    mut fields: Fields<'_, '_>,
    start: Time,
    parts: &Parts,
    entries: &mut Vec<Entry>,
    mistakes: &mut Mistakes<'_>,
) {
    let begin = fields.start();
    let at = fields.span("at", mistakes);
    let every = fields.span_or("every", Span::default(), mistakes);
    let before = fields.span_or("before", Span::default(), mistakes);
    let count = fields.count_if("count", mistakes).map_or(1, |at| at.value);
    let service = fields.text("service", "the code of a service", mistakes);
    let feed = feed(&mut fields, "feed", parts, mistakes);
    let position = position(&mut fields, parts, mistakes);
    fields.finish(mistakes);
    let (Some(at), Some(service), Some(feed), Some(position)) = (at, service, feed, position) else { return };
    if count as usize > ENTRIES_MAX {
        mistakes.at(begin, format!("{count} requests; a test may make {ENTRIES_MAX}"));
        return;
    }
    entries.extend((0..i64::from(count)).map(|number| {
        let received = start + at.value + Span::ms(every.as_ms().saturating_mul(number));
        let request = ServiceRequest {
            id: ServiceRequestId::new(&format!("{begin}-{number}")),
            code: ServiceCode::new(&service.value),
            cell: GridCell::of(position),
            hour: ServiceRequest::hour_of(received - before),
            status: RequestStatus::Open,
        };
        Entry { feed: feed.clone(), received, record: Record::ServiceRequest(request) }
    }));
}
