//! MBTiles 1.3: vector tiles in one SQLite file. The tiles are not compressed: the server does that for those who ask.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::BasemapError;

/// Key in `metadata` under which the hash of the sources stands.
const SOURCE: &str = "townbell_source";
/// "MPBX": marks an SQLite file as MBTiles (`application_id`).
const APPLICATION_ID: i32 = 0x4d50_4258;

/// A basemap that can be read.
#[derive(Debug)]
pub struct Tiles {
    path: PathBuf,
    database: Mutex<Connection>,
}

impl Tiles {
    /// Opens a basemap for reading.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, BasemapError> {
        let database =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let database = database.map_err(|error| BasemapError::Database { path: path.to_path_buf(), error })?;
        Ok(Self { path: path.to_path_buf(), database: Mutex::new(database) })
    }

    /// The tile in column `x` and row `y` (counted from the north) of zoom `z`; `None` where the map has nothing.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Vec<u8>>, BasemapError> {
        let Some(row) = south_up(z, y) else { return Ok(None) };
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let found = database
            .prepare("SELECT tile_data FROM tiles WHERE zoom_level = ?1 AND tile_column = ?2 AND tile_row = ?3")
            .and_then(|mut query| query.query_row(params![z, x, row], |row| row.get(0)).optional());
        found.map_err(|error| BasemapError::Database { path: self.path.clone(), error })
    }

    /// The hash of the sources that it was made from; `None` in a file that Townbell did not make.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn source(&self) -> Result<Option<String>, BasemapError> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let found =
            database.query_row("SELECT value FROM metadata WHERE name = ?1", [SOURCE], |row| row.get(0)).optional();
        found.map_err(|error| BasemapError::Database { path: self.path.clone(), error })
    }
}

/// MBTiles counts rows from the south (TMS); `None` when there is no such row.
fn south_up(z: u8, y: u32) -> Option<u32> {
    1_u32.checked_shl(z.into())?.checked_sub(1)?.checked_sub(y)
}

/// A basemap that is being written. It has its name only once it is whole.
pub(super) struct Writer {
    database: Connection,
    partial: PathBuf,
    out: PathBuf,
}

impl Writer {
    pub(super) fn create(out: &Path) -> Result<Self, BasemapError> {
        let mut partial = out.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let failed = |error| BasemapError::File { path: partial.clone(), error };
        match std::fs::remove_file(&partial) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let database = Connection::open(&partial).and_then(|database| {
            // A file that is thrown away when the work is cut off needs no journal.
            database.execute_batch(&format!(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA application_id = {APPLICATION_ID};
                 CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
                 CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB NOT NULL,
                                     PRIMARY KEY (zoom_level, tile_column, tile_row)) WITHOUT ROWID;
                 BEGIN;"
            ))?;
            Ok(database)
        });
        let database = database.map_err(|error| BasemapError::Database { path: partial.clone(), error })?;
        Ok(Self { database, partial, out: out.to_path_buf() })
    }

    pub(super) fn put(&self, z: u8, x: u32, y: u32, tile: &[u8]) -> Result<(), BasemapError> {
        let Some(row) = south_up(z, y) else { return Ok(()) };
        let put = self
            .database
            .prepare("INSERT INTO tiles VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut insert| insert.execute(params![z, x, row, tile]));
        put.map(|_| ()).map_err(|error| self.failed(error))
    }

    /// Writes the metadata, and puts the file in its place.
    pub(super) fn finish(self, source: &str, metadata: &[(&str, String)]) -> Result<(), BasemapError> {
        let all = metadata.iter().map(|(name, value)| (*name, value.as_str())).chain([(SOURCE, source)]);
        for (name, value) in all {
            let put = self.database.execute("INSERT INTO metadata VALUES (?1, ?2)", params![name, value]);
            put.map_err(|error| self.failed(error))?;
        }
        self.database.execute_batch("COMMIT").map_err(|error| self.failed(error))?;
        let Self { database, partial, out } = self;
        database.close().map_err(|(_, error)| BasemapError::Database { path: partial.clone(), error })?;
        std::fs::rename(&partial, &out).map_err(|error| BasemapError::File { path: out, error })
    }

    fn failed(&self, error: rusqlite::Error) -> BasemapError {
        BasemapError::Database { path: self.partial.clone(), error }
    }
}
