//! Trees as a client would write them: with no more parentheses than OData 4.0 Part 2, clause 5.1.1.9 makes necessary.

use crate::generate::Tree;

pub(crate) fn condition(tree: &Tree) -> String {
    match tree {
        Tree::Null => "null".to_owned(),
        Tree::Bool(truth) => truth.to_string(),
        Tree::Number(number) => number.to_string(),
        Tree::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Tree::Instant(text) | Tree::Date(text) | Tree::Clock(text) => (*text).to_owned(),
        Tree::Interval(from, to) => format!("{from}/{to}"),
        Tree::Duration(_, text) => format!("duration'{text}'"),
        Tree::Shape(x, y, east, _) if x == east => format!("geography'POINT ({x} {y})'"),
        Tree::Shape(west, south, east, north) => {
            format!("geography'POLYGON (({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))'")
        }
        Tree::Path(way, property, members) => {
            let steps = way.iter().copied().chain([*property]).chain(members.iter().copied());
            steps.collect::<Vec<_>>().join("/")
        }
        Tree::And(items) => items.iter().map(|item| within(item, 3)).collect::<Vec<_>>().join(" and "),
        Tree::Or(items) => items.iter().map(|item| within(item, 2)).collect::<Vec<_>>().join(" or "),
        Tree::Not(inner) => format!("not {}", within(inner, 3)),
        Tree::Negate(inner) => format!("-{}", within(inner, 9)),
        Tree::Compare(name, left, right) | Tree::Math(name, left, right) => {
            let power = power(tree);
            format!("{} {name} {}", within(left, power), within(right, power + 1))
        }
        Tree::Call(name, arguments) => {
            format!("{name}({})", arguments.iter().map(condition).collect::<Vec<_>>().join(", "))
        }
    }
}

/// In parentheses if it binds more weakly than its place asks for.
fn within(tree: &Tree, least: u8) -> String {
    let text = condition(tree);
    if power(tree) < least { format!("({text})") } else { text }
}

fn power(tree: &Tree) -> u8 {
    match tree {
        Tree::Or(_) => 1,
        Tree::And(_) => 2,
        Tree::Not(_) => 3,
        Tree::Compare("eq" | "ne", ..) => 4,
        Tree::Compare(..) => 5,
        Tree::Math("add" | "sub", ..) => 6,
        Tree::Math(..) => 7,
        Tree::Negate(_) => 8,
        _ => 9,
    }
}
