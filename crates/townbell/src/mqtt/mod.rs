//! MQTT in and out, as a client of the city's own broker (18-088 clause 14). None is embedded.
//!
//! - In: a message on `{receive_prefix}v1.1/Datastreams(1)/Observations` creates an observation, as a POST there does. Its
//!   PUBACK is sent when the observation is on the disk, so that the broker keeps what we could not.
//! - Out: when an entity is durable it is told once, as GET shows it, on a closed set of topics (see [`publish`]).
//!
//! A client cannot stop a broker from passing a device's message on to readers of the same topic, so the two ways have
//! prefixes, and the broker's listener for devices puts the first before what they send (`mount_point in/`).
//!
//! The protocol is written here (`packet`, four hundred lines with its bounds) because the clients there are for Rust do
//! not give what the promise needs: acknowledgements bound to the connection that their message came by and written many
//! at a time, and a message that is too large counted and acknowledged instead of coming again for ever.

pub mod packet;
pub mod publish;
pub mod receive;
pub mod session;
pub mod status;
pub mod town;
mod transport;

use std::path::PathBuf;

pub use publish::{Outbox, Update};
pub use receive::{Inbox, Message, Outcome};
pub use session::{Session, run};
pub use status::{Account, Counters, Link, Status};
pub use transport::TransportError;

/// Where the broker is and what it is to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttConfig {
    /// `host:port`; without a port 1883, or 8883 with TLS.
    pub broker: String,
    /// What stands before the topics that devices publish to, as in `in/`; empty when their listener puts nothing there.
    pub receive_prefix: String,
    /// What stands before the topics that readers subscribe to; mostly empty.
    pub publish_prefix: String,
    /// Under which name the broker keeps our session. It must stay the same and be nobody else's.
    pub client_id: String,
    /// TLS, when the broker is not on this machine.
    pub tls: Option<TlsConfig>,
    /// A file of two lines, user and password; read again at every connection.
    pub credentials_file: Option<PathBuf>,
    /// Topics that are served besides the closed set: those with `$select`, and long paths.
    pub topics: Vec<String>,
    /// Whether to learn such topics from the broker's log of subscriptions (Mosquitto: `log_dest topic`,
    /// `log_type subscribe`). A line of it begins with the reader's client id, which is skipped and never kept.
    pub learn_topics: bool,
}

impl MqttConfig {
    /// A broker with no prefixes, no TLS and no credentials.
    pub fn new(broker: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            broker: broker.into(),
            receive_prefix: String::new(),
            publish_prefix: String::new(),
            client_id: client_id.into(),
            tls: None,
            credentials_file: None,
            topics: Vec::new(),
            learn_topics: false,
        }
    }

    /// What is wrong with it, for whoever wrote it: the key and why. `None` when all is well.
    pub fn mistake(&self) -> Option<(&'static str, &'static str)> {
        let wild = |text: &str| text.contains(['+', '#', '\0']) || text.len() > PREFIX_BYTES_MAX;
        if transport::address(&self.broker, self.tls.is_some()).is_none() {
            Some(("broker", "is no host and port, as in \"127.0.0.1:1883\""))
        } else if wild(&self.receive_prefix) {
            Some(("receive_prefix", "is too long, or holds a wildcard of MQTT"))
        } else if wild(&self.publish_prefix) {
            Some(("publish_prefix", "is too long, or holds a wildcard of MQTT"))
        } else if self.client_id.is_empty() || self.client_id.len() > CLIENT_ID_BYTES_MAX {
            Some(("client_id", "is empty or longer than 64 bytes"))
        } else if self.topics.iter().any(|topic| sensorthings::topics::subscription(topic).is_none()) {
            Some(("topics", "holds one that is no path of SensorThings, as in \"v1.1/Observations?$select=result\""))
        } else {
            None
        }
    }
}

/// How to know the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// PEM of the authority that signed the broker's certificate; the system's authorities when missing.
    pub authority_file: Option<PathBuf>,
    /// PEM of our own certificate and key, when the broker asks who we are.
    pub identity: Option<Identity>,
}

/// A certificate of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// PEM of the certificate and what leads to its authority.
    pub certificate_file: PathBuf,
    /// PEM of its key.
    pub key_file: PathBuf,
}

/// The longest prefix, in bytes.
const PREFIX_BYTES_MAX: usize = 256;
/// The longest client id, in bytes: brokers need not take more than 23 (MQTT 5.0 clause 3.1.3.1), most take this.
const CLIENT_ID_BYTES_MAX: usize = 64;
