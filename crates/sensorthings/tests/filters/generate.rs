//! Expressions and data out of a tape of random bytes. Small pools, so that what is compared is often the same.

use sensorthings::EntityType;
use serde_json::{Value as Json, json};

/// A tree as the test makes it: nothing of the crate is in it.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number(f64),
    Text(&'static str),
    Instant(&'static str),
    Interval(&'static str, &'static str),
    /// Milliseconds, and how it is written.
    Duration(i64, &'static str),
    Date(&'static str),
    Clock(&'static str),
    /// West, south, east, north; a point when they are the same.
    Shape(i32, i32, i32, i32),
    /// Relations, the property, and members of it.
    Path(Vec<&'static str>, &'static str, Vec<&'static str>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Negate(Box<Tree>),
    Compare(&'static str, Box<Tree>, Box<Tree>),
    Math(&'static str, Box<Tree>, Box<Tree>),
    Call(&'static str, Vec<Tree>),
}

pub(crate) const INSTANTS: [&str; 6] = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T23:59:59.999Z",
    "2026-01-03T03:00:00Z",
    "2026-01-03T03:00:00.250Z",
    "2026-02-28T12:30:45Z",
    "1969-07-20T20:17:40Z",
];
const TEXTS: [&str; 7] = ["", "a", "b", "Ab c", " it's ", "äßÄ", "1"];
const NUMBERS: [f64; 9] = [0.0, 1.0, 2.0, 3.0, -1.0, 2.5, -0.5, 1000.0, 0.1];
const COMPARISONS: [&str; 6] = ["eq", "ne", "gt", "ge", "lt", "le"];
const MATHS: [&str; 5] = ["add", "sub", "mul", "div", "mod"];

/// Bytes that decide; zeroes when they are used up, which choose the simplest.
pub(crate) struct Tape<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Tape<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    fn below(&mut self, choices: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % choices
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Something that is true or false.
    pub(crate) fn condition(&mut self, entity: EntityType, depth: usize) -> Tree {
        let choice = if depth == 0 { self.below(6) } else { self.below(14) };
        let mut inner = |tape: &mut Self| tape.condition(entity, depth - 1);
        match choice {
            0..=2 => self.comparison(entity, depth.saturating_sub(1)),
            3 => self.temporal(entity, depth.saturating_sub(1)),
            4 => self.spatial(entity),
            5 => match self.below(4) {
                0 => Tree::Bool(self.below(2) == 0),
                1 => Tree::Null,
                _ => self.path(entity, &["result", "properties/flag"]),
            },
            6..=8 => Tree::And(self.several(&mut inner)),
            9..=11 => Tree::Or(self.several(&mut inner)),
            12 => Tree::Not(Box::new(inner(self))),
            _ => self.of_texts(entity, depth - 1),
        }
    }

    fn several(&mut self, inner: &mut impl FnMut(&mut Self) -> Tree) -> Vec<Tree> {
        let count = 2 + self.below(2);
        (0..count).map(|_| inner(self)).collect()
    }

    fn comparison(&mut self, entity: EntityType, depth: usize) -> Tree {
        let operator = self.pick(&COMPARISONS);
        let (left, right) = match self.below(9) {
            0..=2 => (self.number(entity, depth), self.number(entity, depth)),
            3 | 4 => (self.time(entity, depth), self.time(entity, depth)),
            5 => (self.text(entity, depth), self.text(entity, depth)),
            6 => (self.duration(entity, depth), self.duration(entity, depth)),
            7 => {
                let id = self.path(entity, &["id"]);
                let other = if self.below(2) == 0 { Tree::Number(1.0) } else { Tree::Text("1") };
                (id, other)
            }
            _ => match self.below(3) {
                0 => (Tree::Call("date", vec![self.time(entity, depth)]), Tree::Date("2026-01-03")),
                1 => (Tree::Call("time", vec![self.time(entity, depth)]), Tree::Clock("12:30:45")),
                _ => (self.path(entity, &["result", "name"]), Tree::Null),
            },
        };
        if self.below(4) == 0 {
            return Tree::Compare(operator, Box::new(right), Box::new(left));
        }
        Tree::Compare(operator, Box::new(left), Box::new(right))
    }

    fn number(&mut self, entity: EntityType, depth: usize) -> Tree {
        let choice = if depth == 0 { self.below(4) } else { self.below(12) };
        match choice {
            0 | 1 => self.path(entity, &["result", "properties/level"]),
            2 | 3 => Tree::Number(self.pick(&NUMBERS)),
            4..=6 => {
                let operator = self.pick(&MATHS);
                let (left, right) = (self.number(entity, depth - 1), self.number(entity, depth - 1));
                Tree::Math(operator, Box::new(left), Box::new(right))
            }
            7 => Tree::Negate(Box::new(self.path(entity, &["result"]))),
            8 => Tree::Call(self.pick(&["round", "floor", "ceiling"]), vec![self.number(entity, depth - 1)]),
            9 => Tree::Call("length", vec![self.text(entity, depth - 1)]),
            10 => Tree::Call("indexof", vec![self.text(entity, depth - 1), self.text(entity, depth - 1)]),
            _ => {
                let part =
                    ["year", "month", "day", "hour", "minute", "second", "fractionalseconds", "totaloffsetminutes"];
                Tree::Call(self.pick(&part), vec![self.time(entity, depth - 1)])
            }
        }
    }

    fn text(&mut self, entity: EntityType, depth: usize) -> Tree {
        let choice = if depth == 0 { self.below(4) } else { self.below(8) };
        match choice {
            0 | 1 => self.path(entity, &["name", "description", "properties/note"]),
            2 | 3 => Tree::Text(self.pick(&TEXTS)),
            4 => Tree::Call("concat", vec![self.text(entity, depth - 1), self.text(entity, depth - 1)]),
            5 => Tree::Call(self.pick(&["tolower", "toupper", "trim"]), vec![self.text(entity, depth - 1)]),
            6 => Tree::Call("substring", vec![self.text(entity, depth - 1), Tree::Number(self.pick(&NUMBERS))]),
            _ => {
                let (from, count) = (Tree::Number(self.pick(&NUMBERS)), Tree::Number(self.pick(&NUMBERS)));
                Tree::Call("substring", vec![self.text(entity, depth - 1), from, count])
            }
        }
    }

    fn of_texts(&mut self, entity: EntityType, depth: usize) -> Tree {
        let function = self.pick(&["substringof", "startswith", "endswith"]);
        Tree::Call(function, vec![self.text(entity, depth), self.text(entity, depth)])
    }

    fn time(&mut self, entity: EntityType, depth: usize) -> Tree {
        let choice = if depth == 0 { self.below(5) } else { self.below(7) };
        match choice {
            0 | 1 => self.path(entity, &["phenomenonTime", "resultTime", "validTime"]),
            2 => Tree::Instant(self.pick(&INSTANTS)),
            3 => {
                let (from, to) = self.span();
                Tree::Interval(from, to)
            }
            4 => match self.below(3) {
                0 => Tree::Call("mindatetime", vec![]),
                1 => Tree::Call("maxdatetime", vec![]),
                _ => Tree::Call("now", vec![]),
            },
            _ => {
                let operator = self.pick(&["add", "sub"]);
                let (left, right) = (self.time(entity, depth - 1), self.duration(entity, 0));
                Tree::Math(operator, Box::new(left), Box::new(right))
            }
        }
    }

    /// Two instants in order.
    fn span(&mut self) -> (&'static str, &'static str) {
        let from = self.below(INSTANTS.len() - 1);
        let to = from + self.below(INSTANTS.len() - 1 - from);
        (INSTANTS[from], INSTANTS[to])
    }

    fn duration(&mut self, entity: EntityType, depth: usize) -> Tree {
        let known =
            [(86_400_000, "P1D"), (0, "PT0S"), (-250, "-PT0.25S"), (97_500_500, "P1DT3H5M0.5S"), (3_600_000, "PT60M")];
        let choice = if depth == 0 { 0 } else { self.below(5) };
        match choice {
            0 | 1 => {
                let (ms, text) = self.pick(&known);
                Tree::Duration(ms, text)
            }
            2 => {
                let (left, right) = (self.time(entity, depth - 1), self.time(entity, depth - 1));
                Tree::Math("sub", Box::new(left), Box::new(right))
            }
            3 => {
                let (left, right) = (self.duration(entity, depth - 1), self.duration(entity, depth - 1));
                Tree::Math(self.pick(&["add", "sub"]), Box::new(left), Box::new(right))
            }
            _ => {
                let (left, right) = (self.duration(entity, depth - 1), Tree::Number(self.pick(&NUMBERS)));
                Tree::Math(self.pick(&["mul", "div"]), Box::new(left), Box::new(right))
            }
        }
    }

    fn temporal(&mut self, entity: EntityType, depth: usize) -> Tree {
        let relations = ["before", "after", "meets", "during", "overlaps", "starts", "finishes"];
        let function = self.pick(&relations);
        Tree::Call(function, vec![self.time(entity, depth), self.time(entity, depth)])
    }

    fn spatial(&mut self, entity: EntityType) -> Tree {
        let place = if entity == EntityType::Thing {
            Tree::Path(vec!["Locations"], "location", vec![])
        } else {
            Tree::Path(vec!["FeatureOfInterest"], "feature", vec![])
        };
        let x = i32::try_from(self.below(4)).expect("small");
        let y = i32::try_from(self.below(4)).expect("small");
        let (point, area) = (Tree::Shape(x, y, x, y), Tree::Shape(0, 0, 1 + x, 1 + y));
        match self.below(10) {
            0 => {
                let limit = Tree::Number(self.pick(&NUMBERS));
                Tree::Compare("lt", Box::new(Tree::Call("geo.distance", vec![place, point])), Box::new(limit))
            }
            1 => Tree::Call("st_equals", vec![place, point]),
            2 => Tree::Call("st_contains", vec![area, place]),
            3 => Tree::Call("st_relate", vec![place, area, Tree::Text("T*F**F***")]),
            other => {
                let relations =
                    ["geo.intersects", "st_intersects", "st_disjoint", "st_touches", "st_within", "st_intersects"];
                Tree::Call(relations[other - 4], vec![place, area])
            }
        }
    }

    /// A path to one of these properties, if the type at its end has it; `properties/x` is a member.
    fn path(&mut self, entity: EntityType, properties: &[&'static str]) -> Tree {
        let ways: &[&[&'static str]] = match entity {
            EntityType::Thing => &[&["Datastreams", "Observations"], &[], &["Datastreams"], &["Locations"]],
            _ => &[&[], &["Datastream"], &["Datastream", "Thing"], &["FeatureOfInterest"]],
        };
        let way = self.pick(ways);
        let wanted = self.pick(properties);
        let of_observation = matches!(wanted, "result" | "phenomenonTime" | "resultTime" | "validTime");
        let at_observation = way.last().map_or(entity == EntityType::Observation, |last| *last == "Observations");
        let at_datastream = way.last().is_some_and(|last| last.starts_with("Datastream"));
        let has_it = match wanted {
            "id" => true,
            "phenomenonTime" | "resultTime" if at_datastream => true,
            _ => of_observation == at_observation,
        };
        if has_it {
            let (property, member) = wanted.split_once('/').map_or((wanted, None), |(bag, member)| (bag, Some(member)));
            return Tree::Path(way.to_vec(), property, member.into_iter().collect());
        }
        let observation: &[&'static str] =
            if entity == EntityType::Thing { &["Datastreams", "Observations"] } else { &[] };
        let holder: &[&'static str] = if entity == EntityType::Thing { &[] } else { &["Datastream"] };
        let (property, member) = wanted.split_once('/').map_or((wanted, None), |(bag, member)| (bag, Some(member)));
        Tree::Path(if of_observation { observation } else { holder }.to_vec(), property, member.into_iter().collect())
    }

    /// An entity with those it is related to, as JSON.
    pub(crate) fn entity(&mut self, entity: EntityType) -> Json {
        if entity == EntityType::Observation {
            let mut observation = self.observation();
            observation["Datastream"] = self.described();
            observation["Datastream"]["Thing"] = self.described();
            if self.below(4) != 0 {
                observation["FeatureOfInterest"] = self.described();
                observation["FeatureOfInterest"]["feature"] = self.place();
            }
            return observation;
        }
        let mut thing = self.described();
        let datastreams = (0..self.below(4)).map(|_| {
            let mut datastream = self.described();
            datastream["phenomenonTime"] = self.maybe_time();
            datastream["Observations"] = (0..self.below(4)).map(|_| self.observation()).collect();
            datastream
        });
        thing["Datastreams"] = datastreams.collect();
        let locations = (0..self.below(3)).map(|_| {
            let mut location = self.described();
            location["location"] = self.place();
            location
        });
        thing["Locations"] = locations.collect();
        thing
    }

    fn described(&mut self) -> Json {
        let properties = json!({"flag": self.primitive(), "level": self.primitive(), "note": self.primitive()});
        let id = if self.below(2) == 0 { json!(self.below(3)) } else { json!(self.pick(&["1", "a"])) };
        json!({"@iot.id": id, "name": self.pick(&TEXTS), "description": self.pick(&TEXTS), "properties": properties})
    }

    fn observation(&mut self) -> Json {
        json!({
            "@iot.id": self.below(3),
            "result": self.primitive(),
            "phenomenonTime": self.maybe_time(),
            "resultTime": if self.below(2) == 0 { Json::Null } else { json!(self.pick(&INSTANTS)) },
            "validTime": self.maybe_time(),
        })
    }

    fn maybe_time(&mut self) -> Json {
        match self.below(3) {
            0 => json!(self.pick(&INSTANTS)),
            1 => {
                let (from, to) = self.span();
                json!(format!("{from}/{to}"))
            }
            _ => Json::Null,
        }
    }

    fn primitive(&mut self) -> Json {
        match self.below(8) {
            0..=3 => json!(self.pick(&NUMBERS)),
            4 => json!(self.pick(&TEXTS)),
            5 => json!(self.below(2) == 0),
            6 => json!({"inner": 1}),
            _ => Json::Null,
        }
    }

    fn place(&mut self) -> Json {
        json!({"type": "Point", "coordinates": [self.below(4), self.below(4)]})
    }

    /// Any shape on a small grid as well-known text: also rings that cross themselves, and lines that come back.
    pub(crate) fn any_shape(&mut self) -> String {
        let count = 2 + self.below(6);
        let mut positions: Vec<String> = (0..count).map(|_| format!("{} {}", self.below(4), self.below(4))).collect();
        match self.below(5) {
            0 => format!("POINT ({})", positions[0]),
            1 => format!("MULTIPOINT ({})", positions.join(",")),
            2 => format!("LINESTRING ({})", positions.join(",")),
            3 => {
                let half = positions.split_off(positions.len() / 2);
                format!("MULTILINESTRING (({0},{0}),({1},{0}))", positions.join(","), half.join(","))
            }
            _ => {
                positions.push(positions[0].clone());
                if self.below(2) == 0 {
                    return format!("POLYGON (({}))", positions.join(","));
                }
                format!("MULTIPOLYGON ((({})),((0 0,3 0,3 3,0 0)))", positions.join(","))
            }
        }
    }
}
