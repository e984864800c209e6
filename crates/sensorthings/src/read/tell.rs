//! Entities as JSON with what `$expand` puts into them.

use std::cell::Cell;

use super::level::Level;
use super::limits::{ENTITIES_TOLD_HARD_MAX, ENTITIES_TOLD_MAX};
use super::page::{Page, next_link};
use super::scope::Scope;
use super::source::{Node, Source};
use super::token::After;
use crate::model::{EntityType, Navigation};
use crate::problem::Problem;
use crate::v1_1::text::{self, Object};
use crate::v1_1::{self, entity, observation};

/// Bytes that an observation takes when everything is told of it.
const NODE_BYTES: usize = 440;

/// Writes the entities of one answer and counts them.
pub(crate) struct Teller<'s, 'a> {
    pub(crate) scope: &'s Scope<'a>,
    pub(crate) expand_page_max: usize,
    told: Cell<u64>,
}

/// One page as it was told.
pub(crate) struct Told {
    /// The address of the next page.
    pub(crate) next_link: Option<String>,
    /// How many there are on all pages, where that was asked for.
    pub(crate) count: Option<u64>,
}

impl<'s, 'a> Teller<'s, 'a> {
    pub(crate) fn new(scope: &'s Scope<'a>, expand_page_max: usize) -> Self {
        Self { scope, expand_page_max, told: Cell::new(0) }
    }

    /// One entity with what it is expanded by.
    pub(crate) fn node(&self, out: &mut Vec<u8>, node: &Node<'a>, level: &Level<'_>) -> Result<(), Problem> {
        self.told.set(self.told.get() + 1);
        if self.told.get() > ENTITIES_TOLD_HARD_MAX {
            return Err(Problem::malformed(format!(
                "$expand: one answer has at most {ENTITIES_TOLD_HARD_MAX} entities; give its levels a $top"
            )));
        }
        let scope = self.scope;
        let mut object = Object::open(out);
        match node {
            Node::Entity(entity_type, entity) => {
                entity::members(&mut object, scope.base, (*entity_type, entity), &level.fields, scope);
            }
            Node::Observation(row) => {
                let kind = scope.observation_type(row.observation.datastream);
                observation::members(&mut object, scope.base, row, kind, &level.fields);
            }
        }
        for (navigation, inner) in &level.expand {
            self.expanded(&mut object, node, *navigation, inner)?;
        }
        object.close();
        Ok(())
    }

    fn expanded(
        &self,
        object: &mut Object<'_>,
        node: &Node<'a>,
        navigation: Navigation,
        level: &Level<'_>,
    ) -> Result<(), Problem> {
        let name = navigation.name();
        if !navigation.is_many() {
            return match node.one(self.scope, navigation) {
                Some(one) => self.node(object.key(&[name]), &one, level),
                None => Ok(()),
            };
        }
        let Some(source) = node.many(navigation) else { return Ok(()) };
        let mut address = Vec::new();
        address_of(&mut address, self.scope.base, node);
        address.push(b'/');
        address.extend_from_slice(name.as_bytes());
        let page = Page::read(self.scope, &source, level, None, self.expand_page_max)?;
        let told = self.page(object.key(&[name]), &page, level, &address, false)?;
        told.members(object, name);
        Ok(())
    }

    /// The list of a page; `may_end` says whether it may end early when the answer has grown large.
    pub(crate) fn page(
        &self,
        out: &mut Vec<u8>,
        page: &Page<'a>,
        level: &Level<'_>,
        address: &[u8],
        may_end: bool,
    ) -> Result<Told, Problem> {
        // Told once, so that a large page is not moved about while it grows.
        out.reserve(page.nodes.len() * NODE_BYTES);
        out.push(b'[');
        let mut written = 0;
        for node in &page.nodes {
            if written > 0 {
                if may_end && self.told.get() >= ENTITIES_TOLD_MAX {
                    break;
                }
                out.push(b',');
            }
            self.node(out, node, level)?;
            written += 1;
        }
        out.push(b']');
        let next = page.next(written).map(|next| next_link(self.scope, address, level.options, &next));
        Ok(Told { next_link: next, count: page.count })
    }

    /// A whole collection.
    pub(crate) fn collection(
        &self,
        out: &mut Vec<u8>,
        source: &Source<'a>,
        level: &Level<'_>,
        (address, after): (&[u8], Option<After>),
        page_max: usize,
    ) -> Result<Told, Problem> {
        let page = Page::read(self.scope, source, level, after, page_max)?;
        let mut object = Object::open(out);
        let told = self.page(object.key(&["value"]), &page, level, address, true)?;
        told.members(&mut object, "");
        object.close();
        self.scope.check()?;
        Ok(told)
    }
}

impl Told {
    /// Count and next link, behind the list that `name` names.
    pub(crate) fn members(&self, object: &mut Object<'_>, name: &str) {
        if let Some(count) = self.count {
            text::integer(object.key(&[name, v1_1::COUNT]), i64::try_from(count).unwrap_or(i64::MAX));
        }
        if let Some(link) = &self.next_link {
            text::text(object.key(&[name, v1_1::NEXT_LINK]), link);
        }
    }
}

/// The address of an entity.
pub(crate) fn address_of(out: &mut Vec<u8>, base: &str, node: &Node<'_>) {
    match node {
        Node::Entity(entity_type, entity) => entity::link(out, base, *entity_type, &entity.id),
        Node::Observation(row) => {
            out.extend_from_slice(base.as_bytes());
            out.push(b'/');
            out.extend_from_slice(EntityType::Observation.set().as_bytes());
            out.extend_from_slice(b"('");
            text::key(out, &row.key());
            out.extend_from_slice(b"')");
        }
    }
}
