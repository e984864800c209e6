//! Which things stand in a box: a grid over their present locations that are points.

use std::collections::BTreeMap;
use std::ops::Bound;

use city::{BoundingBox, EntityId, Position};

/// Side of a cell in degrees: some 5 km, a handful of stations in a dense network.
const CELL_DEGREES: f64 = 0.05;
/// Below every id.
const FIRST: EntityId = EntityId::Number(i64::MIN);

/// Row of cells, column of cells, thing, location.
type Key = (i32, i32, EntityId, EntityId);

#[derive(Debug, Default)]
pub(super) struct Map(BTreeMap<Key, Position>);

impl Map {
    pub(super) fn insert(&mut self, at: Position, thing: &EntityId, location: &EntityId) {
        self.0.insert(key(at, thing, location), at);
    }

    pub(super) fn remove(&mut self, at: Position, thing: &EntityId, location: &EntityId) {
        self.0.remove(&key(at, thing, location));
    }

    /// The things inside or on the edge, in id order, each once.
    pub(super) fn things_in(&self, area: &BoundingBox) -> Vec<EntityId> {
        let (rows, columns) = ((cell(area.south), cell(area.north)), (cell(area.west), cell(area.east)));
        let mut found = Vec::new();
        let mut row = rows.0;
        while row <= rows.1 {
            let from = (row, columns.0, FIRST, FIRST);
            let Some(((next, ..), _)) = self.0.range((Bound::Included(&from), Bound::Unbounded)).next() else { break };
            if *next > row {
                // Rows of cells where nothing stands cost nothing.
                row = *next;
                continue;
            }
            let to = (row, columns.1.saturating_add(1), FIRST, FIRST);
            let inside = self.0.range((Bound::Included(&from), Bound::Excluded(&to)));
            found.extend(inside.filter(|(_, at)| area.contains(**at)).map(|((_, _, thing, _), _)| thing.clone()));
            row += 1;
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn key(at: Position, thing: &EntityId, location: &EntityId) -> Key {
    (cell(at.latitude), cell(at.longitude), thing.clone(), location.clone())
}

/// The cell of a coordinate; one out of range falls into the outermost.
#[allow(clippy::cast_possible_truncation, reason = "clamped to 400 degrees, which are 8,000 cells")]
fn cell(degrees: f64) -> i32 {
    (degrees.clamp(-400.0, 400.0) / CELL_DEGREES).floor() as i32
}
