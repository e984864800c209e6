//! `[mqtt]`: the city's broker.

use std::path::Path;

use super::Checker;
use super::file::{MqttText, Placed};
use crate::mqtt::{MqttConfig, TlsConfig};

/// Name of our session at a broker, when the city gives it none.
const MQTT_CLIENT_ID: &str = "townbell";

impl Checker<'_> {
    pub(super) fn mqtt(&mut self, folder: &Path, Placed { value: text, span }: &Placed<MqttText>) -> MqttConfig {
        let authority_file = text.authority_file.as_ref().map(|file| folder.join(file));
        let tls = if text.tls || authority_file.is_some() {
            Some(TlsConfig { authority_file, identity: None })
        } else {
            None
        };
        let config = MqttConfig {
            receive_prefix: text.receive_prefix.clone(),
            publish_prefix: text.publish_prefix.clone(),
            tls,
            credentials_file: text.credentials_file.as_ref().map(|file| folder.join(file)),
            topics: text.topics.clone(),
            learn_topics: text.learn_topics,
            ..MqttConfig::new(text.broker.as_str(), text.client_id.as_deref().unwrap_or(MQTT_CLIENT_ID))
        };
        if let Some((key, why)) = config.mistake() {
            self.say(span, format!("{key}: {why}"));
        }
        config
    }
}
