//! Exports: a query as long as it is, bite by bite, in bounded memory. Between two bites nothing is held, neither a lock
//! on the catalogue nor an open series: whoever takes it may be as slow as it likes.

use city::{Observations, Time};

use super::csv::{columns, header, line};
use super::data_array::parquet_is_for;
use super::level::{Level, Sorting};
use super::limits::{BATCH_ROWS, CHUNK_ROWS};
use super::page::Page;
use super::resolve::{Found, missing, resolve};
use super::scope::Scope;
use super::source::Node;
use super::token::After;
use super::{Context, JSON};
use crate::catalogue::Catalogue;
use crate::model::{EntityType, Navigation, Property};
use crate::path::{EntityPath, Part, Resource};
use crate::problem::Problem;
use crate::query::{Options, ResultFormat, Selection};
use crate::series::Series;
use crate::v1_1;

/// An export that is under way.
#[derive(Clone, Debug)]
pub struct Export {
    path: EntityPath,
    options: Options,
    base: String,
    now: Time,
    /// Rows that are still to come, at most.
    left: u64,
    after: Option<After>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Going,
    Done,
}

impl Export {
    /// Checks the whole query. `$top` bounds the whole export; pages are not asked for.
    pub fn new(
        catalogue: &Catalogue,
        series: &dyn Series,
        context: &Context<'_>,
        path: &str,
        query: &str,
    ) -> Result<Self, Problem> {
        let resource = Resource::parse(path).map_err(|error| Problem::not_found(error.to_string()))?;
        let Resource::Entities(path) = resource else { return Err(missing()) };
        if !path.is_collection() || path.part != Part::Whole {
            return Err(Problem::malformed(format!("an export is of a collection; ask for a single entity as {JSON}")));
        }
        let mut options = Options::parse(query, path.entity())?;
        if options.result_format == Some(ResultFormat::Parquet) && path.entity() != EntityType::Observation {
            return Err(parquet_is_for(path.entity()));
        }
        options.check_as_of(path.entity())?;
        let left = options.top.take().unwrap_or(u64::MAX);
        options.count = None;
        let (base, now) = (context.base.to_owned(), context.now);
        let export = Self { path, options, base, now, left, after: None, state: State::New };
        let scope = export.scope(catalogue, series);
        let level = export.level(&scope)?;
        if !level.expand.is_empty() {
            return Err(Problem::malformed(
                "$expand has no place in CSV and Parquet; $select=Datastream tells the related id, and JSON tells entities inside each other",
            ));
        }
        if matches!(level.sorting, Sorting::Keys(_)) {
            return Err(Problem::malformed(
                "$orderby: CSV and Parquet come in the order of id or of phenomenonTime, because they are as long as the query; sort the file, or ask for pages of JSON",
            ));
        }
        match level.options.result_format {
            Some(ResultFormat::Parquet) => can_be_batched(&level)?,
            _ => drop(columns(&level)?),
        }
        resolve(&scope, &export.path)?;
        Ok(export)
    }

    /// What `$select` names of the columns of a batch: properties, or `Datastream`. Empty: all.
    pub fn selected(&self) -> Vec<&'static str> {
        let name = |item: &Selection| match item {
            Selection::Property(Property::Id, _) => v1_1::SHORT_ID,
            Selection::Property(property, _) => property.name(),
            Selection::Navigation(navigation) => navigation.name(),
        };
        self.options.select.iter().map(name).collect()
    }

    fn scope<'a>(&'a self, catalogue: &'a Catalogue, series: &'a dyn Series) -> Scope<'a> {
        let mut scope = Scope::new(catalogue, series, &self.base, self.now);
        scope.as_of = self.options.as_of;
        scope.unbounded();
        scope
    }

    fn level(&self, scope: &Scope<'_>) -> Result<Level<'_>, Problem> {
        Level::collection(self.path.entity(), &self.options, scope, (0, 0))
    }

    /// The next lines of CSV, the first time with the header; `None` behind the last.
    pub fn next_csv(&mut self, catalogue: &Catalogue, series: &dyn Series) -> Result<Option<Vec<u8>>, Problem> {
        let is_first = self.state == State::New;
        self.bite(catalogue, series, CHUNK_ROWS, |scope, level, nodes| {
            let columns = columns(level)?;
            let mut out = Vec::new();
            if is_first {
                header(&mut out, &columns);
            }
            for node in nodes {
                line(&mut out, scope, &columns, node);
            }
            Ok(out)
        })
    }

    /// The next observations in columns; `None` behind the last.
    pub fn next_batch(&mut self, catalogue: &Catalogue, series: &dyn Series) -> Result<Option<Observations>, Problem> {
        if self.path.entity() != EntityType::Observation {
            return Err(Problem::malformed("columns are for Observations"));
        }
        self.bite(catalogue, series, BATCH_ROWS, |_, _, nodes| {
            let mut rows = Observations::with_capacity(nodes.len());
            for node in nodes {
                let Node::Observation(row) = node else { continue };
                match row.detail() {
                    Some(detail) => rows.push_detailed(row.observation, detail.clone()),
                    None => rows.push(row.observation),
                }
            }
            Ok(rows)
        })
    }

    fn bite<T>(
        &mut self,
        catalogue: &Catalogue,
        series: &dyn Series,
        rows_max: usize,
        write: impl FnOnce(&Scope<'_>, &Level<'_>, &[Node<'_>]) -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        if self.state == State::Done || (self.left == 0 && self.state == State::Going) {
            return Ok(None);
        }
        let (written, told, next) = {
            let scope = self.scope(catalogue, series);
            let level = self.level(&scope)?;
            let Found::Many(source) = resolve(&scope, &self.path)? else { return Err(missing()) };
            let rows_max = usize::try_from(self.left).unwrap_or(usize::MAX).min(rows_max);
            let page = Page::read(&scope, &source, &level, self.after.clone(), rows_max)?;
            let told = page.nodes.len();
            let written = write(&scope, &level, &page.nodes)?;
            scope.check()?;
            (written, told, page.next(told))
        };
        self.left = self.left.saturating_sub(told as u64);
        self.state = if next.is_some() { State::Going } else { State::Done };
        if next.is_some() {
            self.after = next;
        }
        Ok(Some(written))
    }
}

/// Whether batches have what `$select` names.
fn can_be_batched(level: &Level<'_>) -> Result<(), Problem> {
    let is_column = |item: &Selection| match item {
        Selection::Property(property, members) => members.is_empty() && *property != Property::SelfLink,
        Selection::Navigation(navigation) => *navigation == Navigation::Datastream,
    };
    if level.options.select.iter().all(is_column) {
        return Ok(());
    }
    Err(Problem::malformed(
        "$select: Parquet has the properties of Observations as a whole, and Datastream; CSV has members of parameters and other related ids too",
    ))
}

/// A query as CSV, bite by bite.
pub fn csv_chunks<'a>(
    catalogue: &'a Catalogue,
    series: &'a dyn Series,
    context: &Context<'_>,
    path: &str,
    query: &str,
) -> Result<impl Iterator<Item = Result<Vec<u8>, Problem>> + 'a, Problem> {
    let export = Export::new(catalogue, series, context, path, query)?;
    Ok(until_wrong(export, move |export| export.next_csv(catalogue, series)))
}

/// A query of observations in columns, for Parquet.
pub fn row_batches<'a>(
    catalogue: &'a Catalogue,
    series: &'a dyn Series,
    context: &Context<'_>,
    path: &str,
    query: &str,
) -> Result<impl Iterator<Item = Result<Observations, Problem>> + 'a, Problem> {
    let export = Export::new(catalogue, series, context, path, query)?;
    Ok(until_wrong(export, move |export| export.next_batch(catalogue, series)))
}

/// What an export gives until it is over, or until the first mistake, which is the last item.
fn until_wrong<T>(
    export: Export,
    mut next: impl FnMut(&mut Export) -> Result<Option<T>, Problem>,
) -> impl Iterator<Item = Result<T, Problem>> {
    let mut export = Some(export);
    std::iter::from_fn(move || {
        let item = next(export.as_mut()?).transpose();
        if item.as_ref().is_none_or(Result::is_err) {
            export = None;
        }
        item
    })
}
