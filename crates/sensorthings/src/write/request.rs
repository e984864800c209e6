//! The requests themselves: method, path, body.

use serde_json::Value;

use super::address::Address;
use super::body::{json, linked};
use super::draft::Draft;
use super::field::Field;
use super::plan::{Plan, Target};
use super::rules::Rules;
use super::update::Change;
use crate::catalogue::Catalogue;
use crate::problem::Problem;
use crate::series::Series;

/// POST: creates what the body has, with all that is in it, or links it (18-088 clause 10.2). `path` is relative to the
/// service root, without its query.
pub fn post(catalogue: &Catalogue, rules: &Rules<'_>, path: &str, body: &[u8]) -> Result<Plan, Problem> {
    let mut draft = Draft::new(catalogue, rules);
    let target = draft.post(path, &json(body)?)?;
    Ok(draft.finish(Some(target)))
}

/// PATCH, PUT and PATCH with JSON Patch (18-088 clause 10.3).
pub fn update(
    catalogue: &Catalogue,
    series: &dyn Series,
    rules: &Rules<'_>,
    path: &str,
    body: &[u8],
    change: Change,
) -> Result<Plan, Problem> {
    let mut draft = Draft::new(catalogue, rules);
    let target = draft.change_at(series, path, &json(body)?, change)?;
    Ok(draft.finish(Some(target)))
}

/// DELETE of one entity with what cannot be without it, or of a link (18-088 clause 10.4).
pub fn delete(catalogue: &Catalogue, series: &dyn Series, rules: &Rules<'_>, path: &str) -> Result<Plan, Problem> {
    let mut draft = Draft::new(catalogue, rules);
    draft.delete_at(series, path)?;
    Ok(draft.finish(None))
}

impl Draft<'_> {
    /// [`post`] as one of several requests.
    pub fn post(&mut self, path: &str, value: &Value) -> Result<Target, Problem> {
        let address = self.walk(path)?;
        if address.reference {
            return self.put_link(address, value);
        }
        if address.one.is_some() {
            return Err(Problem::method("expected a collection, as Things or Things(1)/Datastreams"));
        }
        match address.owner {
            None => self.create(address.entity, value, &Field::Body, None),
            Some((kind, id, navigation)) => {
                let back = crate::model::EntityType::from(kind).inverse(navigation);
                // invariant: every relation can be walked back.
                let back = back.ok_or_else(|| Problem::internal("a relation without a way back"))?;
                self.attach(navigation, value, &Field::Body, (back, &id))
            }
        }
    }

    /// [`update`] as one of several requests.
    pub fn change_at(
        &mut self,
        series: &dyn Series,
        path: &str,
        value: &Value,
        change: Change,
    ) -> Result<Target, Problem> {
        let address = self.walk(path)?;
        if address.reference {
            if change == Change::Replace {
                return self.put_link(address, value);
            }
            return Err(Problem::method("a link is set with PUT or POST"));
        }
        let Some(one) = address.one else {
            return Err(Problem::method("expected one entity, as Things(1)"));
        };
        self.update(series, one, value, change)
    }

    /// [`delete`] as one of several requests.
    pub fn delete_at(&mut self, series: &dyn Series, path: &str) -> Result<(), Problem> {
        let address = self.walk(path)?;
        if address.reference {
            return self.unlink(address);
        }
        let Some(one) = address.one else {
            return Err(Problem::method("a collection is not deleted whole; delete its entities one by one"));
        };
        self.remove(series, one)
    }

    /// POST or PUT of `$ref`: links the entity whose id the body has.
    fn put_link(&mut self, address: Address, value: &Value) -> Result<Target, Problem> {
        let Some((kind, id, navigation)) = address.owner else {
            return Err(Problem::method("expected a link, as Things(1)/Locations/$ref"));
        };
        if navigation.is_many() && address.one.is_some() {
            return Err(Problem::method("a link to one of many is added to the collection"));
        }
        let field = Field::Body;
        let expected = || Problem::malformed("expected a link, as {\"@iot.id\": 1}");
        let other = linked(value, &field)?.ok_or_else(expected)?;
        let other = self.link(navigation.target(), other, &field)?;
        self.join(kind, &id, navigation, &other, &field)?;
        Ok(Target::Entity(kind, id))
    }
}
