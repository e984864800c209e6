//! `[[purpose]]`: which roles may ask which feeds, and why.

use city::{FeedId, Purpose};

use super::file::CityFile;
use super::{Checker, Feed};

impl Checker<'_> {
    /// The purposes; each names roles and feeds that the city has.
    pub(super) fn purposes(&mut self, tables: &CityFile, feeds: &[Feed]) -> Vec<Purpose> {
        let known: &[String] = tables.city.as_ref().map(|city| city.value.roles.as_slice()).unwrap_or_default();
        let mut purposes: Vec<Purpose> = Vec::new();
        for placed in &tables.purposes {
            let written = &placed.value;
            if purposes.iter().any(|purpose| purpose.id == written.id) {
                self.say(&placed.span, format!("purpose {:?}: expected each id once", written.id));
            }
            for role in written.roles.iter().filter(|role| !known.contains(role)) {
                let message =
                    format!("purpose {:?}: {role:?} is no role of this city: {}", written.id, known.join(", "));
                self.say(&placed.span, message);
            }
            let of: Vec<FeedId> = written.feeds.iter().map(|feed| FeedId::new(feed)).collect();
            for feed in of.iter().filter(|feed| !feeds.iter().any(|known| known.contract.feed == **feed)) {
                self.say(&placed.span, format!("purpose {:?}: there is no feed \"{feed}\"", written.id));
            }
            purposes.push(Purpose {
                id: written.id.clone(),
                words: written.words.clone(),
                roles: written.roles.clone(),
                feeds: of,
            });
        }
        purposes
    }
}
