//! JSON, written straight into bytes: objects, lists, texts. Numbers and times are in [`crate::digits`].

/// A JSON object that is being written.
pub struct Object<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Opens it.
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes a name, which needs no escapes, and leaves the value to the caller.
    pub fn key(&mut self, parts: &[&str]) -> &mut Vec<u8> {
        self.out.extend_from_slice(if self.empty { b"\"" } else { b",\"" });
        self.empty = false;
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// Writes a member if `value` writes one: it says whether there is one.
    pub fn member(&mut self, parts: &[&str], value: impl FnOnce(&mut Vec<u8>) -> bool) {
        let (length, empty) = (self.out.len(), self.empty);
        if !value(self.key(parts)) {
            self.out.truncate(length);
            self.empty = empty;
        }
    }

    /// Closes it.
    pub fn close(self) {
        self.out.push(b'}');
    }
}

/// A list, item by item.
pub fn list<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut item: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (at, one) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        item(out, one);
    }
    out.push(b']');
}

/// A text in quotes.
pub fn text(out: &mut Vec<u8>, text: &str) {
    // Writing into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}
