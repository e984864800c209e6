//! CAP 1.2 and 1.1 (OASIS, ITU-T X.1303): warnings in ([`decode`]) and out ([`write`]).
//!
//! Of a message with several `info` blocks the one in the reader's language is taken. Never read, and counted as
//! dropped: `contact`, `resource` (images, audio, `derefUri`), `parameter` (free pairs; agencies put names of staff
//! there), `note`, `addresses`, `restriction`, `source`, `incidents`, `code`, `web`, `eventCode`, `responseType`,
//! `audience`, `altitude`, `ceiling`, and XML signatures.

use city::{Polygon, Severity, Time};

mod decode;
mod geometry;
mod write;

pub use decode::decode;
pub use write::write;

/// One message: status Actual, scope Public. The texts are as they came: they go through the gate's scan.
#[derive(Clone, Debug, PartialEq)]
pub struct CapAlert {
    /// `identifier`: no spaces, commas, `<` or `&`.
    pub identifier: String,
    /// `sender`, likewise.
    pub sender: String,
    /// `sent`.
    pub sent: Time,
    /// `msgType`.
    pub message: MessageType,
    /// `references`: the messages that this one updates or cancels. A Cancel has at least one.
    pub references: Vec<Reference>,
    /// The `info` in the best language; only a Cancel may have none.
    pub info: Option<CapInfo>,
}

/// One of `references`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `sender` of that message.
    pub sender: String,
    /// `identifier` of that message.
    pub identifier: String,
    /// `sent` of that message; `None` when it cannot be.
    pub sent: Option<Time>,
}

/// `info`.
#[derive(Clone, Debug, PartialEq)]
pub struct CapInfo {
    /// `language`; "en-US" where the message has none (the default of the schema).
    pub language: String,
    /// The first `category`.
    pub category: Category,
    /// `event`; never empty.
    pub event: String,
    /// `urgency`.
    pub urgency: Urgency,
    /// `severity`.
    pub severity: Severity,
    /// `certainty`.
    pub certainty: Certainty,
    /// `effective`.
    pub effective: Option<Time>,
    /// `onset`.
    pub onset: Option<Time>,
    /// `expires`.
    pub expires: Option<Time>,
    /// `senderName`; may be empty.
    pub sender_name: String,
    /// `headline`; may be empty.
    pub headline: String,
    /// `description`; may be empty.
    pub description: String,
    /// `instruction`; may be empty.
    pub instruction: String,
    /// `area`s.
    pub areas: Vec<CapArea>,
}

/// `area`.
#[derive(Clone, Debug, PartialEq)]
pub struct CapArea {
    /// `areaDesc`; may be empty.
    pub description: String,
    /// `polygon`s that are closed rings, and `circle`s as rings of 32 corners.
    pub polygons: Vec<Polygon>,
    /// `geocode`s.
    pub geocodes: Vec<Geocode>,
}

/// `geocode`: a code and the list that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geocode {
    /// `valueName`.
    pub name: String,
    /// `value`.
    pub value: String,
}

macro_rules! coded {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the names are the codes of CAP 1.2, section 3.2")]
        pub enum $name { $($variant,)* }

        impl $name {
            /// The code as CAP writes it.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }
            /// The code in lower case, as the house keeps it.
            pub fn name(self) -> String {
                self.code().to_ascii_lowercase()
            }
            fn of(code: &str) -> Option<Self> {
                [$(Self::$variant),*].into_iter().find(|known| known.code().eq_ignore_ascii_case(code))
            }
        }
    )*};
}

coded! {
    /// `msgType`. Ack and Error are talk between systems and are refused.
    MessageType { Alert, Update, Cancel }
    /// `category`.
    Category { Geo, Met, Safety, Security, Rescue, Fire, Health, Env, Transport, Infra, CBRNE, Other }
    /// `urgency`.
    Urgency { Immediate, Expected, Future, Past, Unknown }
    /// `certainty`. "Very Likely" of CAP 1.0 reads as Likely.
    Certainty { Observed, Likely, Possible, Unlikely, Unknown }
}
