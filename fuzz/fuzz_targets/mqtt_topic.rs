//! Any topic is read or refused; what is taken is a path of the model, short, and means the same when it is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sensorthings::topics::{self, SEGMENTS_MAX, SELECTED_MAX, TOPIC_BYTES_MAX, VERSION};

fuzz_target!(|data: &[u8]| {
    let Ok(topic) = std::str::from_utf8(data) else { return };
    if let Some(path) = topics::creation(topic) {
        assert!(path.ends_with("Observations") && !path.contains(['?', '+', '#', '\0', ' ']), "{path}");
        assert!(path.len() <= TOPIC_BYTES_MAX && path.split('/').count() <= SEGMENTS_MAX);
        // Where one can write, one can also listen.
        assert!(topics::subscription(topic).is_some());
    }
    if let Some(subscription) = topics::subscription(topic) {
        assert_eq!(subscription.topic, topic);
        assert!(subscription.select.len() <= SELECTED_MAX);
        assert!(topic.contains(&subscription.path));
        let shortest = topics::subscription(&format!("{VERSION}{}", subscription.path)).expect("a path of the model");
        assert_eq!(shortest.path, subscription.path);
    }
});
