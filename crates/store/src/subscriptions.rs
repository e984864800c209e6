//! Browsers that a role has asked to be told at. A subscription is a browser's address at its push service and two
//! keys of it; there is no name in it, and it is gone when nobody renews it.

use city::Time;
use rusqlite::{Connection, params};

use crate::codec::{signed, time};
use crate::error::StoreError;
use crate::reader::Reader;
use crate::store::Store;

/// Subscriptions that are kept of one role on one channel; the one that would end first goes for a new one. A role has
/// a handful of browsers.
pub const SUBSCRIPTIONS_PER_ROLE_MAX: usize = 50;

/// A browser's subscription (W3C Push API, 8).
#[derive(Clone, PartialEq, Eq)]
pub struct PushSubscription {
    /// Its address at the browser's push service.
    pub endpoint: String,
    /// The channel that it belongs to.
    pub channel: String,
    /// The role that is told there.
    pub role: String,
    /// The browser's key, P-256, 65 bytes uncompressed.
    pub public_key: Vec<u8>,
    /// The secret that it shares with us, 16 bytes.
    pub secret: Vec<u8>,
    /// When it ends, unless it is renewed.
    pub until: Time,
}

impl std::fmt::Debug for PushSubscription {
    /// Without its address and its keys: who has them can send to the browser.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PushSubscription of {} on {} until {}", self.role, self.channel, self.until)
    }
}

impl Store {
    /// Keeps a subscription, or renews it.
    pub fn subscribe(&mut self, subscription: &PushSubscription) -> Result<(), StoreError> {
        self.at_any_cost(|store| {
            let PushSubscription { endpoint, channel, role, public_key, secret, until } = subscription;
            let transaction = store.read.connection.transaction()?;
            let text = "INSERT INTO push_subscription (endpoint, channel, role, public_key, secret, until_ms) \
                        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (endpoint) DO UPDATE SET channel = excluded.channel, \
                        role = excluded.role, public_key = excluded.public_key, secret = excluded.secret, \
                        until_ms = excluded.until_ms";
            let values = params![endpoint, channel, role, public_key, secret, until.ms()];
            transaction.prepare_cached(text)?.execute(values)?;
            let text = "DELETE FROM push_subscription WHERE endpoint IN (SELECT endpoint FROM push_subscription \
                        WHERE channel = ?1 AND role = ?2 AND endpoint <> ?3 ORDER BY until_ms DESC LIMIT -1 OFFSET ?4)";
            let others = signed(SUBSCRIPTIONS_PER_ROLE_MAX as u64 - 1);
            transaction.prepare_cached(text)?.execute(params![channel, role, endpoint, others])?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Takes subscriptions away.
    pub fn unsubscribe(&mut self, endpoints: &[String]) -> Result<(), StoreError> {
        self.at_any_cost(|store| {
            let transaction = store.read.connection.transaction()?;
            for endpoint in endpoints {
                let text = "DELETE FROM push_subscription WHERE endpoint = ?1";
                transaction.prepare_cached(text)?.execute([endpoint])?;
            }
            transaction.commit()?;
            Ok(())
        })
    }
}

/// Takes away those that ended.
pub(crate) fn expire(connection: &Connection, now: Time) -> Result<u64, StoreError> {
    let text = "DELETE FROM push_subscription WHERE until_ms < ?1";
    Ok(connection.prepare_cached(text)?.execute([now.ms()])? as u64)
}

impl Reader {
    /// Where a role is told at `now`, on a channel.
    pub fn subscriptions(&self, channel: &str, role: &str, now: Time) -> Result<Vec<PushSubscription>, StoreError> {
        let text = "SELECT endpoint, public_key, secret, until_ms FROM push_subscription \
                    WHERE channel = ?1 AND role = ?2 AND until_ms >= ?3 ORDER BY endpoint";
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query(params![channel, role, now.ms()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(PushSubscription {
                endpoint: row.get(0)?,
                channel: channel.to_owned(),
                role: role.to_owned(),
                public_key: row.get(1)?,
                secret: row.get(2)?,
                until: time(|| "push_subscription".to_owned(), row.get(3)?)?,
            });
        }
        Ok(found)
    }
}
