//! Joins the pieces of one street. OpenStreetMap cuts a street wherever a tag changes (a bridge, a speed limit); a name
//! is written along a line only when the line is long enough for it.

use std::collections::{BTreeMap, HashMap};

use city::Position;

use super::{Class, Road};

/// Ends of lines, by place.
type Ends = HashMap<(u64, u64), Vec<usize>>;

/// Joins roads of the same class and name end to end. The order is by class, then name, then the order of `roads`.
pub(super) fn stitch(roads: Vec<Road>) -> Vec<Road> {
    let mut streets: BTreeMap<(Class, String), Vec<Vec<Position>>> = BTreeMap::new();
    for Road { class, name, line } in roads {
        streets.entry((class, name)).or_default().push(line);
    }
    let joined = streets.into_iter().flat_map(|((class, name), lines)| {
        join(lines).into_iter().map(move |line| Road { class, name: name.clone(), line })
    });
    joined.collect()
}

fn join(lines: Vec<Vec<Position>>) -> Vec<Vec<Position>> {
    let mut ends: Ends = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        for end in [line.first(), line.last()].into_iter().flatten() {
            ends.entry(key(*end)).or_default().push(at);
        }
    }
    let mut left: Vec<Option<Vec<Position>>> = lines.into_iter().map(Some).collect();
    let mut joined = Vec::new();
    for at in 0..left.len() {
        let Some(mut line) = left.get_mut(at).and_then(Option::take) else { continue };
        grow(&mut line, &ends, &mut left);
        line.reverse();
        grow(&mut line, &ends, &mut left);
        line.reverse();
        joined.push(line);
    }
    joined
}

/// Adds piece after piece to the end of a line. At a fork of the street it stops, for there is no telling which way
/// goes on.
fn grow(line: &mut Vec<Position>, ends: &Ends, left: &mut [Option<Vec<Position>>]) {
    while let Some(end) = line.last().copied() {
        let Some([a, b]) = ends.get(&key(end)).map(Vec::as_slice) else { return };
        let piece = [a, b].into_iter().find_map(|at| left.get_mut(*at).and_then(Option::take));
        let Some(mut piece) = piece else { return };
        if piece.first().map(|first| key(*first)) != Some(key(end)) {
            piece.reverse();
        }
        line.extend(piece.into_iter().skip(1));
    }
}

fn key(position: Position) -> (u64, u64) {
    (position.longitude.to_bits(), position.latitude.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn road(name: &str, line: &[(i32, i32)]) -> Road {
        let at = |(x, y): &(i32, i32)| Position { longitude: f64::from(*x), latitude: f64::from(*y) };
        Road { class: Class::Primary, name: name.to_owned(), line: line.iter().map(at).collect() }
    }

    #[test]
    fn pieces_of_a_street_become_one_line_whichever_way_they_were_drawn() {
        let pieces = vec![road("a", &[(1, 0), (2, 0)]), road("a", &[(3, 0), (2, 0)]), road("a", &[(0, 0), (1, 0)])];
        assert_eq!(stitch(pieces), [road("a", &[(0, 0), (1, 0), (2, 0), (3, 0)])]);
    }

    #[test]
    fn other_streets_and_forks_stay_apart() {
        let street = [road("a", &[(0, 0), (1, 0)]), road("b", &[(1, 0), (2, 0)])];
        assert_eq!(stitch(street.to_vec()), street);
        let fork = [road("a", &[(0, 0), (1, 0)]), road("a", &[(1, 0), (2, 1)]), road("a", &[(1, 0), (2, -1)])];
        assert_eq!(stitch(fork.to_vec()), fork);
    }

    #[test]
    fn a_ring_is_joined_once() {
        let ring = vec![road("a", &[(0, 0), (1, 0)]), road("a", &[(1, 0), (1, 1)]), road("a", &[(1, 1), (0, 0)])];
        assert_eq!(stitch(ring), [road("a", &[(0, 0), (1, 0), (1, 1), (0, 0)])]);
    }
}
