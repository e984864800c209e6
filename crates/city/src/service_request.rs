//! What residents ask the city to mend (Open311 GeoReport v2), as far as it may be kept: enough to count, and not
//! enough to find anybody.

use serde::{Deserialize, Serialize};

use crate::grid_cell::GridCell;
use crate::id::{ServiceCode, ServiceRequestId};
use crate::time::{Span, Time};

/// Longest `service_request_id`, in characters: UUIDs have 36, and some cities put a word before theirs.
pub const REQUEST_ID_CHARS_MAX: usize = 64;
/// Longest `service_code`, in characters: the longest seen are below 40.
pub const SERVICE_CODE_CHARS_MAX: usize = 64;
/// How exactly the time of a request is told.
pub const REQUEST_HOUR: Span = Span::h(1);

/// Whether a request is still open (GeoReport v2 `status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// It has been reported.
    Open,
    /// It has been resolved.
    Closed,
}

/// One request: a ticket, what it is about, in which square kilometre and in which hour. Who asked, in what words,
/// from which door and with which picture has no field, so no code can keep it (DESIGN 6). Staff read the rest where
/// it belongs, in the city's own system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRequest {
    /// The ticket: a keyed digest of the server's own id once it is past the poller; the gate takes no other.
    pub id: ServiceRequestId,
    /// What it is about, in the city's own code.
    pub code: ServiceCode,
    /// Where, to about a kilometre.
    pub cell: GridCell,
    /// The full hour (UTC) in which it was made.
    pub hour: Time,
    /// Whether it is still open.
    pub status: RequestStatus,
}

impl ServiceRequest {
    /// The hour of an instant, as a request tells it.
    pub fn hour_of(requested: Time) -> Time {
        requested.floor(REQUEST_HOUR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FeedBeat, Position, Record};

    #[test]
    fn the_journal_of_earlier_versions_stays_readable() {
        // Kinds are told by their place: a new one in between would make one kind of record out of another.
        let beat = Record::FeedBeat(FeedBeat { good: true });
        assert_eq!(postcard::to_stdvec(&beat).expect("binary"), [8, 1]);
        let request = Record::ServiceRequest(ServiceRequest {
            id: "24-0017".into(),
            code: "flood".into(),
            cell: GridCell::of(Position { longitude: -51.23, latitude: -30.03 }),
            hour: ServiceRequest::hour_of("2024-05-02T09:37:38Z".parse().expect("a time")),
            status: RequestStatus::Open,
        });
        let bytes = postcard::to_stdvec(&request).expect("binary");
        assert_eq!(bytes.first(), Some(&11));
        assert_eq!(postcard::from_bytes::<Record>(&bytes).expect("a record"), request);
    }

    #[test]
    fn an_hour_is_all_that_is_told_of_a_time() {
        let requested: Time = "2024-05-02T06:37:38-03:00".parse().expect("a time");
        assert_eq!(ServiceRequest::hour_of(requested).to_string(), "2024-05-02T09:00:00Z");
    }
}
