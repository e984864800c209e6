//! `CreateObservations` (18-088, clause 13.2): many observations of many datastreams in one body.
//!
//! A body of 5,000 loggers is half a megabyte of which a sixth is data, so it is read by its bytes, without a tree in
//! between: [`DataArray::parse`] knows the two components that nearly every row has (`phenomenonTime`, `result`) and
//! hands every other row, as JSON values, to the caller. It reads exactly the JSON of RFC 8259: a test holds it
//! against `serde_json`.

mod cursor;
mod number;
mod template;

use city::{DatastreamId, Detail, Observation, Observations};
use serde_json::Value;

use crate::model::EntityType;
use crate::problem::Problem;
use crate::write::strict;
use crate::write::time::utc_ms;
use cursor::{Broken, Cursor};
use template::{Marks, Template};

/// Rows of one body: at a hundred bytes each it would be over the size of any request.
pub const ROWS_MAX: usize = 200_000;
/// How many rows a group says that it has (18-088 clause 13.2, example).
const COUNT: &str = "dataArray@iot.count";
/// Components of a row: the standard has eight.
const COMPONENTS_MAX: usize = 16;

/// A row that needs more than a time and a number.
#[derive(Debug)]
pub struct Rare<'a> {
    /// The series.
    pub datastream: DatastreamId,
    /// Component and value, in the order of `components`.
    pub members: Vec<(&'a str, Value)>,
}

/// What a body held. Each row of it is in `rows`, or its number and the reason are in `refused`.
#[derive(Debug, Default, PartialEq)]
pub struct DataArray {
    /// The rows that can be read, in the order of the body.
    pub rows: Observations,
    /// Number of the row in the body, and what is wrong with it.
    pub refused: Vec<(usize, Problem)>,
    /// Rows in the body.
    pub count: usize,
}

/// The components of the last group, and how they were written: loggers write them in every group the same.
#[derive(Debug, Default)]
struct Components {
    text: Vec<u8>,
    names: Vec<String>,
    plain: Option<Order>,
}

/// What is known from the groups before.
#[derive(Debug, Default)]
struct Known<'a> {
    components: Components,
    /// How the last group that was read member by member is written; its components are those above.
    template: Option<Template<'a>>,
}

/// What a group said so far.
#[derive(Debug, Default)]
struct Said<'a> {
    datastream: Option<DatastreamId>,
    named: bool,
    count: Option<u32>,
    rows: Rows<'a>,
}

#[derive(Debug, Default)]
enum Rows<'a> {
    #[default]
    Missing,
    Taken,
    /// They came before what has to be known of them.
    Waiting(&'a [u8]),
}

impl DataArray {
    /// Reads a body. A row that cannot be read harms no other; a body that is no data array is refused whole.
    ///
    /// `rare` judges rows with other components, or with a result that is no number.
    ///
    /// # Errors
    /// 400 with the byte, 413 over [`ROWS_MAX`].
    pub fn parse(
        body: &[u8],
        mut rare: impl FnMut(Rare<'_>) -> Result<(Observation, Detail), Problem>,
    ) -> Result<Self, Problem> {
        let mut cursor = Cursor::new(body);
        let mut array = Self { rows: Observations::with_capacity(body.len() / 96), ..Self::default() };
        let mut known = Known::default();
        cursor.open(b'[', "an array of groups")?;
        if !cursor.closes(b']') {
            loop {
                array.group(&mut cursor, &mut known, &mut rare)?;
                if !cursor.another(b']')? {
                    break;
                }
            }
        }
        cursor.end()?;
        Ok(array)
    }

    /// One group: its datastream, its components, its rows, in any order.
    fn group<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        known: &mut Known<'a>,
        rare: &mut impl FnMut(Rare<'_>) -> Result<(Observation, Detail), Problem>,
    ) -> Result<(), Problem> {
        let (start, before) = (cursor.at(), self.count);
        let mut said = Said::default();
        let mut marks = Marks::default();
        let as_before = known.template.and_then(|template| Some((template, template.opens(cursor)?)));
        let more = if let Some((template, (datastream, count))) = as_before {
            self.rows_of(cursor, datastream, &known.components, rare)?;
            if template.closes(cursor) {
                return self.counted(count, before);
            }
            said = Said { datastream: Some(datastream), named: true, count, rows: Rows::Taken };
            cursor.another(b'}')?
        } else {
            marks = Marks::of_group(cursor.gap());
            cursor.open(b'{', "a group")?;
            !cursor.closes(b'}')
        };
        if more {
            self.members(cursor, &mut known.components, (&mut said, &mut marks), rare)?;
        }
        known.template = marks.template(cursor);
        let lacks = |what: &str| Problem::malformed(format!("byte {start}: a group without {what}")).about(what);
        let datastream = said.datastream.ok_or_else(|| lacks("Datastream"))?;
        if !said.named {
            return Err(lacks("components"));
        }
        match said.rows {
            Rows::Missing => return Err(lacks("dataArray")),
            Rows::Taken => {}
            Rows::Waiting(bytes) => self.rows_of(&mut Cursor::new(bytes), datastream, &known.components, rare)?,
        }
        self.counted(said.count, before)
    }

    /// A group that says how many rows it has must have them: else a part of it got lost on its way.
    fn counted(&self, said: Option<u32>, before: usize) -> Result<(), Problem> {
        let rows = self.count - before;
        if said.is_none_or(|said| said as usize == rows) {
            return Ok(());
        }
        Err(Problem::malformed(format!("the group has {rows} rows, and says another number")).about(COUNT))
    }

    /// The members of a group up to its end.
    fn members<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        components: &mut Components,
        (said, marks): (&mut Said<'a>, &mut Marks),
        rare: &mut impl FnMut(Rare<'_>) -> Result<(Observation, Detail), Problem>,
    ) -> Result<(), Problem> {
        loop {
            marks.member();
            match &*cursor.key()? {
                "Datastream" if said.datastream.is_none() => {
                    let (datastream, place) = datastream_of(cursor)?;
                    said.datastream = Some(datastream);
                    marks.id = Some(place);
                }
                "components" if !said.named => {
                    components.read(cursor)?;
                    said.named = true;
                }
                "dataArray" if matches!(said.rows, Rows::Missing) => match said.datastream {
                    Some(datastream) if said.named => {
                        let start = cursor.gap();
                        self.rows_of(cursor, datastream, components, rare)?;
                        said.rows = Rows::Taken;
                        marks.rows = Some((start, cursor.at()));
                    }
                    _ => said.rows = Rows::Waiting(cursor.skip()?),
                },
                COUNT if said.count.is_none() => {
                    let start = cursor.gap();
                    let expected = || Problem::malformed("expected the number of rows").about(COUNT);
                    said.count = Some(cursor.whole().ok_or_else(expected)?);
                    marks.count = Some((start, cursor.at()));
                }
                twice @ ("Datastream" | "components" | "dataArray" | COUNT) => {
                    return Err(Problem::malformed("expected each key once in an object").about(twice));
                }
                key if key.starts_with("dataArray@") || key.starts_with("@iot.") => drop(cursor.skip()?),
                "MultiDatastream" => {
                    return Err(Problem::not_implemented("MultiDatastream is not served").about("MultiDatastream"));
                }
                other => {
                    let expected = "expected Datastream, components and dataArray";
                    return Err(Problem::malformed(expected).about(other));
                }
            }
            if !cursor.another(b'}')? {
                return Ok(());
            }
        }
    }

    fn rows_of(
        &mut self,
        cursor: &mut Cursor<'_>,
        datastream: DatastreamId,
        components: &Components,
        rare: &mut impl FnMut(Rare<'_>) -> Result<(Observation, Detail), Problem>,
    ) -> Result<(), Problem> {
        cursor.open(b'[', "an array of rows")?;
        if cursor.closes(b']') {
            return Ok(());
        }
        loop {
            if self.count >= ROWS_MAX {
                return Err(Problem::too_large(format!("expected at most {ROWS_MAX} rows; send the rest apart")));
            }
            match components.plain.and_then(|order| plain(cursor, datastream, order)) {
                Some(observation) => self.rows.push(observation),
                None => self.rare_row(cursor, datastream, components, rare)?,
            }
            self.count += 1;
            if !cursor.another(b']')? {
                return Ok(());
            }
        }
    }

    fn rare_row(
        &mut self,
        cursor: &mut Cursor<'_>,
        datastream: DatastreamId,
        components: &Components,
        rare: &mut impl FnMut(Rare<'_>) -> Result<(Observation, Detail), Problem>,
    ) -> Result<(), Problem> {
        let start = cursor.at();
        let text = cursor.skip()?;
        let values: Vec<Value> = match strict::value(text) {
            Ok(Value::Array(values)) => values,
            Ok(_) => return Err(Problem::malformed(format!("byte {start}: expected a row, an array of values"))),
            Err(problem) => {
                return Err(Problem { detail: format!("in the row at byte {start}: {}", problem.detail), ..problem });
            }
        };
        if values.len() != components.names.len() {
            let wanted = components.names.len();
            let why = format!("expected {wanted} values, as many as components, found {}", values.len());
            self.refused.push((self.count, Problem::malformed(why)));
            return Ok(());
        }
        let members = components.names.iter().map(String::as_str).zip(values).collect();
        match rare(Rare { datastream, members }) {
            Ok((observation, detail)) => self.rows.push_detailed(observation, detail),
            Err(problem) => self.refused.push((self.count, problem)),
        }
        Ok(())
    }
}

/// In which order the two components of a plain row stand.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    TimeResult,
    ResultTime,
}

impl Components {
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Problem> {
        if cursor.takes(&self.text) {
            return Ok(());
        }
        let start = cursor.at();
        self.names.clear();
        self.text.clear();
        cursor.open(b'[', "an array of names")?;
        if !cursor.closes(b']') {
            loop {
                let name = cursor.text("the name of a component")?;
                if self.names.len() >= COMPONENTS_MAX || self.names.iter().any(|known| **known == *name) {
                    return Err(Problem::malformed("expected each component once").about("components"));
                }
                if !is_component(&name) {
                    return Err(Problem::refused("an Observation has no such component").about(name));
                }
                self.names.push(name.into_owned());
                if !cursor.another(b']')? {
                    break;
                }
            }
        }
        if self.names.is_empty() {
            return Err(Problem::malformed("expected the names of components").about("components"));
        }
        self.text.extend_from_slice(cursor.since(start));
        self.plain = match self.names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["phenomenonTime", "result"] => Some(Order::TimeResult),
            ["result", "phenomenonTime"] => Some(Order::ResultTime),
            _ => None,
        };
        Ok(())
    }
}

/// Whether an Observation has it: a property, its id, its feature of interest by id.
fn is_component(name: &str) -> bool {
    const LINKS: [&str; 2] = ["FeatureOfInterest/id", "FeatureOfInterest/@iot.id"];
    [crate::v1_1::ID, crate::v1_1::SHORT_ID].contains(&name)
        || LINKS.contains(&name)
        || EntityType::Observation.property(name).is_some()
}

/// `{"@iot.id": 7}`, and where the number stands.
fn datastream_of(cursor: &mut Cursor<'_>) -> Result<(DatastreamId, (usize, usize)), Problem> {
    let expected = || Problem::malformed("expected {\"@iot.id\": N}, the number of a datastream").about("Datastream");
    cursor.open(b'{', "a link to a datastream")?;
    let mut id = None;
    if !cursor.closes(b'}') {
        loop {
            match &*cursor.key()? {
                crate::v1_1::ID | "id" if id.is_none() => {
                    let start = cursor.gap();
                    let number = cursor.token().and_then(number::parse).ok_or_else(expected)?;
                    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "just looked at")]
                    let number = if fits { number as u32 } else { return Err(expected()) };
                    id = Some((DatastreamId(number), (start, cursor.at())));
                }
                _ => return Err(expected()),
            }
            if !cursor.another(b'}')? {
                break;
            }
        }
    }
    id.ok_or_else(expected)
}

/// A row of an instant in UTC and a number; `None`, and the cursor where it was, for any other.
fn plain(cursor: &mut Cursor<'_>, datastream: DatastreamId, order: Order) -> Option<Observation> {
    let mut ahead = cursor.clone();
    ahead.opens(b'[').then_some(())?;
    let (phenomenon_time, result) = match order {
        Order::TimeResult => {
            let time = instant(&mut ahead)?;
            ahead.comma().then_some(())?;
            (time, ahead.number()?)
        }
        Order::ResultTime => {
            let result = ahead.number()?;
            ahead.comma().then_some(())?;
            (instant(&mut ahead)?, result)
        }
    };
    ahead.closes(b']').then_some(())?;
    *cursor = ahead;
    Some(Observation { datastream, phenomenon_time, result })
}

#[inline]
fn instant(cursor: &mut Cursor<'_>) -> Option<city::Time> {
    cursor.gap();
    // Whole seconds in UTC: what nearly all loggers send.
    if let Some(([b'"', text @ .., b'"'], _)) = cursor.rest().split_first_chunk::<22>()
        && let Some(ms) = utc_ms(text)
    {
        cursor.step(22);
        return city::Time::from_ms(ms);
    }
    city::Time::from_ms(utc_ms(cursor.plain_text()?)?)
}

impl From<Broken> for Problem {
    fn from(broken: Broken) -> Self {
        Self::malformed(broken.to_string())
    }
}

#[cfg(test)]
mod tests;
