//! A shape with the stops of a trip laid along it.

use city::Position;

/// Stops further than this from their shape on average do not belong to it: the way goes straight from stop to stop
/// then. Stops stand at the kerb, shapes follow the middle of the road; 250 m is a wrong shape, not a wide road.
const OFF_SHAPE_MAX_M: f64 = 250.0;

/// A way of a vehicle: corners, and where on it the stops are.
#[derive(Clone, Debug)]
pub(super) struct Line {
    corners: Vec<Position>,
    /// Metres from the start to each corner; never falling.
    corner_m: Vec<f64>,
    /// Metres from the start to each stop; never falling.
    stop_m: Vec<f64>,
}

impl Line {
    /// Lays stops along a shape; without a usable one the line goes straight from stop to stop.
    pub(super) fn new(shape: &[Position], stops: &[Position]) -> Self {
        if shape.len() >= 2 {
            let corner_m = metres_along(shape);
            let laid = lay(shape, &corner_m, stops);
            if laid.off_m <= OFF_SHAPE_MAX_M {
                return Self { corners: shape.to_vec(), corner_m, stop_m: laid.stop_m };
            }
        }
        let along = metres_along(stops);
        Self { corners: stops.to_vec(), corner_m: along.clone(), stop_m: along }
    }

    /// The point a `share` (0 to 1) of the way from the stop `from` to the next one, and the bearing there in whole
    /// degrees, 0 to 359. `None` when there is no such stop.
    pub(super) fn between_stops(&self, from: usize, share: f64) -> Option<(Position, Option<f32>)> {
        let start_m = *self.stop_m.get(from)?;
        let end_m = self.stop_m.get(from + 1).copied().unwrap_or(start_m);
        self.at(start_m + (end_m - start_m) * share)
    }

    fn at(&self, m: f64) -> Option<(Position, Option<f32>)> {
        let last_edge = self.corners.len().saturating_sub(2);
        // At a corner the edge ahead counts; at the very end the last one with a length.
        let mut edge = self.corner_m.partition_point(|corner| *corner <= m).saturating_sub(1).min(last_edge);
        while edge > 0 && self.length_m(edge) <= 0.0 {
            edge -= 1;
        }
        let a = *self.corners.get(edge)?;
        let Some(b) = self.corners.get(edge + 1) else { return Some((a, None)) };
        let length_m = self.length_m(edge);
        if length_m <= 0.0 {
            return Some((a, None));
        }
        let share = ((m - self.corner_m.get(edge)?) / length_m).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, reason = "whole, and 0 to 359")]
        let bearing = a.bearing_deg(*b).round().rem_euclid(360.0) as f32;
        Some((a.towards(*b, share), Some(bearing)))
    }

    fn length_m(&self, edge: usize) -> f64 {
        match (self.corner_m.get(edge), self.corner_m.get(edge + 1)) {
            (Some(a), Some(b)) => b - a,
            _ => 0.0,
        }
    }
}

fn metres_along(corners: &[Position]) -> Vec<f64> {
    let mut m = 0.0;
    let mut along = Vec::with_capacity(corners.len());
    let mut before = corners.first().copied();
    for corner in corners {
        m += before.map_or(0.0, |before| before.distance_m(*corner));
        along.push(m);
        before = Some(*corner);
    }
    along
}

struct Laid {
    stop_m: Vec<f64>,
    /// Mean distance of the stops from their points on the shape.
    off_m: f64,
}

/// Finds for every stop its edge of the shape, in order of travel, so that the squared distances are least in sum
/// (dynamic programming): the nearest edge by itself would jump ahead where a shape crosses itself or turns back.
fn lay(shape: &[Position], corner_m: &[f64], stops: &[Position]) -> Laid {
    let edges: Vec<(Position, Position)> = shape.windows(2).filter_map(|w| Some((*w.first()?, *w.last()?))).collect();
    // back[stop][edge]: the edge of the stop before, on the best way to have this stop on this edge.
    let mut back: Vec<Vec<usize>> = Vec::with_capacity(stops.len());
    let mut cost: Vec<f64> = vec![0.0; edges.len()];
    for stop in stops {
        let mut best = (f64::INFINITY, 0);
        let mut from = Vec::with_capacity(edges.len());
        for (at, (edge, cost)) in edges.iter().zip(&mut cost).enumerate() {
            if *cost < best.0 {
                best = (*cost, at);
            }
            from.push(best.1);
            *cost = best.0 + foot(*stop, *edge).off_m.powi(2);
        }
        back.push(from);
    }
    let ends = cost.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
    let mut edge = ends.map_or(0, |(at, _)| at);
    let mut chosen = Vec::with_capacity(stops.len());
    for from in back.iter().rev() {
        chosen.push(edge);
        edge = from.get(edge).copied().unwrap_or_default();
    }
    chosen.reverse();
    along(&edges, corner_m, stops, &chosen)
}

fn along(edges: &[(Position, Position)], corner_m: &[f64], stops: &[Position], chosen: &[usize]) -> Laid {
    let (mut off_m, mut before_m) = (0.0, 0.0_f64);
    let mut stop_m = Vec::with_capacity(stops.len());
    for (stop, at) in stops.iter().zip(chosen) {
        if let (Some(edge), Some(start), Some(end)) = (edges.get(*at), corner_m.get(*at), corner_m.get(at + 1)) {
            let foot = foot(*stop, *edge);
            // Two stops on one edge may project out of order by a metre; the vehicle never goes back.
            before_m = before_m.max(start + (end - start) * foot.share);
            off_m += foot.off_m;
        }
        stop_m.push(before_m);
    }
    Laid { stop_m, off_m: off_m / stops.len().max(1) as f64 }
}

struct Foot {
    /// Where on the edge, 0 to 1.
    share: f64,
    /// How far from it, in metres.
    off_m: f64,
}

/// The point of an edge that is nearest to a stop, on a plane: right within a city.
fn foot(stop: Position, (a, b): (Position, Position)) -> Foot {
    const DEGREE_M: f64 = city::geometry::EARTH_RADIUS_M * std::f64::consts::PI / 180.0;
    let east_m = DEGREE_M * stop.latitude.to_radians().cos();
    let plane = |p: Position| ((p.longitude - stop.longitude) * east_m, (p.latitude - stop.latitude) * DEGREE_M);
    let ((ax, ay), (bx, by)) = (plane(a), plane(b));
    let (dx, dy) = (bx - ax, by - ay);
    let square = dx * dx + dy * dy;
    let share = if square > 0.0 { (-(ax * dx + ay * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
    Foot { share, off_m: (ax + dx * share).hypot(ay + dy * share) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(longitude: f64, latitude: f64) -> Position {
        Position { longitude, latitude }
    }

    #[test]
    fn a_shape_that_comes_back_keeps_the_order_of_the_stops() {
        // East for 1 km, then back west on the same road: the last stop lies beside the first.
        let shape = [at(0.0, 0.0), at(0.009, 0.0), at(0.009, 0.000_1), at(0.0, 0.000_1)];
        let stops = [at(0.001, 0.0), at(0.008, 0.0), at(0.007, 0.000_1), at(0.001, 0.000_1)];
        let line = Line::new(&shape, &stops);
        assert!(line.stop_m.is_sorted(), "{:?}", line.stop_m);
        assert!((line.stop_m[3] - line.stop_m[0] - 1_790.0).abs() < 10.0, "{:?}", line.stop_m);
        let (halfway, bearing) = line.between_stops(2, 0.5).expect("a point");
        assert!((halfway.longitude - 0.004).abs() < 1e-5 && (halfway.latitude - 0.000_1).abs() < 1e-9);
        assert_eq!(bearing, Some(270.0));
    }

    #[test]
    fn stops_far_from_their_shape_are_joined_by_straight_lines() {
        let shape = [at(1.0, 1.0), at(1.1, 1.0)];
        let stops = [at(0.0, 0.0), at(0.0, 0.01)];
        let line = Line::new(&shape, &stops);
        assert_eq!(line.corners, stops);
        assert_eq!(line.between_stops(0, 0.0), Some((at(0.0, 0.0), Some(0.0))));
        assert_eq!(line.between_stops(1, 0.0), Some((at(0.0, 0.01), Some(0.0))));
        assert_eq!(line.between_stops(2, 0.0), None);
    }
}
