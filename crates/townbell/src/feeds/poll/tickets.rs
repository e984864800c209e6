//! Tickets of residents' requests: the keyed digest of what a server calls its `service_request_id`. Enough to tell two
//! requests apart, and nothing else: the id is a foreign text, and some are telephone numbers or dates of birth.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use anyhow::{Context as _, ensure};
use city::{FeedId, ServiceRequestId};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::config::private_file;

/// The key in a data folder. Without it nobody can try telephone numbers until a digest fits; when it is lost, the
/// requests of the last week count once more.
const FILE: &str = "ticket-key";
/// As long as what it keys: HMAC-SHA-256 (RFC 2104, 3).
const KEY_BYTES: usize = 32;
/// Bytes of the digest that are kept: no two of a city's tickets are alike in them.
const TICKET_BYTES: usize = 16;

/// Makes tickets.
pub(super) struct Tickets(hmac::Key);

impl Tickets {
    /// With the key of a data folder, which is made where there is none.
    ///
    /// # Errors
    /// When the key cannot be read or kept, or is no key.
    pub(super) fn open(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(FILE);
        let key = read_or_make(&path).with_context(|| format!("{} cannot be read or made", path.display()))?;
        ensure!(
            key.len() == KEY_BYTES,
            "{} is no key: {KEY_BYTES} bytes expected, {} found",
            path.display(),
            key.len()
        );
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The ticket of a request.
    pub(super) fn of(&self, feed: &FeedId, id: &ServiceRequestId) -> ServiceRequestId {
        let mut digest = hmac::Context::with_key(&self.0);
        digest.update(feed.as_str().as_bytes());
        // No id of a feed has a null in it.
        digest.update(&[0]);
        digest.update(id.as_str().as_bytes());
        let bytes = digest.sign();
        let mut hex = String::with_capacity(2 * TICKET_BYTES);
        for byte in bytes.as_ref().iter().take(TICKET_BYTES) {
            // invariant: writing to a text cannot fail.
            let _written = write!(hex, "{byte:02x}");
        }
        ServiceRequestId::new(&hex)
    }
}

fn read_or_make(path: &Path) -> io::Result<Vec<u8>> {
    let mut key = Vec::new();
    match File::open(path) {
        Ok(file) => {
            file.take(KEY_BYTES as u64 + 1).read_to_end(&mut key)?;
            return Ok(key);
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Err(_) => {}
    }
    key.resize(KEY_BYTES, 0);
    SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("no random numbers"))?;
    private_file::write(path, &key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_the_same_after_a_restart_and_another_elsewhere() {
        let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let ticket = |folder: &Path, feed: &str, id: &str| {
            Tickets::open(folder).expect("a key").of(&feed.into(), &ServiceRequestId::new(id)).to_string()
        };
        let known = ticket(here.path(), "requests", "5551999887766");
        assert_eq!(known, ticket(here.path(), "requests", "5551999887766"));
        assert!(known.len() == 32 && !known.contains("999887766"));
        assert_ne!(known, ticket(there.path(), "requests", "5551999887766"), "another key");
        assert_ne!(known, ticket(here.path(), "others", "5551999887766"));
        assert_ne!(known, ticket(here.path(), "requests", "5551999887767"));
        std::fs::write(here.path().join(FILE), "short").expect("written");
        assert!(Tickets::open(here.path()).is_err());
    }
}
