//! The functions of 18-088 Table 25, and the temporal relations that FROST adds: one table of names and kinds.

use crate::query::kind::Kind;
use crate::query::kind::Kind::{Bool, Date, Geometry, Instant, Number, Text, TimeOfDay};

macro_rules! functions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, [$($kind:expr),*], optional $optional:literal, $result:expr;)*) => {
        /// A function that a query can call.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function { $($(#[$doc])* $variant,)* }

        /// Every function.
        pub const FUNCTIONS: &[Function] = &[$(Function::$variant,)*];

        impl Function {
            /// The name in a query.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The kinds of its arguments, the optional ones last.
            pub fn arguments(self) -> &'static [Kind] {
                match self { $(Self::$variant => &[$($kind),*],)* }
            }

            /// How many arguments at the end can be left out.
            pub fn optional(self) -> usize {
                match self { $(Self::$variant => $optional,)* }
            }

            /// The kind of its result.
            pub fn result(self) -> Kind {
                match self { $(Self::$variant => $result,)* }
            }
        }
    };
}

functions! {
    /// Whether the second text has the first in it.
    SubstringOf = "substringof", [Text, Text], optional 0, Bool;
    /// Whether the first text ends with the second.
    EndsWith = "endswith", [Text, Text], optional 0, Bool;
    /// Whether the first text starts with the second.
    StartsWith = "startswith", [Text, Text], optional 0, Bool;
    /// Characters of a text.
    Length = "length", [Text], optional 0, Number;
    /// At which character, counted from 0, the second text begins in the first; -1 when it does not.
    IndexOf = "indexof", [Text, Text], optional 0, Number;
    /// The text from a character, counted from 0; with a third argument, so many characters of it.
    Substring = "substring", [Text, Number, Number], optional 1, Text;
    /// The text in small letters.
    ToLower = "tolower", [Text], optional 0, Text;
    /// The text in capitals.
    ToUpper = "toupper", [Text], optional 0, Text;
    /// The text without white space at its ends.
    Trim = "trim", [Text], optional 0, Text;
    /// Both texts, one behind the other.
    Concat = "concat", [Text, Text], optional 0, Text;
    /// The year (UTC).
    Year = "year", [Kind::TIME_OR_DATE], optional 0, Number;
    /// The month (UTC), 1 to 12.
    Month = "month", [Kind::TIME_OR_DATE], optional 0, Number;
    /// The day of the month (UTC), 1 to 31.
    Day = "day", [Kind::TIME_OR_DATE], optional 0, Number;
    /// The hour (UTC), 0 to 23.
    Hour = "hour", [Kind::TIME_OR_CLOCK], optional 0, Number;
    /// The minute, 0 to 59.
    Minute = "minute", [Kind::TIME_OR_CLOCK], optional 0, Number;
    /// The second, 0 to 59, without its fraction.
    Second = "second", [Kind::TIME_OR_CLOCK], optional 0, Number;
    /// The fraction of the second, 0 to below 1.
    FractionalSeconds = "fractionalseconds", [Kind::TIME_OR_CLOCK], optional 0, Number;
    /// The day (UTC) of an instant.
    Date = "date", [Kind::Time], optional 0, Date;
    /// The time of the day (UTC) of an instant.
    Time = "time", [Kind::Time], optional 0, TimeOfDay;
    /// Always 0: instants are kept in UTC, the zone they were sent in is not.
    TotalOffsetMinutes = "totaloffsetminutes", [Kind::Time], optional 0, Number;
    /// The instant of the request.
    Now = "now", [], optional 0, Instant;
    /// The earliest instant there is.
    MinDateTime = "mindatetime", [], optional 0, Instant;
    /// The latest instant there is.
    MaxDateTime = "maxdatetime", [], optional 0, Instant;
    /// The nearest whole number, halves away from zero.
    Round = "round", [Number], optional 0, Number;
    /// The whole number below.
    Floor = "floor", [Number], optional 0, Number;
    /// The whole number above.
    Ceiling = "ceiling", [Number], optional 0, Number;
    /// The shortest distance on the plane of degrees, as PostGIS and FROST have it.
    GeoDistance = "geo.distance", [Geometry, Geometry], optional 0, Number;
    /// The length of lines on the plane of degrees.
    GeoLength = "geo.length", [Geometry], optional 0, Number;
    /// Whether two geometries share a point.
    GeoIntersects = "geo.intersects", [Geometry, Geometry], optional 0, Bool;
    /// The same points (06-103r4 clause 6.1.15.3, as all that follow).
    StEquals = "st_equals", [Geometry, Geometry], optional 0, Bool;
    /// No point shared.
    StDisjoint = "st_disjoint", [Geometry, Geometry], optional 0, Bool;
    /// Points shared, all of them on the boundaries.
    StTouches = "st_touches", [Geometry, Geometry], optional 0, Bool;
    /// The first lies in the second.
    StWithin = "st_within", [Geometry, Geometry], optional 0, Bool;
    /// They share some, each has more, and what is shared has their dimension.
    StOverlaps = "st_overlaps", [Geometry, Geometry], optional 0, Bool;
    /// They share some of their insides, of a lower dimension.
    StCrosses = "st_crosses", [Geometry, Geometry], optional 0, Bool;
    /// A point shared.
    StIntersects = "st_intersects", [Geometry, Geometry], optional 0, Bool;
    /// The second lies in the first.
    StContains = "st_contains", [Geometry, Geometry], optional 0, Bool;
    /// Whether the DE-9IM matrix of the two matches a pattern of nine of `T F * 0 1 2`.
    StRelate = "st_relate", [Geometry, Geometry, Text], optional 0, Bool;
    /// The first ends before, or as, the second starts.
    Before = "before", [Kind::Time, Kind::Time], optional 0, Bool;
    /// The first starts after, or as, the second ends.
    After = "after", [Kind::Time, Kind::Time], optional 0, Bool;
    /// One starts as the other ends.
    Meets = "meets", [Kind::Time, Kind::Time], optional 0, Bool;
    /// The first lies in the second.
    During = "during", [Kind::Time, Kind::Time], optional 0, Bool;
    /// They share some time, or start together.
    Overlaps = "overlaps", [Kind::Time, Kind::Time], optional 0, Bool;
    /// They start together.
    Starts = "starts", [Kind::Time, Kind::Time], optional 0, Bool;
    /// They end together.
    Finishes = "finishes", [Kind::Time, Kind::Time], optional 0, Bool;
}

impl Function {
    /// The function of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        FUNCTIONS.iter().copied().find(|function| function.name() == name)
    }

    /// Whether so many arguments are right.
    pub fn takes(self, count: usize) -> bool {
        let most = self.arguments().len();
        (most - self.optional()..=most).contains(&count)
    }
}
