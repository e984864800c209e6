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

#[cfg(test)]
mod tests {
    use city::Record;
    use serde::de::DeserializeOwned;

    use super::Admitted;

    /// Has two answers, and so no answer, for a type that can be read back from bytes.
    trait Unreadable<A> {
        fn holds() {}
    }
    struct Readable;
    impl<T: ?Sized> Unreadable<()> for T {}
    impl<T: DeserializeOwned> Unreadable<Readable> for T {}

    #[test]
    fn an_admitted_cannot_be_read_back_from_bytes() {
        // Does not compile any more when `Admitted` gets a `Deserialize`.
        <Admitted<Record> as Unreadable<_>>::holds();
    }
}
