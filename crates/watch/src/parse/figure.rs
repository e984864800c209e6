//! Kinds of rules that look at figures of series.

use city::{Datastream, DatastreamId, Span};

use super::{KindName, Town, datastream, datastreams, reach};
use crate::anomaly::{Parameters, Season};
use crate::figure::{Against, Figure, Statistic, WEEKS_MAX};
use crate::reader::{At, Fields, Mistakes, SPAN_MAX};
use crate::rule::{OnFigure, Rise, Side};

/// The longest trend window: its hours are kept.
const TREND_WINDOW_MAX: Span = Span::h(14 * 24);
/// The shortest trend window: below it there are too few hourly means for a line.
const TREND_WINDOW_MIN: Span = Span::h(4);
/// Readings that a detector must have seen at least before anything is unusual to it.
const LEARNING_MIN: u32 = 30;
/// The shortest stretch of the clock: below a second there is no reading to reckon with.
const TUMBLING_MIN: Span = Span::s(1);

/// The series, and which figure of them.
struct Shape<'k> {
    streams: Vec<&'k Datastream>,
    figure: Option<Figure>,
}

impl Shape<'_> {
    fn ids(&self) -> Vec<DatastreamId> {
        self.streams.iter().map(|stream| stream.id).collect()
    }
}

/// A rule on a figure, with its [open] and its [close].
pub(super) fn rule(
    name: KindName,
    fields: &mut Fields<'_, '_>,
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<OnFigure> {
    let what = fields.text("what", "what is measured, in words, as \"Lake Guaíba\"", mistakes);
    let shape = shape(name, fields, town, mistakes);
    let open = table(fields, "open", shape.figure, mistakes);
    let close = table(fields, "close", shape.figure, mistakes);
    let (open, close, figure) = (open?, close?, shape.figure?);
    check_sides(&open, &close, mistakes);
    reach::check(&open.side, figure, &shape.streams, "it would never ring", town, mistakes);
    reach::check(&close.side, figure, &shape.streams, "it would never close", town, mistakes);
    Some(OnFigure {
        what: what?.value,
        datastreams: shape.ids(),
        figure,
        open: open.side.value,
        open_for: open.held_for,
        close: close.side.value,
        close_for: close.held_for,
    })
}

/// A condition on a figure: one line, and no close of its own.
pub(super) fn condition(
    name: KindName,
    fields: &mut Fields<'_, '_>,
    town: &Town<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<OnFigure> {
    let shape = shape(name, fields, town, mistakes);
    let line = line(fields, "this condition", shape.figure, mistakes)?;
    let figure = shape.figure?;
    reach::check(&line.side, figure, &shape.streams, "it would never hold", town, mistakes);
    Some(OnFigure {
        what: String::new(),
        datastreams: shape.ids(),
        figure,
        open: line.side.value,
        open_for: line.held_for,
        close: line.side.value,
        close_for: Span::default(),
    })
}

/// `kind = "anomaly"`: no line is drawn, as the detector draws its own.
pub(super) fn anomaly(fields: &mut Fields<'_, '_>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) -> Option<OnFigure> {
    let what = fields.text("what", "what is measured, in words, as \"Lake Guaíba\"", mistakes);
    let streams = datastreams(fields, town, mistakes);
    let mut parameters = Parameters::default();
    if let Some(threshold) = fields.number_if("threshold", mistakes) {
        if !(threshold.value > 0.0 && threshold.value < 1.0) {
            mistakes.at(
                threshold.byte,
                "`threshold` should lie between 0 and 1; 0.96 rings for what comes once in some weeks",
            );
        }
        parameters.threshold = threshold.value;
    }
    if let Some(learning) = fields.count_if("learning", mistakes) {
        if learning.value < LEARNING_MIN {
            mistakes.at(learning.byte, format!("`learning` should be at least {LEARNING_MIN} readings"));
        }
        parameters.learning = learning.value;
    }
    parameters.rest = fields.count_if("rest", mistakes).map_or(parameters.rest, |at| at.value);
    if let Some(memory) = fields.span_if("memory", mistakes) {
        if memory.value < Span::h(24) {
            mistakes.at(memory.byte, "`memory` should be at least \"1 day\"");
        }
        parameters.memory = memory.value;
    }
    if fields.has("season") {
        let seasons = [("day", Season::Day), ("week", Season::Week)];
        parameters.season = fields.choice("season", &seasons, mistakes)?.value;
    }
    let held_for = fields.span_or("for", Span::default(), mistakes);
    let close_for = match fields.table_if("close", mistakes) {
        Some(mut close) => {
            let held_for = close.span_or("for", Span::default(), mistakes);
            close.finish(mistakes);
            held_for
        }
        None => Span::default(),
    };
    Some(OnFigure {
        what: what?.value,
        datastreams: streams.iter().map(|stream| stream.id).collect(),
        figure: Figure::Anomaly(parameters),
        open: Side::Above(0.5),
        open_for: held_for,
        close: Side::Below(0.5),
        close_for,
    })
}

fn shape<'k>(name: KindName, fields: &mut Fields<'_, '_>, town: &Town<'k>, mistakes: &mut Mistakes<'_>) -> Shape<'k> {
    let streams = datastreams(fields, town, mistakes);
    let figure = match name {
        KindName::Trend => {
            let window = fields.span("window", mistakes);
            check_window(window.as_ref(), mistakes);
            window.map(|window| Figure::Trend { window: window.value })
        }
        KindName::Deviation => deviation(fields, town, mistakes),
        _ => threshold(fields, mistakes),
    };
    Shape { streams, figure }
}

fn threshold(fields: &mut Fields<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<Figure> {
    let statistic = fields.choice("statistic", &Statistic::NAMES, mistakes);
    let last = statistic.as_ref().is_some_and(|at| at.value == Statistic::Last);
    let window = if last { fields.span_if("window", mistakes) } else { fields.span("window", mistakes) };
    let tumbling = fields.flag("tumbling", mistakes);
    match &window {
        Some(at) if last => {
            mistakes.at(at.byte, "`window` has no meaning with `statistic = \"last\"`; leave it out");
        }
        Some(at) if tumbling && at.value < TUMBLING_MIN => {
            mistakes.at(at.byte, "a tumbling `window` should be at least \"1 s\"");
        }
        _ if !tumbling => check_window(window.as_ref(), mistakes),
        _ => {}
    }
    let statistic = statistic?.value;
    Some(match (last, tumbling) {
        (true, _) => Figure::Last,
        (false, true) => Figure::Tumbling { statistic, window: window?.value },
        (false, false) => Figure::Window { statistic, window: window?.value },
    })
}

fn deviation(fields: &mut Fields<'_, '_>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) -> Option<Figure> {
    let weeks = fields.count_if("past_weeks", mistakes);
    let forecast = fields.ids("forecast", "forecasts", mistakes);
    let spreads = fields.flag("in_spreads", mistakes);
    let against = match (weeks, forecast.first()) {
        (Some(weeks), None) => {
            let allowed = u8::try_from(weeks.value).ok().filter(|weeks| (2..=WEEKS_MAX).contains(weeks));
            if allowed.is_none() {
                mistakes.at(weeks.byte, format!("`past_weeks` should be from 2 to {WEEKS_MAX}"));
            }
            Against::Weeks(allowed?)
        }
        (None, Some(id)) => Against::Forecast(datastream(id, town, mistakes)?.id),
        _ => {
            let message = "from what? one of `past_weeks` (the same hour of so many past weeks) and `forecast` (the id of \
                           the datastream that forecasts) is needed";
            mistakes.at(fields.start(), message);
            return None;
        }
    };
    Some(Figure::Deviation { against, spreads })
}

/// A window must be some time.
fn check_window(window: Option<&At<Span>>, mistakes: &mut Mistakes<'_>) {
    if let Some(at) = window.filter(|at| at.value == Span::default()) {
        mistakes.at(at.byte, "`window` is no time at all; as \"24 h\"");
    }
}

struct Line {
    side: At<Side>,
    held_for: Span,
}

/// `[open]` or `[close]`.
fn table(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    figure: Option<Figure>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Line> {
    let mut table = fields.table(key, mistakes)?;
    let line = line(&mut table, &format!("[{key}]"), figure, mistakes);
    table.finish(mistakes);
    line
}

/// A side of a line, and how long. A figure that is a distance has two sides at once: `off` and `within`.
fn line(fields: &mut Fields<'_, '_>, place: &str, figure: Option<Figure>, mistakes: &mut Mistakes<'_>) -> Option<Line> {
    let side = |side: fn(f64) -> Side, at: At<f64>| At { value: side(at.value), byte: at.byte };
    let mut sides = vec![
        fields.number_if("above", mistakes).map(|at| side(Side::Above, at)),
        fields.number_if("below", mistakes).map(|at| side(Side::Below, at)),
    ];
    let distance = matches!(figure, Some(Figure::Deviation { .. }));
    if distance {
        sides.push(fields.number_if("off", mistakes).map(|at| side(Side::Off, at)));
        sides.push(fields.number_if("within", mistakes).map(|at| side(Side::Within, at)));
    }
    let held_for = match figure {
        Some(Figure::Tumbling { window, .. }) if fields.has("windows") => {
            let windows = fields.count("windows", mistakes);
            let most = SPAN_MAX.as_ms() / window.as_ms().max(1);
            if let Some(at) = windows.as_ref().filter(|at| i64::from(at.value) > most) {
                let message =
                    format!("it would never hold so long; `windows` should be at most {most}, which is 366 days");
                mistakes.at(at.byte, message);
            }
            // The first of them ends where the time begins to count.
            Span::ms(window.as_ms().saturating_mul(windows.map_or(1, |at| i64::from(at.value)) - 1))
        }
        _ => fields.span_or("for", Span::default(), mistakes),
    };
    let names = if distance { "`above`, `below`, `off` or `within`" } else { "`above` or `below`" };
    let written = ["above", "below", "off", "within"].iter().any(|key| fields.has(key));
    let mut sides = sides.into_iter().flatten();
    match (sides.next(), sides.next()) {
        (Some(side), None) => Some(Line { side, held_for }),
        (Some(_), Some(second)) => {
            mistakes.at(second.byte, format!("{place} has more than one of {names}; it takes one of them"));
            None
        }
        (None, _) => {
            if !written {
                mistakes.at(fields.start(), format!("{place} needs {names} with a number in the unit of the series"));
            }
            None
        }
    }
}

/// A close condition on the same side as the open one, or one that overlaps it, would flap for ever.
fn check_sides(open: &Line, close: &Line, mistakes: &mut Mistakes<'_>) {
    let message = match (open.side.value, close.side.value) {
        (Side::Above(up), Side::Below(down)) if down > up => Some(format!("at most {up}, the level that opens it")),
        (Side::Below(down), Side::Above(up)) if up < down => Some(format!("at least {down}, the level that opens it")),
        (Side::Off(off), Side::Within(within)) if within > off => {
            Some(format!("at most {off}, the distance that opens it"))
        }
        (Side::Above(_), Side::Below(_)) | (Side::Below(_), Side::Above(_)) | (Side::Off(_), Side::Within(_)) => None,
        (Side::Above(_), _) => Some("`below`, as [open] has `above`".to_owned()),
        (Side::Below(_), _) => Some("`above`, as [open] has `below`".to_owned()),
        (Side::Off(_), _) => Some("`within`, as [open] has `off`".to_owned()),
        (Side::Within(_), _) => Some("`off`, as [open] has `within`".to_owned()),
    };
    if let Some(would_be) = message {
        mistakes.at(close.side.byte, format!("[close] should be {would_be}; the alert would close as it opens"));
    }
}

/// A slow rise that will reach a level.
pub(super) fn rise(fields: &mut Fields<'_, '_>, town: &Town<'_>, mistakes: &mut Mistakes<'_>) -> Option<Rise> {
    let what = fields.text("what", "what rises, in words, as \"Lake Guaíba\"", mistakes);
    let streams = datastreams(fields, town, mistakes);
    let trend_window = fields.span("trend_window", mistakes);
    let allowed = TREND_WINDOW_MIN..=TREND_WINDOW_MAX;
    if let Some(at) = trend_window.as_ref().filter(|at| !allowed.contains(&at.value)) {
        mistakes.at(at.byte, "`trend_window` should be from \"4 h\" to \"14 days\"");
    }
    let mut open = fields.table("open", mistakes)?;
    let level = open.number("level", mistakes);
    let within = open.span("within", mistakes);
    let sway = open.number("sway", mistakes);
    let open_for = open.span_or("for", Span::default(), mistakes);
    open.finish(mistakes);
    let mut close = fields.table("close", mistakes)?;
    let drop = close.number("drop", mistakes);
    let close_for = close.span_or("for", Span::default(), mistakes);
    close.finish(mistakes);
    for (name, at) in [("sway", &sway), ("drop", &drop)] {
        if let Some(at) = at.as_ref().filter(|at| at.value < 0.0) {
            mistakes.at(at.byte, format!("`{name}` is how far below the level; it cannot be negative"));
        }
    }
    let (level, drop) = (level?, drop?);
    let places = [level.byte, drop.byte];
    let rise = Rise {
        what: what?.value,
        datastreams: streams.iter().map(|stream| stream.id).collect(),
        trend_window: trend_window?.value,
        level: level.value,
        within: within?.value,
        sway: sway?.value,
        open_for,
        drop: drop.value,
        close_for,
    };
    reach::check_rise(&rise, places, &streams, town, mistakes);
    Some(rise)
}
