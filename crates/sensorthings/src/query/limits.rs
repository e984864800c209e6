//! Every bound on a query, with the reason for the number. Checked before memory is spent or a row is read.

/// Bytes of a query string. Web servers take heads of 8 to 16 KiB; a polygon of a district has some 6 KiB.
pub const QUERY_BYTES_MAX: usize = 16 * 1024;
/// How deep an expression may be nested. People write 5, generators of queries 20; the evaluator's stack holds far more.
pub const DEPTH_MAX: usize = 64;
/// Operators, operands and functions of one expression. 400 identifiers in an `or` are 1,600.
pub const NODES_MAX: usize = 2_000;
/// Navigation properties that one expression may walk, each different one counted once. The longest sensible walk
/// (Thing to ObservedProperty and to FeatureOfInterest) has four.
pub const VARIABLES_MAX: usize = 16;
/// Steps of a path within a property (`properties/a/b`).
pub const MEMBERS_MAX: usize = 8;
/// How deep `$expand` may be nested. The model is walked from end to end in four.
pub const EXPAND_DEPTH_MAX: usize = 8;
/// Navigation properties that one query may expand, all levels together: no type has more than four.
pub const EXPAND_ITEMS_MAX: usize = 64;
/// Keys of one `$orderby`; no type has more properties.
pub const ORDER_KEYS_MAX: usize = 16;
/// Items of one `$select`. Types have at most a dozen; the rest are members of `properties`.
pub const SELECT_ITEMS_MAX: usize = 64;
/// Corners of one geometry in a query: more do not fit into [`QUERY_BYTES_MAX`] anyway.
pub const GEOMETRY_POSITIONS_MAX: usize = 4_096;
