//! The schema and its migrations, and what it persists, for the census.

use city::alert::AlertChangeKind;
use city::timetable::Mode;
use city::{
    AlertChange, AlertState, DeskActionKind, EntityBody, EntityChange, EntityId, EntityKind, Notification,
    NotificationReason, ObservationType, OccupancyClass, Primitive, Record, RequestStatus, ScheduleRelationship,
    Severity, Shape, Timetable,
};
use gate::census::PersistedField;
use rusqlite::Connection;
use serde::Deserialize;
use serde_reflection::{ContainerFormat, Format, Named, Samples, Tracer, TracerConfig, VariantFormat};

use crate::error::StoreError;
use crate::{alerts, series};

/// A migration, within its transaction.
type Migration = fn(&Connection) -> Result<(), StoreError>;

/// Migrations in order; the place in the list, from 1, is the `user_version` after it. Forward only.
const MIGRATIONS: [Migration; 4] = [
    |file| Ok(file.execute_batch(include_str!("../../../schema/sqlite/001_start.sql"))?),
    series::tell_ends_apart,
    alerts::lengthen,
    |file| Ok(file.execute_batch(include_str!("../../../schema/sqlite/004_requests.sql"))?),
];

/// Brings the file to this program's version. A newer file is refused untouched; each step is one transaction with
/// its version number, so that a kill between them leaves a whole version.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    for (version, migration) in (1_i64..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        let transaction = connection.transaction()?;
        migration(&transaction)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Every column of the schema, from a database that was just migrated in memory: what is, not what was meant.
pub fn columns() -> Result<Vec<PersistedField>, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    migrate(&mut connection)?;
    columns_of(&connection)
}

/// Every column of every table of a database, but SQLite's own.
pub fn columns_of(connection: &Connection) -> Result<Vec<PersistedField>, StoreError> {
    let text = "SELECT m.name, c.name, c.type FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c \
                WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, c.cid";
    let mut statement = connection.prepare(text)?;
    let rows = statement.query_map([], |row| {
        let (table, column, kind): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // A column without a type takes anything.
        let kind = if kind.is_empty() { "ANY".to_owned() } else { kind.replace(' ', "_") };
        Ok(PersistedField { path: format!("sql.{table}.{column}"), kind })
    })?;
    rows.collect::<Result<_, _>>().map_err(StoreError::from)
}

/// The types of the bodies that this crate writes: records, timetables, alerts and their changes. Who gives the store
/// bytes of other types (the watch's snapshot) adds them, and counts all with [`persisted_with`].
pub fn bodies() -> Result<Traced, StoreError> {
    let mut traced = Traced::default();
    traced.add::<Record>()?;
    traced.add::<EntityChange>()?;
    traced.add::<EntityBody>()?;
    traced.add::<EntityId>()?;
    traced.add::<EntityKind>()?;
    traced.add::<ObservationType>()?;
    traced.add::<Primitive>()?;
    traced.add::<Shape>()?;
    traced.add::<OccupancyClass>()?;
    traced.add::<RequestStatus>()?;
    traced.add::<ScheduleRelationship>()?;
    traced.add::<Severity>()?;
    traced.add::<Timetable>()?;
    traced.add::<Mode>()?;
    traced.add::<AlertChange>()?;
    traced.add::<AlertChangeKind>()?;
    traced.add::<AlertState>()?;
    traced.add::<DeskActionKind>()?;
    traced.add::<Notification>()?;
    traced.add::<NotificationReason>()?;
    Ok(traced)
}

/// Everything that the store persists by itself: columns, and fields inside its bodies.
pub fn persisted() -> Result<Vec<PersistedField>, StoreError> {
    persisted_with(bodies()?)
}

/// Columns, and the fields inside these bodies.
pub fn persisted_with(bodies: Traced) -> Result<Vec<PersistedField>, StoreError> {
    let mut all = columns()?;
    all.extend(bodies.fields()?);
    Ok(all)
}

/// Finds the fields of types by asking their `Deserialize` what it would read, so that no list of them has to be
/// kept by hand. Each enum has to be added on its own, or [`Traced::fields`] says which one is missing.
pub struct Traced {
    tracer: Tracer,
    samples: &'static Samples,
}

/// Nothing that is traced needs a sample value.
static NO_SAMPLES: std::sync::LazyLock<Samples> = std::sync::LazyLock::new(Samples::new);

impl Default for Traced {
    fn default() -> Self {
        Self { tracer: Tracer::new(TracerConfig::default()), samples: &NO_SAMPLES }
    }
}

impl Traced {
    /// Adds a type with everything inside it.
    pub fn add<T: Deserialize<'static>>(&mut self) -> Result<(), StoreError> {
        self.tracer.trace_type::<T>(self.samples).map(drop).map_err(|error| untraceable(&error))
    }

    /// The fields of all that was added, by container: `value.Warning.headline`. An enum without data is one field
    /// whose type names its values.
    pub fn fields(self) -> Result<Vec<PersistedField>, StoreError> {
        let registry = self.tracer.registry().map_err(|error| untraceable(&error))?;
        let mut fields = Vec::new();
        for (container, format) in &registry {
            let mut field = |name: &str, kind: String| {
                fields.push(PersistedField { path: format!("value.{container}.{name}"), kind });
            };
            match format {
                ContainerFormat::UnitStruct => field("0", "unit".to_owned()),
                ContainerFormat::NewTypeStruct(inner) => field("0", kind_of(inner)),
                ContainerFormat::TupleStruct(parts) => {
                    parts.iter().enumerate().for_each(|(at, part)| field(&at.to_string(), kind_of(part)));
                }
                ContainerFormat::Struct(parts) => parts.iter().for_each(|part| field(&part.name, kind_of(&part.value))),
                ContainerFormat::Enum(variants) => each_variant(variants.values(), &mut field),
            }
        }
        Ok(fields)
    }
}

fn each_variant<'a>(variants: impl Iterator<Item = &'a Named<VariantFormat>>, field: &mut impl FnMut(&str, String)) {
    let mut plain = Vec::new();
    for Named { name, value } in variants {
        match value {
            VariantFormat::Unit => plain.push(name.as_str()),
            VariantFormat::NewType(inner) => field(name, kind_of(inner)),
            VariantFormat::Tuple(parts) => {
                parts.iter().enumerate().for_each(|(at, part)| field(&format!("{name}.{at}"), kind_of(part)));
            }
            VariantFormat::Struct(parts) => {
                for part in parts {
                    field(&format!("{name}.{}", part.name), kind_of(&part.value));
                }
            }
            VariantFormat::Variable(_) => field(name, "any".to_owned()),
        }
    }
    if !plain.is_empty() {
        field("*", plain.join("|"));
    }
}

/// A format in a word without spaces.
fn kind_of(format: &Format) -> String {
    match format {
        Format::TypeName(name) => name.clone(),
        Format::Option(inner) => format!("{}?", kind_of(inner)),
        Format::Seq(inner) => format!("[{}]", kind_of(inner)),
        Format::Map { key, value } => format!("map<{},{}>", kind_of(key), kind_of(value)),
        Format::Tuple(parts) => format!("({})", parts.iter().map(kind_of).collect::<Vec<_>>().join(",")),
        Format::TupleArray { content, size } => format!("[{};{size}]", kind_of(content)),
        Format::Variable(_) => "any".to_owned(),
        Format::Unit => "unit".to_owned(),
        Format::Bool => "bool".to_owned(),
        Format::I8 => "i8".to_owned(),
        Format::I16 => "i16".to_owned(),
        Format::I32 => "i32".to_owned(),
        Format::I64 => "i64".to_owned(),
        Format::I128 => "i128".to_owned(),
        Format::U8 => "u8".to_owned(),
        Format::U16 => "u16".to_owned(),
        Format::U32 => "u32".to_owned(),
        Format::U64 => "u64".to_owned(),
        Format::U128 => "u128".to_owned(),
        Format::F32 => "f32".to_owned(),
        Format::F64 => "f64".to_owned(),
        Format::Char => "char".to_owned(),
        Format::Str => "str".to_owned(),
        Format::Bytes => "bytes".to_owned(),
    }
}

fn untraceable(error: &serde_reflection::Error) -> StoreError {
    StoreError::Damaged { what: "a persisted type".to_owned(), why: format!("{error}: {}", error.explanation()) }
}
