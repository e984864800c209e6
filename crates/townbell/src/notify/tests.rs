//! A notification for the tests of the senders.

use city::{AlertId, Notification, NotificationReason, Severity};

/// One with this key.
pub(in crate::notify) fn call(key: &str) -> Notification {
    Notification {
        key: key.to_owned(),
        alert: Some(AlertId("lake-rises~datastream:1~1714446000000".into())),
        reason: NotificationReason::Opened,
        role: "duty_officer".to_owned(),
        channel: "desk".to_owned(),
        at: "2024-04-30T12:00:00Z".parse().expect("a time"),
        step: 0,
        severity: Severity::Severe,
        title: "Lago Guaíba will pass 3.0 m about 13:00".to_owned(),
        text: "2.41 m, rising 5 cm an hour.\nThe quay floods.\nClose the gates.".to_owned(),
    }
}
