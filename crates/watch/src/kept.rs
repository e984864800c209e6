//! What the engine's snapshot is made of, for the census of everything that is kept.

use serde::Deserialize;

use crate::anomaly;
use crate::figure::Memory;
use crate::jobs::Job;
use crate::plan::Part;
use crate::requests::Counted;
use crate::state::State;
use crate::truth::Truth;

/// Takes note of a type that is kept.
pub trait Census {
    /// Why a type could not be taken note of.
    type Error;

    /// Takes note of one, with everything inside it.
    ///
    /// # Errors
    /// When the type cannot be read.
    fn add<T: Deserialize<'static>>(&mut self) -> Result<(), Self::Error>;
}

/// Shows all types of the snapshot: the whole, and each choice in it by itself.
///
/// # Errors
/// The first of the census's own.
pub fn persisted<C: Census>(census: &mut C) -> Result<(), C::Error> {
    census.add::<State>()?;
    census.add::<Memory>()?;
    census.add::<Job>()?;
    census.add::<Part>()?;
    census.add::<Truth>()?;
    census.add::<Counted>()?;
    census.add::<anomaly::Season>()?;
    crate::notify::state::persisted(census)
}
