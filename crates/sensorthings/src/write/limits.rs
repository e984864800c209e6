//! Every bound on what one request may write, with the reason for the number.

/// Bytes of a body that is not a data array: a deep insert of a station with 10,000 observations has 1 MiB.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Entities that one request may change, cascades included: a thing with 50,000 datastreams can be deleted.
pub const CHANGES_MAX: usize = 200_000;
/// Observations of one deep insert; more go as data arrays.
pub const OBSERVATIONS_MAX: usize = 100_000;
/// Observations that one request may erase one by one; whole series are not counted.
pub const ERASED_MAX: usize = 1_000_000;
/// Characters of a name, as `gate::NAME_CHARS_MAX`.
pub const NAME_CHARS_MAX: usize = 300;
/// Characters of a description, a definition or metadata: some pages.
pub const TEXT_CHARS_MAX: usize = 8_000;
/// Characters of a text among `properties` and `parameters`, or of a result in words: a line.
pub const VALUE_CHARS_MAX: usize = 500;
/// Keys of one `properties` or `parameters`.
pub const KEYS_MAX: usize = 64;
/// Characters of one of these keys.
pub const KEY_CHARS_MAX: usize = 64;
/// Positions of one geometry, as `city::geometry::POLYGON_VERTICES_MAX`: the border of a whole state.
pub const POSITIONS_MAX: usize = 10_000;
/// Locations that one thing has at a time; the standard wants one an encoding.
pub const LOCATIONS_MAX: usize = 16;
/// Features of interest that the observations of one datastream name, besides its own.
pub const FEATURES_MAX: usize = 1_000;
/// Operations of one JSON Patch.
pub const OPERATIONS_MAX: usize = 1_000;
