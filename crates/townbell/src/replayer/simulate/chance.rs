//! What chance does to a run: a pure function of its trip and day, so that a replay is the same every time.

use city::{ServiceDate, TripId};

/// Of so many runs ...
const RUNS: u64 = 1_000;
/// ... these do not run at all (1 %), ...
const CANCELED: u64 = 10;
/// ... these run late (5 %), ...
const LATE: u64 = 50;
/// ... and all others lose at most this on their way, in seconds.
const USUAL_DELAY_MAX_S: u64 = 180;
/// The late ones lose up to this, in seconds.
const LATE_DELAY_MAX_S: u64 = DELAY_MAX_S as u64;
/// Nobody is later than this, in seconds.
pub(super) const DELAY_MAX_S: u32 = 720;

/// The fate of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// It does not run.
    pub canceled: bool,
    /// How late it reaches its last stop, in seconds, 0 to 720.
    pub delay_s: u32,
}

impl Fate {
    /// The fate of a trip on a service day.
    pub fn of(trip: &TripId, day: ServiceDate) -> Self {
        let draw = mixed(trip.as_str(), day.0);
        let lot = draw % RUNS;
        let share = draw / RUNS;
        let late = (CANCELED..CANCELED + LATE).contains(&lot);
        let delay_s = if late {
            USUAL_DELAY_MAX_S + share % (LATE_DELAY_MAX_S - USUAL_DELAY_MAX_S + 1)
        } else {
            share % (USUAL_DELAY_MAX_S + 1)
        };
        // invariant: the remainder is below LATE_DELAY_MAX_S + 1.
        Self { canceled: lot < CANCELED, delay_s: u32::try_from(delay_s).unwrap_or_default() }
    }
}

/// FNV-1a over the id, then the finaliser of SplitMix64, so that neighbouring ids draw unlike lots.
fn mixed(trip: &str, day: u32) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    let bytes = trip.bytes().chain(day.to_le_bytes());
    let hash = bytes.fold(start, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
