//! Asking for residents' requests (Open311 GeoReport v2, "GET Service Requests"): those made since a day ago, page by
//! page where the server has pages.

use std::collections::HashSet;
use std::time::Duration;

use city::{FeedKind, ServiceRequest, ServiceRequestId, Span, Tally, Time};
use gate::{Admission, Candidate};

use super::{Answer, Known, NoAnswer, Poller, bytes_max};
use watch::requests::REQUEST_WINDOW_MAX;

use crate::clock::Clock;
use crate::config::Feed;
use crate::limits::{
    REQUEST_PAGES_MAX, REQUESTS_ANSWERED_MAX, REQUESTS_ASKED_BACK, REQUESTS_PER_PAGE, REQUESTS_POLL_MIN,
};

/// How often the clock is asked whether it is time for the next poll.
const CLOCK_ASKED_EVERY: Duration = Duration::from_secs(30);

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
        let mut is_cut = false;
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
                // The same again: all there is, or all that a server without pages tells.
                is_cut = seen.len() >= REQUESTS_ANSWERED_MAX && page == 2;
                break;
            }
            tally.add(&read);
            tally.duplicate += (count - fresh.len()) as u64;
            knocking.extend(fresh.into_iter().map(Candidate::ServiceRequest));
            if is_last {
                break;
            }
            if page == REQUEST_PAGES_MAX {
                is_cut = true;
                tracing::warn!(feed = %id, pages = page, "there may be more requests than are read at one poll");
            }
        }
        self.remember(id, |known| known.asked = true);
        let admission = self.door.judge(id, knocking, &tally)?;
        let admission = if is_cut { admission.with_cut() } else { admission };
        Ok(admission.with_beat(true))
    }
}

/// Whether a feed of requests may be asked so often: on a grid that is the same on every day.
pub fn is_on_grid(every: Span) -> bool {
    let (every, least) = (every.as_ms(), REQUESTS_POLL_MIN.as_ms());
    every >= least && Span::h(24).as_ms() % every == 0
}

/// Waits for the next instant of the grid, by the city's clock, which may be set meanwhile.
pub async fn until_next_poll(every: Span, clock: &dyn Clock) {
    let due = next_poll(every, clock.now());
    loop {
        let wait = due.since(clock.now()).as_ms();
        if wait <= 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(wait.unsigned_abs()).min(CLOCK_ASKED_EVERY)).await;
    }
}

/// The first instant of the grid after `now`.
fn next_poll(every: Span, now: Time) -> Time {
    now.floor(every) + every
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_stand_on_the_same_instants_whenever_the_program_was_started() {
        let at = |text: &str| text.parse::<Time>().expect("a time");
        for now in ["2024-05-02T09:30:00Z", "2024-05-02T09:37:38.125Z", "2024-05-02T09:44:59.999Z"] {
            assert_eq!(next_poll(Span::min(15), at(now)), at("2024-05-02T09:45:00Z"), "{now}");
        }
        let taken: Vec<i64> = [1, 10, 15, 20, 25, 30, 40, 45, 60, 90, 120, 1440, 2880]
            .into_iter()
            .filter(|minutes| is_on_grid(Span::min(*minutes)))
            .collect();
        assert_eq!(taken, [15, 20, 30, 40, 45, 60, 90, 120, 1440], "a day is whole with each");
    }
}
