//! What is told of each entity of one collection: worked out once from `$select` and `$expand`, not for every row.

use crate::model::{EntityType, Navigation, Property};
use crate::query::{Expand, Selection};

/// A property, and the ways into it that were asked for; none: the whole of it.
pub(crate) struct Field {
    pub(crate) property: Property,
    pub(crate) members: Vec<Vec<Box<str>>>,
}

/// What is told of an entity.
pub(crate) struct Fields {
    pub(crate) self_link: bool,
    /// In the order of the model.
    pub(crate) properties: Vec<Field>,
    /// The addresses of related entities, those that are told in full left out.
    pub(crate) links: Vec<Navigation>,
}

impl Fields {
    /// Without `$select` everything; with it what it names.
    ///
    /// The identifier is told in any case. Clause 9.3.2.1 neither asks for that nor forbids it; FROST leaves it out, and
    /// clients then hold entities that they cannot name.
    pub(crate) fn new(entity: EntityType, select: &[Selection], expand: &[Expand]) -> Self {
        let all = select.is_empty();
        let is_expanded = |navigation: Navigation| expand.iter().any(|expand| expand.navigation == navigation);
        let links = entity.row().navigations.iter().map(|row| row.navigation);
        let links = links.filter(|link| all || select.contains(&Selection::Navigation(*link)));
        let properties = entity.row().properties.iter().filter_map(|row| field(row.property, select));
        Self {
            self_link: all || select.contains(&Selection::Property(Property::SelfLink, Vec::new())),
            properties: properties.collect(),
            links: links.filter(|link| !is_expanded(*link)).collect(),
        }
    }
}

fn field(property: Property, select: &[Selection]) -> Option<Field> {
    if select.is_empty() {
        return Some(Field { property, members: Vec::new() });
    }
    let mut asked = select.iter().filter_map(|item| match item {
        Selection::Property(asked, members) if *asked == property => Some(members.clone()),
        _ => None,
    });
    let first = asked.next()?;
    let mut members: Vec<Vec<Box<str>>> = std::iter::once(first).chain(asked).collect();
    if members.iter().any(Vec::is_empty) {
        members.clear();
    }
    Some(Field { property, members })
}
