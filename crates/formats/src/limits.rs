//! Every bound on foreign input, with the reason for the number. Checked before memory is spent.

/// Bytes of a zip as it comes. National GTFS feeds are near 200 MiB; a city's stays below 60.
pub const ZIP_BYTES: u64 = 256 * 1024 * 1024;
/// Entries of a zip. GTFS names fewer than 40 files; producers add a few of their own.
pub const ZIP_ENTRIES: u64 = 256;
/// Bytes of all read entries together, unpacked. New York's buses unpack to about 400 MiB.
pub const ZIP_UNPACKED_BYTES: u64 = 512 * 1024 * 1024;
/// Unpacked bytes for one packed byte. Deflate cannot pass 1,032; timetables (very repetitive text) were seen at 20
/// to 60, so 200 leaves room and still stops a bomb of one repeated byte.
pub const ZIP_RATIO: u64 = 200;
/// Below this size an entry's ratio says nothing: a few header lines of zeroes pass 200 honestly.
pub const ZIP_RATIO_FROM_BYTES: u64 = 1024 * 1024;

/// Rows of one GTFS file. The Netherlands as a whole have 15 million calls; a city below 5.
pub const GTFS_ROWS: u64 = 20_000_000;
/// Bytes of one GTFS row. Long route descriptions were seen at 4 kB.
pub const GTFS_ROW_BYTES: usize = 64 * 1024;
/// Calls that trips made of `frequencies.txt` may add, so that one row of 1-second headways cannot fill the memory.
pub const GTFS_FREQUENCY_CALLS: u64 = 5_000_000;
/// Seconds after noon minus 12 h: ten days, for ferries and sleeper trains; more is a broken row.
pub const GTFS_SECONDS: u32 = 10 * 24 * 3600;

/// Bytes of a GTFS-Realtime message. The largest public ones (a whole country) are near 20 MiB.
pub const GTFS_RT_BYTES: u64 = 32 * 1024 * 1024;
/// Entities of a GTFS-Realtime message: ten times the vehicles of the largest city.
pub const GTFS_RT_ENTITIES: u64 = 100_000;
/// Bytes of one entity. A trip of 200 calls with every field is 20 kB; NYCT alerts were seen at 60 kB.
pub const GTFS_RT_ENTITY_BYTES: usize = 1024 * 1024;
/// Lines, stops or trips that one alert names. A whole-network alert of a large city names 2,000.
pub const GTFS_RT_SELECTORS: usize = 10_000;
/// Active periods of one alert: a year of nights.
pub const GTFS_RT_PERIODS: usize = 400;

/// Bytes of an XML document. The largest CAP message seen (many embedded outlines) is 1.5 MB.
pub const XML_BYTES: u64 = 8 * 1024 * 1024;
/// Elements of an XML document. A list of 500 CAP messages of 60 elements has 30,000.
pub const XML_ELEMENTS: u64 = 100_000;
/// Depth of elements. CAP needs 5 (a list, `alert`, `info`, `area`, `geocode`, `value`); signatures go to 9.
pub const XML_DEPTH: usize = 32;
/// Attributes of one element, namespace declarations included. CAP roots were seen with 7.
pub const XML_ATTRIBUTES: usize = 64;
/// Bytes of the text of one element that is kept. A CAP description is below 10 kB, an outline below 200 kB.
pub const XML_TEXT_BYTES: usize = 512 * 1024;

/// CAP messages of one list.
pub const CAP_ALERTS: usize = 2_000;
/// Areas of one `info`. National warnings name each of 500 municipalities.
pub const CAP_AREAS: usize = 2_000;
/// Polygons and circles of one area.
pub const CAP_POLYGONS: usize = 200;
/// `geocode`s of one area.
pub const CAP_GEOCODES: usize = 5_000;
/// References of one message; agencies that update hourly for a week reach 170.
pub const CAP_REFERENCES: usize = 1_000;
/// Kilometres of radius of a CAP circle: half way round the Earth means nothing less than "everywhere".
pub const CAP_CIRCLE_RADIUS_KM: f64 = 5_000.0;

/// Entries of an Atom index. The US index of all active warnings has 500.
pub const ATOM_ENTRIES: usize = 5_000;
/// Bytes of a link or id in an Atom index; servers refuse longer addresses themselves.
pub const ATOM_HREF_BYTES: usize = 2_048;

/// Bytes of an Open311 answer. The standard's own bound of 1,000 requests comes to about 1 MB.
pub const OPEN311_BYTES: u64 = 8 * 1024 * 1024;
/// Requests of one answer: the standard allows 1,000 (GeoReport v2, "GET Service Requests"), and some servers more.
pub const OPEN311_REQUESTS: usize = 10_000;
/// Bytes of a value that is read; ids, codes and times are far below.
pub const OPEN311_VALUE_BYTES: usize = 256;
