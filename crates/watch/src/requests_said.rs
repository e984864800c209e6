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
/// Of counts below it only the line of the rule is told that they are above or below: of a few requests in one square
/// kilometre somebody could tell whose they are. The floor under which no cell of a statistic is published.
const TOLD_MIN: u32 = 10;
/// The eight directions, clockwise from north.
const DIRECTIONS: [&str; 8] =
    ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];

/// Title and figures. Of counts below the line that closes, or below [`TOLD_MIN`], no more is told than that: they are
/// nobody's business.
pub(crate) fn words(
    context: &Context,
    kind: &OnRequests,
    counted: &Counted,
    (count, is_whole): (u32, bool),
    hours: Range<'_, Time, u32>,
) -> Said {
    let few = count < TOLD_MIN;
    let requests = match count {
        _ if count >= TOLD_MIN.max(kind.close_below) && is_whole => format!("{count} requests"),
        _ if count >= TOLD_MIN && !is_whole => format!("at least {count} requests"),
        // The lines of a rule are known to everybody.
        _ if count >= kind.requests => format!("{} or more requests", kind.requests),
        _ if !is_whole => "an unknown number of requests".to_owned(),
        _ if count >= kind.close_below => format!("fewer than {} requests", kind.requests),
        _ => format!("fewer than {} requests", kind.close_below),
    };
    let place = match counted {
        Counted::Cell(cell) => cell_in_words(context, *cell),
        Counted::Place(id) => format!("in {}", context.places.get(id).map_or(id.as_str(), |place| &place.name)),
        Counted::Everywhere => "altogether".to_owned(),
    };
    let title = format!("{}: {requests} in {}, {place}", kind.what, words::span(kind.window));
    let newest = hours.rev().filter(|(_, count)| **count >= TOLD_MIN).take(NAMED_MAX).collect::<Vec<_>>();
    let by_hour: Vec<String> = newest
        .iter()
        .rev()
        .map(|(hour, count)| format!("{count} from {}", words::clock(**hour, &context.timezone)))
        .collect();
    let feed = context.feed_name(&kind.feed);
    let told = if few || count < kind.close_below || by_hour.is_empty() {
        format!("As {feed} tells.")
    } else {
        format!("By the hour, as {feed} tells: {}.", words::list(&by_hour, "and"))
    };
    let more = if is_whole { "" } else { " More came than are counted." };
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

/// By the nearest place that people know, and the smallest one that it lies in: a city's own outline alone would say
/// nothing. All is reckoned from the middle of the cell and in whole kilometres, so that it tells no more than the cell.
fn cell_in_words(context: &Context, cell: GridCell) -> String {
    let centre = cell.centre();
    let far = |place: &&Place| place.position.distance_m(centre);
    let Some(nearest) = context.places.values().min_by(|a, b| far(a).total_cmp(&far(b))) else {
        return format!("in the square kilometre {cell}");
    };
    let around = around(context, cell);
    if around.is_some_and(|around| around.id == nearest.id) {
        return format!("in one square kilometre of {}", nearest.name);
    }
    let within = around.map_or(String::new(), |around| format!(", {}", around.name));
    let metres = far(&nearest);
    if metres < 1000.0 {
        return format!("in the square kilometre at {}{within}", nearest.name);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 8")]
    let eighth = (nearest.position.bearing_deg(centre) / 45.0).round() as usize % DIRECTIONS.len();
    let direction = DIRECTIONS.get(eighth).copied().unwrap_or_default();
    let km = words::figure(metres / 1000.0, 0);
    format!("in the square kilometre {km} km {direction} of {}{within}", nearest.name)
}
