//! A unique word for every text field of every feed, the documents of a foreign city that carry them, and the search
//! that finds them again.
#![allow(unreachable_pub, clippy::expect_used, reason = "a test says what it expected")]

mod documents;
mod realtime;
pub mod search;
mod sensing;

pub use sensing::KEPT_OF_STATIONS;

use std::cell::RefCell;

use crate::server::bytes;

/// A word in a field.
pub struct Planted {
    /// The word: letters only, so that it passes for an id, a name and a text, and no scan stops it.
    pub word: String,
    /// The field.
    pub field: String,
}

/// All words that were planted.
#[derive(Default)]
pub struct Canaries(RefCell<Vec<Planted>>);

impl Canaries {
    /// A new word for a field.
    pub fn plant(&self, field: &str) -> String {
        let mut all = self.0.borrow_mut();
        assert!(all.iter().all(|planted| planted.field != field), "{field} is planted twice");
        let letter =
            |place: u32| char::from(b'A' + u8::try_from(all.len() / 26_usize.pow(place) % 26).expect("a letter"));
        let word = format!("CNRY{}{}{}Z", letter(2), letter(1), letter(0));
        all.push(Planted { word: word.clone(), field: field.to_owned() });
        word
    }

    /// All of them.
    pub fn all(&self) -> std::cell::Ref<'_, Vec<Planted>> {
        self.0.borrow()
    }

    fn text(&self, tag: u32, field: &str) -> Vec<u8> {
        bytes(tag, self.plant(field))
    }

    /// A message with what no schema has: the extension 1001 of New York, and an unknown field with one inside.
    fn open(&self, at: &str, parts: &[Vec<u8>]) -> Vec<u8> {
        let mut out = parts.concat();
        out.extend(self.text(1001, &format!("{at}.[1001]")));
        out.extend(bytes(8999, self.text(1, &format!("{at}.[8999].1"))));
        out
    }
}
