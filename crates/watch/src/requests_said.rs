//! The words of alerts on residents' requests: how many, within how long, and where in words.

use std::collections::btree_map::Range;

use city::{GridCell, Place, Time};

use crate::context::Context;
use crate::life::Said;
use crate::requests::Counted;
use crate::rule::OnRequests;
use crate::words;

/// Hours named in the words of an alert.
const NAMED_MAX: usize = 3;
/// The eight directions, clockwise from north.
const DIRECTIONS: [&str; 8] =
    ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];

/// Title and figures. Of counts below the line that closes, no more is told than that: they are nobody's business.
pub(crate) fn words(
    context: &Context,
    kind: &OnRequests,
    counted: &Counted,
    (count, is_whole): (u32, bool),
    hours: Range<'_, Time, u32>,
) -> Said {
    let few = count < kind.close_below;
    let requests = match count {
        _ if few && is_whole => format!("fewer than {} requests", kind.close_below),
        1 => "1 request".to_owned(),
        count => format!("{count} requests"),
    };
    let at_least = if is_whole { "" } else { "at least " };
    let place = match counted {
        Counted::Cell(cell) => cell_in_words(context, *cell),
        Counted::Place(id) => format!("in {}", context.places.get(id).map_or(id.as_str(), |place| &place.name)),
        Counted::Everywhere => "altogether".to_owned(),
    };
    let title = format!("{}: {at_least}{requests} in {}, {place}", kind.what, words::span(kind.window));
    let newest = hours.rev().take(NAMED_MAX).collect::<Vec<_>>();
    let by_hour: Vec<String> = newest
        .iter()
        .rev()
        .map(|(hour, count)| format!("{count} from {}", words::clock(**hour, &context.timezone)))
        .collect();
    let feed = context.feed_name(&kind.feed);
    let told = if few || by_hour.is_empty() {
        format!("As {feed} tells.")
    } else {
        format!("By the hour, as {feed} tells: {}.", words::list(&by_hour, "and"))
    };
    let more = if is_whole { "" } else { " More came than can be told apart." };
    Said { title, detail: format!("{told}{more}"), expected: None }
}

/// The smallest place with an outline that a cell lies in, by its middle.
pub(crate) fn around(context: &Context, cell: GridCell) -> Option<&Place> {
    let centre = cell.centre();
    let outlined = context.places.values().filter_map(|place| Some((place, place.outline.as_ref()?)));
    let around = outlined.filter(|(_, outline)| outline.bounding_box().contains(centre) && outline.contains(centre));
    let size = |(_, outline): &(&Place, &city::Polygon)| {
        let bounds = outline.bounding_box();
        (bounds.east - bounds.west) * (bounds.north - bounds.south)
    };
    around.min_by(|a, b| size(a).total_cmp(&size(b))).map(|(place, _)| place)
}

fn cell_in_words(context: &Context, cell: GridCell) -> String {
    let centre = cell.centre();
    if let Some(place) = around(context, cell) {
        return format!("in one square kilometre of {}", place.name);
    }
    let far = |place: &&Place| place.position.distance_m(centre);
    let Some(nearest) = context.places.values().min_by(|a, b| far(a).total_cmp(&far(b))) else {
        return format!("in the square kilometre {cell}");
    };
    let metres = far(&nearest);
    if metres < 1000.0 {
        return format!("in the square kilometre at {}", nearest.name);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 8")]
    let eighth = (nearest.position.bearing_deg(centre) / 45.0).round() as usize % DIRECTIONS.len();
    let direction = DIRECTIONS.get(eighth).copied().unwrap_or_default();
    format!("in the square kilometre {} km {direction} of {}", words::figure(metres / 1000.0, 0), nearest.name)
}
