//! A square kilometre of the Earth, as coarse as a place may be told of what residents ask for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::geometry::Position;

/// Degrees of latitude that a row is high: 1.0008 km everywhere, and 180 degrees are 20,000 rows without a rest.
const ROW_DEG: f64 = 0.009;
/// Rows from pole to pole.
const ROWS: u16 = 20_000;
/// Columns of a row on the equator: its 40,030 km, one each.
const COLUMNS_MAX: f64 = 40_030.0;

/// A cell of a fixed grid over the whole Earth (WGS 84), about 1 km by 1 km.
///
/// It is made so: rows of 0.009 degrees of latitude, counted from the south pole, and in each row as many columns of
/// equal width as a circle of latitude through its middle has kilometres (rounded, one at least), counted from 180
/// degrees west. A cell takes in its southern and western edge. So the grid is the same for every city, on every
/// machine and in every version; cells of two rows do not lie column above column, and need not for counting. It is
/// made of [`GridCell::of`], and what is smaller than it cannot be got back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GridCell {
    row: u16,
    column: u16,
}

impl GridCell {
    /// The cell of a position.
    pub fn of(position: Position) -> Self {
        let row = whole((position.latitude + 90.0) / ROW_DEG, ROWS);
        let columns = columns(row);
        let column = whole((position.longitude + 180.0) / 360.0 * f64::from(columns), columns);
        Self { row, column }
    }

    /// From its id, as `14500-9977`; `None` for what is no cell of the grid.
    pub fn from_id(id: &str) -> Option<Self> {
        let (row, column) = id.split_once('-')?;
        let cell = Self { row: row.parse().ok()?, column: column.parse().ok()? };
        // One way of writing only: a plus or a nought before it would make a second subject of one cell.
        (cell.is_real() && cell.to_string() == id).then_some(cell)
    }

    /// Whether the grid has it: what comes out of bytes may be anything.
    pub fn is_real(self) -> bool {
        self.row < ROWS && self.column < columns(self.row)
    }

    /// Its middle.
    pub fn centre(self) -> Position {
        Position {
            longitude: (f64::from(self.column) + 0.5) / f64::from(columns(self.row)) * 360.0 - 180.0,
            latitude: middle_deg(self.row),
        }
    }
}

impl fmt::Display for GridCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.row, self.column)
    }
}

/// The latitude of the middle of a row.
fn middle_deg(row: u16) -> f64 {
    (f64::from(row) + 0.5) * ROW_DEG - 90.0
}

fn columns(row: u16) -> u16 {
    let circle_km = COLUMNS_MAX * middle_deg(row).to_radians().cos();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 40,030")]
    let columns = circle_km.round().clamp(1.0, COLUMNS_MAX) as u16;
    columns
}

/// Rounded down, from 0 to one below `count`: the north pole and 180 degrees east belong to the last.
fn whole(value: f64, count: u16) -> u16 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of the type")]
    let whole = value.floor().clamp(0.0, f64::from(count) - 1.0) as u16;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(longitude: f64, latitude: f64) -> Position {
        Position { longitude, latitude }
    }

    #[test]
    fn cells_are_about_a_kilometre_wide_and_high_wherever_people_live() {
        for latitude in [-54.8, -30.03, 0.0, 38.63, 59.3, 69.6] {
            let cell = GridCell::of(at(-51.2, latitude));
            let east = GridCell { column: cell.column + 1, ..cell };
            let width_m = cell.centre().distance_m(east.centre());
            assert!((990.0..1010.0).contains(&width_m), "{latitude}: {width_m} m");
            let north = at(cell.centre().longitude, cell.centre().latitude + ROW_DEG);
            assert_eq!(GridCell::of(north).row, cell.row + 1);
            assert!((cell.centre().distance_m(north) - 1000.8).abs() < 0.1);
        }
    }

    #[test]
    fn a_cell_is_found_again_from_its_middle_and_its_id() {
        for longitude in (-1800..=1800_i16).step_by(77).map(|tenths| f64::from(tenths) / 10.0) {
            for latitude in (-900..=900_i16).step_by(31).map(|tenths| f64::from(tenths) / 10.0) {
                let cell = GridCell::of(at(longitude, latitude));
                assert!(cell.is_real(), "{longitude} {latitude}: {cell}");
                assert_eq!(GridCell::of(cell.centre()), cell, "{longitude} {latitude}");
                assert_eq!(GridCell::from_id(&cell.to_string()), Some(cell));
                let off_m = at(longitude, latitude).distance_m(cell.centre());
                assert!(off_m < 760.0 || latitude.abs() > 89.9, "{longitude} {latitude}: {off_m} m from the middle");
            }
        }
    }

    #[test]
    fn the_grid_is_the_same_for_ever() {
        // The journal holds these numbers: another way of making them would move what was counted.
        assert_eq!(GridCell::of(at(-51.23, -30.03)).to_string(), "6663-12396");
        assert_eq!(GridCell::of(at(-90.25, 38.63)).to_string(), "14292-7795");
        assert_eq!(GridCell::of(at(180.0, 90.0)), GridCell { row: ROWS - 1, column: columns(ROWS - 1) - 1 });
    }

    #[test]
    fn what_is_no_cell_has_no_id() {
        for id in ["", "1", "20000-0", "6663-34700", "+6663-1", "06663-1", "6663-1-1", "a-b"] {
            assert_eq!(GridCell::from_id(id), None, "{id}");
        }
    }
}
