//! A store that breaks its promise, for the test that proves that the promise is kept: it has to see this one lose. Not
//! in a release build.

use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// Commits are no more synced to the disk one by one.
    #[doc(hidden)]
    pub fn stop_syncing(&mut self) -> Result<(), StoreError> {
        Ok(self.read.connection.pragma_update(None, "synchronous", "NORMAL")?)
    }
}
