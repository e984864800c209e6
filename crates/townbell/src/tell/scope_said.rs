//! What is wrong with the scope of a silence as it was sent, in words that say what would be right. Nothing that was
//! sent is repeated.

use city::Severity;
use serde_json::Value;

use super::nearest::nearest;

const LISTS: [&str; 3] = ["rules", "subjects", "feeds"];
const WHOLE: &str = r#"expected {"rules": ["lake-high"], "subjects": [], "feeds": [], "severity_at_most": "minor"}, an empty list is any"#;

/// What would be right; `None` where it can be read.
pub(super) fn fault(scope: Option<&Value>) -> Option<String> {
    let Some(scope) = scope else { return Some(format!("scope: it is missing; {WHOLE}")) };
    let Some(parts) = scope.as_object() else { return Some(format!("scope: {WHOLE}")) };
    let known = || LISTS.into_iter().chain(["severity_at_most"]);
    if let Some(other) = parts.keys().find(|key| !known().any(|part| part == key.as_str())) {
        let meant = nearest(other, known()).map_or_else(String::new, |near| format!("; the nearest is `{near}`"));
        return Some(format!("scope: one of its parts is none{meant}; {WHOLE}"));
    }
    for list in LISTS {
        let Some(names) = parts.get(list) else { return Some(format!("scope: `{list}` is missing; {WHOLE}")) };
        if !names.as_array().is_some_and(|names| names.iter().all(Value::is_string)) {
            return Some(format!("scope: `{list}` should be a list of names; {WHOLE}"));
        }
    }
    let severity = parts.get("severity_at_most").and_then(Value::as_str);
    let is_severity = severity.is_some_and(|name| Severity::ALL.into_iter().any(|known| known.name() == name));
    let expected = "scope: `severity_at_most` should be info, minor, moderate, severe or extreme";
    (!is_severity).then(|| expected.to_owned())
}
