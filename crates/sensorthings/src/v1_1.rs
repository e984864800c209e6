//! The names that version 1.1 of SensorThings (18-088) gives to control information, and only they. Version 2.0 (23-019)
//! calls the same things `id`, `@id`, `@nextLink`: it can stand beside this file, and nothing else has to know.

pub(crate) mod body;
pub(crate) mod entity;
pub(crate) mod fields;
pub(crate) mod observation;
pub(crate) mod text;

pub use entity::observation_type;
pub use text::key_of;

/// The identifier of an entity (18-088 clause 8.1).
pub const ID: &str = "@iot.id";
/// The absolute address of an entity.
pub const SELF_LINK: &str = "@iot.selfLink";
/// The address of the next page of a collection (clause 9.3.3.7).
pub const NEXT_LINK: &str = "@iot.nextLink";
/// How many entities a collection has, all pages together (clause 9.3.3.4).
pub const COUNT: &str = "@iot.count";
/// What is put behind the name of a navigation property to name its address.
pub const NAVIGATION_LINK: &str = "@iot.navigationLink";
/// The identifier as `$filter`, `$orderby` and `$select` of the standard's examples write it.
pub const SHORT_ID: &str = "id";

/// Whether a word of a query names the identifier: `@iot.id`, and `id` as the examples of clause 9.3.3.5 have it.
pub fn is_id(word: &str) -> bool {
    word == ID || word == SHORT_ID
}

/// The member that holds the address of a navigation property, as in `Datastreams@iot.navigationLink`.
pub fn navigation_link(name: &str) -> String {
    format!("{name}{NAVIGATION_LINK}")
}

/// Writes a value, cut down to the members that were asked for (none: the whole). False, and nothing written, where
/// there is no value or none of those members.
pub(crate) fn narrowed(out: &mut Vec<u8>, members: &[Vec<Box<str>>], value: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
    if members.is_empty() {
        return value(out);
    }
    let mut whole = Vec::new();
    let Some(whole) = value(&mut whole).then(|| serde_json::from_slice(&whole).ok()).flatten() else { return false };
    let whole: serde_json::Value = whole;
    let mut kept = serde_json::Value::Null;
    for path in members {
        if let Some(found) = path.iter().try_fold(&whole, |at, member| at.get(&**member)) {
            place(&mut kept, path, found.clone());
        }
    }
    if !kept.is_null() {
        // Writing into memory cannot fail.
        let _ = serde_json::to_writer(&mut *out, &kept);
    }
    !kept.is_null()
}

/// Puts a value at the end of a path of members, making the objects on the way.
fn place(at: &mut serde_json::Value, path: &[Box<str>], value: serde_json::Value) {
    let Some((first, rest)) = path.split_first() else {
        *at = value;
        return;
    };
    if !at.is_object() {
        *at = serde_json::Value::Object(serde_json::Map::new());
    }
    if let Some(object) = at.as_object_mut() {
        place(object.entry(&**first).or_insert(serde_json::Value::Null), rest, value);
    }
}
