//! The words of alerts on figures: what stands where, which side of the line, and what was to be expected.

use city::DatastreamId;

use crate::context::Context;
use crate::figure::{Against, Figure, Statistic};
use crate::life::Said;
use crate::rule::{OnFigure, Side};
use crate::shard::Evidence;
use crate::words;

/// Title and figures of an alert on a figure.
pub(crate) fn figure(context: &Context, on: &OnFigure, datastream: DatastreamId, seen: &Evidence) -> Said {
    let unit = context.unit(datastream);
    let title = match on.figure {
        Figure::Last => level(on, unit, seen.figure, Statistic::Last, city::Span::default()),
        Figure::Window { statistic, window } | Figure::Tumbling { statistic, window } => {
            level(on, unit, seen.figure, statistic, window)
        }
        Figure::Trend { window } => trend(on, unit, seen.figure, window),
        Figure::Deviation { against, spreads } => deviation(on, unit, seen, against, spreads),
        Figure::Anomaly(_) => {
            let value = words::measured(seen.reading.1, unit, 1);
            if on.open.holds(seen.figure) {
                format!("{} is unusual: {value}", on.what)
            } else {
                format!("{} is as usual again: {value}", on.what)
            }
        }
    };
    let name = context.datastreams.get(&datastream).map_or("", |stream| stream.name.as_str());
    let (at, value) = seen.reading;
    let value = words::measured(value, unit, 2);
    let clock = words::clock(at, &context.timezone);
    let expected = seen
        .expected
        .map_or_else(String::new, |expected| format!(" {} was to be expected.", words::measured(expected, unit, 2)));
    Said { title, detail: format!("{name}: {value} at {clock}.{expected}"), expected: None }
}

/// "above", "below" and what else a side is called.
pub(crate) fn side(side: Side) -> &'static str {
    match side {
        Side::Above(_) => "above",
        Side::Below(_) => "below",
        Side::Off(_) => "off by more than",
        Side::Within(_) => "within",
    }
}

fn no_longer(on: &OnFigure, figure: f64) -> &'static str {
    if on.open.holds(figure) { "" } else { "no longer " }
}

fn level(on: &OnFigure, unit: &str, figure: f64, statistic: Statistic, window: city::Span) -> String {
    let line = words::line(on.open.line(), unit);
    let rough = usize::from(unit == "m" || figure.abs() < 10.0);
    // What is a whole unit away rounds to something else.
    let near = (figure - on.open.line()).abs() <= 1.0;
    let on_the_line = near && words::figure(figure, rough) == words::figure(on.open.line(), rough);
    let shown = words::measured(figure, unit, if on_the_line { rough + 1 } else { rough });
    let window = words::span(window);
    let what = &on.what;
    let stands = match statistic {
        Statistic::Last => format!("{what} stands at {shown}"),
        Statistic::Mean => format!("{what}: {shown} on average over {window}"),
        Statistic::Sum => format!("{what}: {shown} in {window}"),
        Statistic::Max => format!("{what}: up to {shown} within {window}"),
        Statistic::Min => format!("{what}: down to {shown} within {window}"),
    };
    format!("{stands}, {}{} {line}", no_longer(on, figure), side(on.open))
}

fn trend(on: &OnFigure, unit: &str, figure: f64, window: city::Span) -> String {
    let goes = if figure >= 0.0 { "rises" } else { "falls" };
    let pace = words::measured(figure.abs(), unit, 2);
    let line = words::line(on.open.line().abs(), unit);
    let than = if on.open.holds(figure) { "faster than" } else { "no longer faster than" };
    format!("{} {goes} by {pace} an hour over {}, {than} {line}", on.what, words::span(window))
}

fn deviation(on: &OnFigure, unit: &str, seen: &Evidence, against: Against, spreads: bool) -> String {
    let of = match against {
        Against::Weeks(_) => "usual at this hour",
        Against::Forecast(_) => "forecast",
    };
    let more = if seen.figure >= 0.0 { "more" } else { "less" };
    let value = words::measured(seen.reading.1, unit, 1);
    let how_far = if spreads {
        format!("{} spreads {more}", words::figure(seen.figure.abs(), 1))
    } else {
        format!("{} {more}", words::measured(seen.figure.abs(), unit, 1))
    };
    if on.open.holds(seen.figure) {
        format!("{} at {value}: {how_far} than {of}", on.what)
    } else {
        format!("{} at {value}, about as {of} again", on.what)
    }
}
