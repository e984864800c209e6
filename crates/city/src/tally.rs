//! What became of everything that a feed sent: `received = stored + rejected(reason) + duplicate`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Why one entity was refused. A closed list, so that a reason never carries a byte of what was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Reason {
    /// The bytes are not the format at all, or end too soon.
    Malformed,
    /// Larger than the limit of that format (bytes, depth, elements, corners).
    TooLarge,
    /// A required field is missing.
    MissingField,
    /// A number is not finite or out of its range (latitude 91, NaN).
    OutOfRange,
    /// A time is missing a zone, or lies outside 2000..2100, or further ahead of now than the feed allows.
    BadTime,
    /// The id is not shaped as this feed's ids are.
    BadId,
    /// Refers to something unknown: a stop, a trip, a datastream.
    UnknownReference,
    /// The standard has it, Townbell does not take it (a DTD, an incremental dataset, a media type).
    Unsupported,
    /// The line: the field or the whole entity could hold a person, or it is not on the allow-list.
    NotAllowed,
    /// A position without an active trip, or inside a depot (DESIGN 6).
    NotInService,
    /// The text holds something that looks like a person's (phone, e-mail, plate, document number).
    PersonalText,
    /// Older than what is already known, where only the newest counts.
    Stale,
    /// The CAP message is a test, a draft, or not for the public.
    NotActual,
}

impl Reason {
    /// All reasons, in the order of the list above.
    pub const ALL: [Self; 13] = [
        Self::Malformed,
        Self::TooLarge,
        Self::MissingField,
        Self::OutOfRange,
        Self::BadTime,
        Self::BadId,
        Self::UnknownReference,
        Self::Unsupported,
        Self::NotAllowed,
        Self::NotInService,
        Self::PersonalText,
        Self::Stale,
        Self::NotActual,
    ];

    /// The name in SQL, JSON and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::MissingField => "missing_field",
            Self::OutOfRange => "out_of_range",
            Self::BadTime => "bad_time",
            Self::BadId => "bad_id",
            Self::UnknownReference => "unknown_reference",
            Self::Unsupported => "unsupported",
            Self::NotAllowed => "not_allowed",
            Self::NotInService => "not_in_service",
            Self::PersonalText => "personal_text",
            Self::Stale => "stale",
            Self::NotActual => "not_actual",
        }
    }
}

/// The account of one batch, or of a feed over its whole life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tally {
    /// Entities that came in.
    pub received: u64,
    /// Entities that are in the journal.
    pub stored: u64,
    /// Entities that were there already.
    pub duplicate: u64,
    /// Entities refused, by reason.
    pub rejected: BTreeMap<Reason, u64>,
    /// Fields dropped at the door from entities that were otherwise taken (not part of the identity).
    pub fields_dropped: u64,
}

impl Tally {
    /// Counts one entity as received and refused.
    pub fn reject(&mut self, reason: Reason) {
        self.received += 1;
        *self.rejected.entry(reason).or_default() += 1;
    }

    /// All refused.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Whether the identity holds.
    pub fn balances(&self) -> bool {
        self.received == self.stored + self.duplicate + self.rejected_total()
    }

    /// Adds another account to this one.
    pub fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.stored += other.stored;
        self.duplicate += other.duplicate;
        self.fields_dropped += other.fields_dropped;
        for (reason, count) in &other.rejected {
            *self.rejected.entry(*reason).or_default() += count;
        }
    }
}
