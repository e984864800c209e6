//! Well-known text (06-103r4 clause 7), as the geospatial functions of a query have it.

use geo::kernels::RobustKernel;
use geo::{Coord, Kernel, LineString, MultiLineString, MultiPoint, MultiPolygon, Orientation, Point, Polygon};

use crate::evaluate::geometry::Geometry;
use crate::query::limits::GEOMETRY_POSITIONS_MAX;

/// Why a text is not a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WktError {
    /// Bytes from its start.
    pub at: usize,
    /// What could stand there.
    pub expected: &'static str,
}

type Read<T> = Result<T, WktError>;

impl Geometry {
    /// From well-known text: points, lines and polygons, and several of each. A third coordinate is read and left out.
    pub fn from_wkt(text: &str) -> Read<Self> {
        let mut reader = Reader { text, at: 0, positions: 0 };
        let shape = reader.geometry()?;
        reader.space();
        if reader.at < text.len() {
            return reader.fail("the end of the geometry");
        }
        Self::new(shape).ok_or(WktError { at: 0, expected: "coordinates in degrees" })
    }
}

/// A ring, if it is one: four positions or more, the last the first again, not all of them on one line. What lies on a
/// line has no inside, and `geo` may break off over a hole in it.
pub(super) fn closed(positions: Vec<Coord<f64>>) -> Option<LineString<f64>> {
    let first = *positions.first()?;
    let other = *positions.iter().find(|at| **at != first)?;
    let beside = |at: &Coord<f64>| RobustKernel::orient2d(first, other, *at) != Orientation::Collinear;
    let sound = positions.len() >= 4 && positions.last() == Some(&first) && positions.iter().any(beside);
    sound.then_some(LineString(positions))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    positions: usize,
}

impl Reader<'_> {
    fn fail<T>(&self, expected: &'static str) -> Read<T> {
        Err(WktError { at: self.at, expected })
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn word(&mut self) -> String {
        self.space();
        let length = self.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = self.rest()[..length].to_ascii_uppercase();
        self.at += length;
        word
    }

    fn mark(&mut self, mark: char) -> bool {
        self.space();
        let found = self.rest().starts_with(mark);
        self.at += usize::from(found);
        found
    }

    fn geometry(&mut self) -> Read<geo::Geometry<f64>> {
        let start = self.at;
        let name = self.word();
        let before = self.at;
        if self.word() != "Z" {
            self.at = before;
        }
        Ok(match name.as_str() {
            "POINT" => geo::Geometry::Point(self.point()?),
            "LINESTRING" => geo::Geometry::LineString(self.line()?),
            "POLYGON" => geo::Geometry::Polygon(self.polygon()?),
            "MULTIPOINT" => geo::Geometry::MultiPoint(MultiPoint(self.list(Self::one_of_points)?)),
            "MULTILINESTRING" => geo::Geometry::MultiLineString(MultiLineString(self.list(Self::line)?)),
            "MULTIPOLYGON" => geo::Geometry::MultiPolygon(MultiPolygon(self.list(Self::polygon)?)),
            _ => {
                self.at = start;
                return self.fail("POINT, LINESTRING, POLYGON, MULTIPOINT, MULTILINESTRING or MULTIPOLYGON");
            }
        })
    }

    /// `(a, b, c)`, at least one.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        if !self.mark('(') {
            return self.fail("an opening parenthesis");
        }
        let mut items = vec![item(self)?];
        while self.mark(',') {
            items.push(item(self)?);
        }
        if self.mark(')') { Ok(items) } else { self.fail("a comma or a closing parenthesis") }
    }

    fn point(&mut self) -> Read<Point<f64>> {
        if !self.mark('(') {
            return self.fail("an opening parenthesis");
        }
        let x = self.number()?;
        // The comma of the standard's own example: `POINT(-122, 43)`.
        self.mark(',');
        let y = self.number()?;
        if !self.mark(')') {
            self.number()?;
            if !self.mark(')') {
                return self.fail("a closing parenthesis");
            }
        }
        Ok(Point::new(x, y))
    }

    /// A point of several, with or without parentheses of its own.
    fn one_of_points(&mut self) -> Read<Point<f64>> {
        self.space();
        if self.rest().starts_with('(') { self.point() } else { Ok(Point(self.position()?)) }
    }

    fn line(&mut self) -> Read<LineString<f64>> {
        let positions = self.list(Self::position)?;
        if positions.len() < 2 {
            return self.fail("a line of two positions or more");
        }
        Ok(LineString(positions))
    }

    fn polygon(&mut self) -> Read<Polygon<f64>> {
        let rings = self.list(|reader| {
            let positions = reader.list(Self::position)?;
            closed(positions).map_or_else(|| reader.fail("a ring that ends where it begins"), Ok)
        })?;
        let mut rings = rings.into_iter();
        // invariant: a list has at least one item.
        let outer = rings.next().unwrap_or(LineString(Vec::new()));
        Ok(Polygon::new(outer, rings.collect()))
    }

    fn position(&mut self) -> Read<Coord<f64>> {
        self.positions += 1;
        if self.positions > GEOMETRY_POSITIONS_MAX {
            return self.fail("fewer positions");
        }
        let at = Coord { x: self.number()?, y: self.number()? };
        self.space();
        if !self.rest().starts_with([',', ')']) {
            self.number()?;
        }
        Ok(at)
    }

    fn number(&mut self) -> Read<f64> {
        self.space();
        let length = self.rest().bytes().take_while(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte)).count();
        match self.rest()[..length].parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.at += length;
                Ok(number)
            }
            _ => self.fail("a coordinate"),
        }
    }
}
