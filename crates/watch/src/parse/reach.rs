//! Lines that no reading can be beyond: the gate takes readings within the range of their observed property and no
//! others, so that a rule on such a line would never ring, or an alert of it never close.

use city::Datastream;

use super::Town;
use crate::figure::{Against, Figure, Statistic};
use crate::reader::{At, Mistakes};
use crate::rule::{Rise, Side};

/// From the least to the most that something can be.
#[derive(Clone, Copy)]
struct Range {
    least: f64,
    most: f64,
}

impl Range {
    /// Whether some figure of it is on that side.
    fn reaches(self, side: Side) -> bool {
        match side {
            Side::Above(line) => self.most > line,
            Side::Below(line) => self.least < line,
            Side::Off(line) => self.most > line || self.least < -line,
            Side::Within(line) => line > 0.0 && self.least < line && self.most > -line,
        }
    }
}

/// What the readings of a series can be, where its observed property says it.
fn of_series(stream: &Datastream, town: &Town<'_>) -> Option<Range> {
    let known = town.properties.iter().find(|property| property.id == stream.observed_property)?;
    Some(Range { least: known.min, most: known.max })
}

/// What a figure of a series can be; `None` where nothing bounds it.
fn of_figure(figure: Figure, stream: &Datastream, town: &Town<'_>) -> Option<Range> {
    let series = of_series(stream, town)?;
    match figure {
        Figure::Window { statistic: Statistic::Sum, .. } | Figure::Tumbling { statistic: Statistic::Sum, .. } => {
            // A sum of many readings is bounded on the side that none of them can pass.
            let least = if series.least >= 0.0 { series.least } else { f64::NEG_INFINITY };
            let most = if series.most <= 0.0 { series.most } else { f64::INFINITY };
            Some(Range { least, most })
        }
        Figure::Last | Figure::Window { .. } | Figure::Tumbling { .. } => Some(series),
        Figure::Deviation { against, spreads: false } => {
            let expected = match against {
                Against::Weeks(_) => series,
                Against::Forecast(id) => of_series(town.datastreams.get(&id.0)?, town)?,
            };
            Some(Range { least: series.least - expected.most, most: series.most - expected.least })
        }
        Figure::Deviation { .. } | Figure::Trend { .. } | Figure::Anomaly(_) => None,
    }
}

/// Refuses a line that a figure of one of these series can never be beyond; `so` says what would come of it.
pub(super) fn check(
    side: &At<Side>,
    figure: Figure,
    streams: &[&Datastream],
    so: &str,
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) {
    let beyond =
        |stream: &&&Datastream| of_figure(figure, stream, town).is_some_and(|range| !range.reaches(side.value));
    if let Some(stream) = streams.iter().find(beyond)
        && let Some(range) = of_figure(figure, stream, town)
    {
        let (name, words) = (&stream.name, words(range, figure, town, stream));
        mistakes.at(side.byte, format!("{so}: {name} {words}"));
    }
}

fn words(range: Range, figure: Figure, town: &Town<'_>, stream: &Datastream) -> String {
    let property = town.properties.iter().find(|property| property.id == stream.observed_property);
    let unit = property.map_or(String::new(), |property| format!(" {}", property.unit_symbol));
    let what = match figure {
        Figure::Deviation { .. } => "can be off by",
        _ => "can be",
    };
    let by = format!("(`min` and `max` of {:?} in city.toml)", stream.observed_property.as_str());
    match (range.least.is_finite(), range.most.is_finite()) {
        (true, true) => format!("{what} from {} to {}{unit} {by}", range.least, range.most),
        (true, false) => format!("{what} {}{unit} at least {by}", range.least),
        _ => format!("{what} {}{unit} at most {by}", range.most),
    }
}

/// A level that the series can never have, and a drop that it can never fall by.
pub(super) fn check_rise(
    rise: &Rise,
    [level, drop]: [usize; 2],
    streams: &[&Datastream],
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) {
    let level = At { value: Side::Above(rise.level), byte: level };
    check(&level, Figure::Last, streams, "it would never get there", town, mistakes);
    let closes = At { value: Side::Below(rise.level - rise.drop), byte: drop };
    check(&closes, Figure::Last, streams, "it would never close", town, mistakes);
}
