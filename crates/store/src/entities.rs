//! Things, datastreams and what belongs to them, as they are now.

use city::{Entity, EntityChange, EntityId, EntityKind, Record};
use rusqlite::{Connection, params};

use crate::codec::{decode, encode};
use crate::error::StoreError;
use crate::reader::Reader;

/// As it is in the file: a number and its digits as a text are two ids.
fn name(id: &EntityId) -> String {
    match id {
        EntityId::Number(number) => format!("#{number}"),
        EntityId::Text(text) => text.to_string(),
    }
}

/// Makes the changes.
pub(crate) fn save(connection: &Connection, changes: &[EntityChange]) -> Result<(), StoreError> {
    for change in changes {
        match change {
            EntityChange::Put(entity) => {
                let text = "INSERT INTO entity (kind, id, body) VALUES (?1, ?2, ?3) \
                            ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body";
                let body = encode("entity", entity)?;
                connection.prepare_cached(text)?.execute(params![entity.kind().place(), name(&entity.id), body])?;
            }
            EntityChange::Delete(kind, id) => {
                let text = "DELETE FROM entity WHERE kind = ?1 AND id = ?2";
                connection.prepare_cached(text)?.execute(params![kind.place(), name(id)])?;
                blank(connection, *kind, id)?;
            }
        }
    }
    Ok(())
}

/// Takes what a deleted entity said out of the journal: the rows stay, without it.
fn blank(connection: &Connection, kind: EntityKind, id: &EntityId) -> Result<(), StoreError> {
    let text = "SELECT seq, body FROM journal WHERE instr(kind, 'entities') > 0";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([])?;
    let mut blanked = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, body): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let mut records: Vec<Record> = decode(|| format!("journal entry {seq}"), &body)?;
        let mut touched = false;
        for record in &mut records {
            let Record::Entities(changes) = record else { continue };
            for change in changes {
                if matches!(change, EntityChange::Put(entity) if entity.kind() == kind && entity.id == *id) {
                    *change = EntityChange::Delete(kind, id.clone());
                    touched = true;
                }
            }
        }
        if touched {
            blanked.push((seq, encode("journal entry", &records)?));
        }
    }
    for (seq, body) in blanked {
        connection.prepare_cached("UPDATE journal SET body = ?2 WHERE seq = ?1")?.execute(params![seq, body])?;
    }
    Ok(())
}

impl Reader {
    /// Every entity, by kind and id.
    pub fn entities(&self) -> Result<Vec<Entity>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id, body FROM entity ORDER BY kind, id")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, body): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
            found.push(decode(|| format!("entity {id}"), &body)?);
        }
        Ok(found)
    }
}
