//! Every bound of the running program, with its reason. Bounds of foreign formats stand in `formats::limits`.

use std::time::Duration;

use city::Span;

/// The grid on which the desk and the replay wake: alerts by timer are at most this late.
pub const TICK: Span = watch::TICK;
/// Submissions that may wait for the desk. Small: a sender that outruns the disk must feel it (back-pressure).
pub const DESK_QUEUE_MAX: usize = 256;
/// Submissions that share one durable commit. Bounds how long the first of them waits for the last.
pub const COMMIT_BATCHES_MAX: usize = 64;
/// How long the program stays after its store failed, so that requests under way are answered (503).
pub const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// Journal entries between two snapshots of the watcher's state: at most so many are stepped again after a crash.
pub const SNAPSHOT_EVERY_SEQ: u64 = 2_000;
/// Live events kept for browsers that come back (`Last-Event-ID`): about five minutes of a demo.
pub const LIVE_RING_MAX: usize = 2_048;
/// The same in bytes: some minutes of a large city's readings.
pub const LIVE_RING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Live events that one slow browser may be behind before it gets a fresh snapshot instead.
pub const LIVE_LAG_MAX: usize = 512;
/// Browsers that may listen at once; each costs one task and [`LIVE_LAG_MAX`] pointers.
pub const LIVE_LISTENERS_MAX: usize = 2_000;
/// Silence on a live connection before a comment is sent, so that proxies keep it open.
pub const LIVE_HEARTBEAT: Duration = Duration::from_secs(10);
/// Time that a feed has to answer. Half of the shortest poll interval of a bus feed.
pub const POLL_TIMEOUT: Duration = Duration::from_secs(15);
/// The largest answer that is read from any feed; where its decoder takes less, that is the bound.
pub const POLL_BYTES_MAX: usize = 400 << 20;
/// The largest request body that is read: a `dataArray` of about 20,000 observations.
pub const REQUEST_BYTES_MAX: usize = 2 << 20;
/// Silence in the middle of a request's body before the request is given up: mobile loggers pause for some seconds.
pub const BODY_SILENCE_MAX: Duration = Duration::from_secs(30);
/// CAP messages fetched from one Atom index at one poll; the rest waits for the next.
pub const CAP_FETCHES_MAX: usize = 100;
/// How far back residents' requests are asked for at each poll: requests come to a city's system late, and are closed
/// after hours. What is known is a duplicate and costs a look.
pub const REQUESTS_ASKED_BACK: Span = Span::h(24);
/// How often residents' requests are asked for at most. What comes with one poll and not with the one before was made
/// in between: more often, and the journal would tell of a request when somebody stood at the kerb. The polls stand on
/// a grid of the clock, so that they tell no more than this, whenever the program was started.
pub const REQUESTS_POLL_MIN: Span = Span::min(15);
/// Requests in one answer of a server without pages (GeoReport v2, "GET Service Requests": at most 1000).
pub const REQUESTS_ANSWERED_MAX: usize = 1_000;
/// Requests on one page: half of what the standard lets a server answer at most, for those that take less.
pub const REQUESTS_PER_PAGE: usize = 500;
/// Pages asked at one poll: 5,000 requests a day is what a city of a million has. Of more, servers tell the newest.
pub const REQUEST_PAGES_MAX: usize = 10;
/// How long a vehicle stays on the live map after its last position.
pub const VEHICLE_SHOWN: Span = Span::min(5);
/// Vehicles in the picture; a city of a million has about 2,500 in service.
pub const VEHICLES_MAX: usize = 20_000;
/// How long a resolved alert stays on the first page.
pub const RESOLVED_SHOWN: Span = Span::h(24);
/// Warnings kept in the picture: a state's worst week has some hundreds.
pub const WARNINGS_MAX: usize = 2_000;
/// Alerts that one answer holds.
pub const ALERTS_PER_PAGE_MAX: usize = 1_000;
/// Points that one answer of a series holds.
pub const SERIES_POINTS_MAX: u32 = 5_000;
/// Buckets that one answer holds: a year by the hour.
pub const SERIES_BUCKETS_MAX: u32 = 10_000;
/// Values that one answer holds: two months by the minute, about 3 MB.
pub const SERIES_VALUES_MAX: usize = 100_000;
/// Things that one answer holds; a map shows no more.
pub const THINGS_IN_BOX_MAX: usize = 10_000;
/// How far ahead of the clock times run that are given to observations without one: 60,000 of a datastream at once. Beyond
/// it they would be untrue; the gate's own bound for a sender's clock is five minutes.
pub const GIVEN_AHEAD_MAX: Span = Span::min(1);
/// Datastreams whose last given time is remembered: more do not send without a time in one millisecond. About 6 MB.
pub const GIVEN_MAX: usize = 1 << 18;
/// Changes that a listener (MQTT) may be behind before it loses the oldest; they are in the store.
pub const TOLD_MAX: usize = 1_024;
/// Chunks of an export that wait for a slow reader.
pub const EXPORT_CHUNKS_MAX: usize = 4;
/// Entities of one expanded link on one page. Generous: some clients never follow the link to the next page inside.
pub const STA_EXPAND_PAGE_MAX: usize = 1_000;
/// Entities on one page of SensorThings (18-088, server-driven paging).
pub const STA_PAGE_MAX: usize = 1_000;
/// Journal entries read at once when the picture or the watcher is rebuilt.
pub const REBUILD_BATCH: usize = 2_000;
/// How far back the picture looks when it is rebuilt at start.
pub const REBUILD_SPAN: Span = Span::h(2);
/// How long a program that ends because its store failed waits until the duty officer was told: one attempt of a channel
/// that does not answer, and a second at the others.
pub const LAST_PAGE_MAX: Duration = Duration::from_secs(20);
/// Notifications that one answer holds.
pub const NOTIFICATIONS_PER_PAGE_MAX: u32 = 1_000;
/// Notifications that one answer holds when nothing is said of it.
pub const NOTIFICATIONS_PER_PAGE: u32 = 100;
