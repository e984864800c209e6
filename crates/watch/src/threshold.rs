//! A figure over a window above or below a line.

use city::{AlertChange, Observation, Span, Time};

use crate::context::Context;
use crate::engine::{series_bearings, series_subject};
use crate::life::{self, Judgement};
use crate::rule::{Rule, Side, Statistic, Threshold};
use crate::state::{SAMPLES_MAX, State, Window};
use crate::truth::Truth;
use crate::words;

/// The share of a window that readings must cover before a figure over it may say "false": a sum over a day of
/// which half is missing is no proof of dry weather.
pub const COVERED_MIN: f64 = 0.75;

/// A reading of one of the rule's series.
pub(crate) fn observe(
    state: &mut State,
    context: &Context,
    rule: &Rule,
    kind: &Threshold,
    reading: &Observation,
    now: Time,
    out: &mut Vec<AlertChange>,
) {
    let beat = context.datastreams.get(&reading.datastream).map_or(kind.window, |stream| stream.beat);
    let reach = if kind.statistic == Statistic::Last { Span::ms(1) } else { kind.window };
    let window = state.windows.entry((rule.id.clone(), reading.datastream)).or_default();
    let broken = window.take(reading, reach, beat);
    let Some((newest, figure)) = window.samples.back().map(|(at, _)| *at).zip(kind.figure(window)) else { return };
    let whole = kind.statistic == Statistic::Last || window.covered(reach, beat) >= COVERED_MIN;
    let subject = series_subject(reading.datastream);
    if broken {
        state.break_timers(rule, &subject);
    }
    let truth = |side: Side| kind.truth(side, figure, whole, state.windows.get(&(rule.id.clone(), reading.datastream)));
    let (title, detail) = kind.words(context, reading, figure);
    let judgement = Judgement {
        subject,
        at: newest,
        open: truth(kind.open),
        open_for: kind.open_for,
        close: truth(kind.close),
        close_for: kind.close_for,
        blind: None,
        severity: rule.severity,
        title,
        detail,
        expected: None,
        bearings: series_bearings(context, reading.datastream),
    };
    life::advance(state, rule, judgement, now, out);
}

impl Threshold {
    fn figure(&self, window: &Window) -> Option<f64> {
        let values = window.samples.iter().map(|(_, value)| *value);
        let count = window.samples.len();
        match self.statistic {
            Statistic::Mean => (count > 0).then(|| values.sum::<f64>() / count as f64),
            Statistic::Min => values.reduce(f64::min),
            Statistic::Max => values.reduce(f64::max),
            Statistic::Last => window.samples.back().map(|(_, value)| *value),
            Statistic::Sum => (count > 0).then(|| values.sum()),
        }
    }

    /// Whether the figure is on that side. Over a window with holes only what more readings could not undo is known.
    fn truth(&self, side: Side, figure: f64, whole: bool, window: Option<&Window>) -> Truth {
        let holds = side.holds(figure);
        let certain = whole
            || match (self.statistic, side) {
                (Statistic::Max, Side::Above(_)) | (Statistic::Min, Side::Below(_)) => holds,
                (Statistic::Sum, Side::Above(_)) => {
                    holds && window.is_some_and(|window| window.samples.iter().all(|(_, value)| *value >= 0.0))
                }
                _ => false,
            };
        Truth::from(holds).when_seen(certain)
    }

    fn words(&self, context: &Context, reading: &Observation, figure: f64) -> (String, String) {
        let unit = context.unit(reading.datastream);
        let line = words::line(self.open.line(), unit);
        let side = match self.open {
            Side::Above(_) => "above",
            Side::Below(_) => "below",
        };
        let rough = usize::from(unit == "m" || figure.abs() < 10.0);
        let on_the_line = words::figure(figure, rough) == words::figure(self.open.line(), rough);
        let shown = words::measured(figure, unit, if on_the_line { rough + 1 } else { rough });
        let window = words::span(self.window);
        let what = &self.what;
        let stands = match self.statistic {
            Statistic::Last => format!("{what} stands at {shown}"),
            Statistic::Mean => format!("{what}: {shown} on average over {window}"),
            Statistic::Sum => format!("{what}: {shown} in {window}"),
            Statistic::Max => format!("{what}: up to {shown} within {window}"),
            Statistic::Min => format!("{what}: down to {shown} within {window}"),
        };
        let no_longer = if self.open.holds(figure) { "" } else { "no longer " };
        let name = context.datastreams.get(&reading.datastream).map_or("", |stream| stream.name.as_str());
        let value = words::measured(reading.result, unit, 2);
        let clock = words::clock(reading.phenomenon_time, &context.timezone);
        (format!("{stands}, {no_longer}{side} {line}"), format!("{name}: {value} at {clock}."))
    }
}

impl Window {
    /// Takes a reading in the order of its time; true when it ends a hole longer than `beat`. A reading of a time
    /// that is already there is no news, and one older than the window comes too late.
    pub(crate) fn take(&mut self, reading: &Observation, reach: Span, beat: Span) -> bool {
        let at = reading.phenomenon_time;
        let before = self.samples.back().map(|(newest, _)| *newest);
        if let Err(place) = self.samples.binary_search_by(|(time, _)| time.cmp(&at)) {
            self.samples.insert(place, (at, reading.result));
        }
        let newest = self.samples.back().map_or(at, |(newest, _)| *newest);
        while self.samples.front().is_some_and(|(oldest, _)| newest.since(*oldest) >= reach)
            || self.samples.len() > SAMPLES_MAX
        {
            self.samples.pop_front();
        }
        before.is_some_and(|before| at.since(before) > beat)
    }

    /// The share of the window that its readings stand for, each for at most one beat before it.
    fn covered(&self, reach: Span, beat: Span) -> f64 {
        let Some((newest, _)) = self.samples.back() else { return 0.0 };
        let mut before = *newest - reach;
        let mut stood_for_ms = 0;
        for (at, _) in &self.samples {
            stood_for_ms += at.since(before).as_ms().min(beat.as_ms());
            before = *at;
        }
        stood_for_ms as f64 / reach.as_ms().max(1) as f64
    }
}
