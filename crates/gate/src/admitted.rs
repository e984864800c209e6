//! The seal on what passed the gate.

use std::ops::Deref;

use serde::Serialize;

/// A value that passed the gate. Its field is private, nothing outside this crate can make one, and it cannot be
/// read back from bytes: what the store takes has been through [`crate::Gate::admit`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Admitted<T>(T);

impl<T> Admitted<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself; the seal is gone for good.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> AsRef<T> for Admitted<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

impl<T> Deref for Admitted<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
