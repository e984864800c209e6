//! Asking for residents' requests (Open311 GeoReport v2, "GET Service Requests"): those made since a day ago, page by
//! page where the server has pages.

use std::collections::HashSet;

use city::{FeedKind, ServiceRequest, ServiceRequestId, Span, Tally, Time};
use gate::{Admission, Candidate};

use super::{Answer, Known, NoAnswer, Poller, bytes_max};
use watch::requests::REQUEST_WINDOW_MAX;

use crate::config::Feed;
use crate::limits::{REQUEST_PAGES_MAX, REQUESTS_ASKED_BACK, REQUESTS_PER_PAGE};

impl Poller {
    /// Pages are no part of the standard (`page`, `page_size`): a server without them tells the same again, and one with
    /// them may give fewer than were asked for. So asked on is while a page brings something new. An answer depends on the time that is asked for, so there
    /// is nothing to be "unchanged". The first time, and after a silence, it is asked for as much as any rule looks at.
    pub(super) async fn requests(&self, feed: &Feed) -> Result<Admission, NoAnswer> {
        let (id, url) = (&feed.contract.feed, feed.url.as_deref().unwrap_or_default());
        let Some(tickets) = &self.tickets else { return Err(NoAnswer::Address) };
        let known = self.known(id);
        let kept = Span::ms(feed.contract.retention.as_ms() - REQUESTS_ASKED_BACK.as_ms());
        let back = if known.asked { REQUESTS_ASKED_BACK } else { kept.min(REQUEST_WINDOW_MAX) };
        let since = self.door.clock.now() - back;
        let mut seen: HashSet<ServiceRequestId> = HashSet::new();
        let mut knocking = Vec::new();
        let mut tally = Tally::default();
        for page in 1..=REQUEST_PAGES_MAX {
            let address = address(url, since, page).ok_or(NoAnswer::Address)?;
            let answer = self.get(address.as_str(), &Known::default(), bytes_max(FeedKind::Open311)).await?;
            let Answer::Bytes { bytes, .. } = answer else { break };
            let (requests, read) = formats::open311::decode(&bytes)?;
            let count = requests.len();
            let digested =
                requests.into_iter().map(|request| ServiceRequest { id: tickets.of(id, &request.id), ..request });
            let fresh: Vec<ServiceRequest> = digested.filter(|request| seen.insert(request.id.clone())).collect();
            let is_last = fresh.is_empty();
            if is_last && page > 1 {
                break;
            }
            tally.add(&read);
            tally.duplicate += (count - fresh.len()) as u64;
            knocking.extend(fresh.into_iter().map(Candidate::ServiceRequest));
            if is_last {
                break;
            }
            if page == REQUEST_PAGES_MAX {
                tracing::warn!(feed = %id, pages = page, "there may be more requests than are read at one poll");
            }
        }
        self.remember(id, |known| known.asked = true);
        Ok(self.door.judge(id, knocking, &tally)?.with_beat(true))
    }
}

/// The address of a page; what its configuration asks for (`jurisdiction_id`, `service_code`) stays.
fn address(url: &str, since: Time, page: usize) -> Option<reqwest::Url> {
    let mut address = reqwest::Url::parse(url).ok()?;
    address
        .query_pairs_mut()
        .append_pair("start_date", &since.floor(Span::min(1)).to_string())
        .append_pair("page_size", &REQUESTS_PER_PAGE.to_string())
        .append_pair("page", &page.to_string());
    Some(address)
}
