//! One level of a query, made ready before the first row is read: the collection that the path names, or one that
//! `$expand` names.

use super::limits::ROWS_ORDERED_MAX;
use super::scope::Scope;
use super::source::{Node, Part, Walk};
use super::view::View;
use crate::evaluate::{Order, Prepared};
use crate::model::{EntityType, Navigation, Property};
use crate::problem::Problem;
use crate::query::{Options, ResultFormat};
use crate::v1_1::fields::Fields;

/// What is asked of one collection, and of those behind it.
pub(crate) struct Level<'q> {
    pub(crate) entity: EntityType,
    pub(crate) options: &'q Options,
    pub(crate) fields: Fields,
    pub(crate) expand: Vec<(Navigation, Level<'q>)>,
    pub(crate) sorting: Sorting,
    filter: Option<Prepared>,
}

/// In which order a collection is told.
pub(crate) enum Sorting {
    /// As it is kept: a page costs what is on it.
    Kept(Walk),
    /// Everything is looked at, and the first ones are kept.
    Keys(Order),
}

impl<'q> Level<'q> {
    /// Checks the options of a collection; `page_max` is how many entities a page of it has at most.
    pub(crate) fn collection(
        entity: EntityType,
        options: &'q Options,
        scope: &Scope<'_>,
        page_max: (usize, usize),
    ) -> Result<Self, Problem> {
        let sorting = sorting(entity, Order::prepare(&options.order, scope.now));
        let top = options.top.unwrap_or(u64::MAX).min(page_max.0 as u64);
        if matches!(sorting, Sorting::Keys(_)) && options.skip.unwrap_or(0).saturating_add(top) > ROWS_ORDERED_MAX {
            return Err(Problem::malformed(format!(
                "$skip and $top: in this order at most {ROWS_ORDERED_MAX} entities together; narrow the $filter, or order by phenomenonTime or by id"
            )));
        }
        let filter = options.filter.as_ref().map(|filter| filter.prepare(scope.now));
        Self::new(entity, options, scope, page_max.1, sorting, filter)
    }

    /// Checks the options of a single entity.
    pub(crate) fn single(
        entity: EntityType,
        options: &'q Options,
        scope: &Scope<'_>,
        expand_page_max: usize,
    ) -> Result<Self, Problem> {
        let Options { filter, order, top, skip, count, result_format, .. } = options;
        let for_many = filter.is_some() || !order.is_empty() || count.is_some() || top.or(*skip).is_some();
        if for_many || result_format.is_some_and(|format| format != ResultFormat::Csv) {
            return Err(Problem::malformed(format!(
                "$filter, $orderby, $top, $skip, $count and $resultFormat are for collections, and this is one {}",
                entity.name()
            )));
        }
        let sorting = Sorting::Kept(Walk::ById { descending: false });
        Self::new(entity, options, scope, expand_page_max, sorting, None)
    }

    fn new(
        entity: EntityType,
        options: &'q Options,
        scope: &Scope<'_>,
        expand_page_max: usize,
        sorting: Sorting,
        filter: Option<Prepared>,
    ) -> Result<Self, Problem> {
        let expand = options.expand.iter().map(|expand| {
            let target = expand.navigation.target();
            let level = if expand.navigation.is_many() {
                Level::collection(target, &expand.options, scope, (expand_page_max, expand_page_max))
            } else {
                Level::single(target, &expand.options, scope, expand_page_max)
            };
            Ok((expand.navigation, level?))
        });
        let expand = expand.collect::<Result<_, Problem>>()?;
        let fields = Fields::new(entity, &options.select, &options.expand);
        Ok(Self { entity, options, fields, expand, sorting, filter })
    }

    /// Whether nothing is left out.
    pub(crate) fn takes_all(&self) -> bool {
        self.filter.is_none()
    }

    /// Which part of the collection has to be looked at.
    pub(crate) fn part(&self) -> Part {
        let Some(filter) = &self.filter else { return Part::within(&crate::evaluate::Bounds::ALL) };
        let mut part = Part::within(&filter.bounds());
        if self.entity == EntityType::Observation {
            part.datastreams = filter.bounds_of(&[Navigation::Datastream]).ids;
        }
        part
    }

    /// The entity, if the filter is true of it.
    pub(crate) fn take<'a>(&self, scope: &Scope<'a>, node: Node<'a>) -> Option<Node<'a>> {
        let Some(filter) = &self.filter else { return Some(node) };
        let view = View { scope, node };
        match filter.matches(&view, &scope.budget) {
            Ok(true) => Some(view.node),
            Ok(false) => None,
            Err(exhausted) => {
                scope.fail(Problem::too_wide(exhausted.to_string()));
                None
            }
        }
    }
}

/// The order of the store where it is the one that is asked for.
fn sorting(entity: EntityType, order: Order) -> Sorting {
    let keys = order.properties();
    let kept = match keys.as_deref() {
        Some([]) => Some(Walk::ById { descending: false }),
        Some([(Property::Id, descending)]) => Some(Walk::ById { descending: *descending }),
        Some([(Property::PhenomenonTime, descending)]) if entity == EntityType::Observation => {
            Some(Walk::ByTime { descending: *descending })
        }
        Some([(Property::PhenomenonTime, descending), (Property::Id, same)])
            if entity == EntityType::Observation && descending == same =>
        {
            Some(Walk::ByTime { descending: *descending })
        }
        _ => None,
    };
    kept.map_or(Sorting::Keys(order), Sorting::Kept)
}
