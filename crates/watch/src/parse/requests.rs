//! The kind of rule that counts residents' requests.

use city::service_request::REQUEST_HOUR;
use city::{FeedId, FeedKind, ServiceCode, Span};

use super::events::known_feed;
use super::runs::zones;
use super::{Town, some};
use crate::reader::{Fields, Mistakes};
use crate::requests::REQUEST_WINDOW_MAX;
use crate::rule::OnRequests;

/// Services in one rule: a city has some two hundred, and a rule is about one trouble.
const SERVICES_MAX: usize = 64;

/// The fewest requests that may ring: of one or two in a square kilometre somebody could tell whose they are.
const REQUESTS_LEAST: u32 = 3;

/// `kind = "requests"`.
pub(super) fn on_requests(
    fields: &mut Fields<'_, '_>,
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<OnRequests> {
    let what = fields.text("what", "what is asked for, in words, as \"Flooded streets\"", mistakes);
    let feed = fields.text("feed", "the feed that tells of requests", mistakes);
    let feed = feed.and_then(|at| known_feed(&at, Some(&[FeedKind::Open311]), town, mistakes));
    let services = services(fields, feed.as_ref(), town, mistakes);
    let window = fields.span("window", mistakes);
    let whole = |span: Span| span.as_ms() % REQUEST_HOUR.as_ms() == 0;
    let allowed = REQUEST_HOUR..=REQUEST_WINDOW_MAX;
    if let Some(at) = window.as_ref().filter(|at| !whole(at.value) || !allowed.contains(&at.value)) {
        let message = "`window` should be whole hours from \"1 h\" to \"7 days\": a request tells its hour and no more";
        mistakes.at(at.byte, message);
    }
    let by_cell = if fields.has("each") {
        fields.choice("each", &[("cell", true), ("zone", false)], mistakes).map(|at| at.value)
    } else {
        Some(false)
    };
    if fields.has("each") && by_cell == Some(false) && !fields.has("zone") && !fields.has("zones") {
        mistakes.at(fields.start(), "`zones` is missing: each of which? a list of places of this city with an outline");
    }
    let zones = zones(fields, town, mistakes);
    let mut open = fields.table("open", mistakes)?;
    let requests = open.count("requests", mistakes);
    if let Some(at) = requests.as_ref().filter(|at| at.value < REQUESTS_LEAST) {
        let message =
            format!("`requests` should be at least {REQUESTS_LEAST}: one or two could be told whose they are");
        mistakes.at(at.byte, message);
    }
    let open_for = open.span_or("for", Span::default(), mistakes);
    open.finish(mistakes);
    let (mut close_below, mut close_for) = (requests.as_ref().map(|at| at.value), Span::default());
    if let Some(mut close) = fields.table_if("close", mistakes) {
        if let Some(at) = close.count_if("requests_below", mistakes) {
            if let Some(requests) = requests.as_ref().filter(|requests| at.value > requests.value) {
                let most = requests.value;
                let message = format!("`requests_below` should be at most {most}; the alert would close as it opens");
                mistakes.at(at.byte, message);
            }
            close_below = Some(at.value);
        }
        close_for = close.span_or("for", Span::default(), mistakes);
        close.finish(mistakes);
    }
    Some(OnRequests {
        what: what?.value,
        feed: feed?,
        services,
        window: window?.value,
        by_cell: by_cell?,
        zones,
        requests: requests?.value,
        open_for,
        close_below: close_below?,
        close_for,
    })
}

/// Only what the city counts comes in, so that a code of no feed's list would never ring.
fn services(
    fields: &mut Fields<'_, '_>,
    feed: Option<&FeedId>,
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Vec<ServiceCode> {
    let named = fields.texts("service", "services", mistakes);
    if !fields.has("service") && !fields.has("services") {
        let message = "`services` is missing: it should be a list of service codes, as the feed has them";
        mistakes.at(fields.start(), message);
    }
    if named.len() > SERVICES_MAX {
        mistakes.at(fields.start(), format!("at most {SERVICES_MAX} services; a rule is about one trouble"));
    }
    if let Some(feed) = feed {
        let counted = town.services.get(feed).map(Vec::as_slice).unwrap_or_default();
        for code in named.iter().filter(|code| !counted.iter().any(|known| known.as_str() == code.value)) {
            let all = some(counted.iter().map(ServiceCode::as_str));
            let message = format!(
                "{:?} is not counted, so it would never ring; `services` of the feed {feed} in city.toml are {all}",
                code.value
            );
            mistakes.at(code.byte, message);
        }
    }
    named.iter().map(|code| ServiceCode::new(&code.value)).collect()
}
