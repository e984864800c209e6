//! A synthetic week yields known numbers.
#![allow(clippy::expect_used, clippy::panic, clippy::float_cmp, reason = "tests; the figures are exact")]

mod bell;

use bell::{alert, at};
use city::alert::AlertChangeKind;
use city::{AlertChange, AlertState, Severity, Span, Time};
use watch::health::{Figure, Health, Position, health};

const FROM: &str = "2026-05-04T00:00:00Z";
const UNTIL: &str = "2026-05-11T00:00:00Z";

#[derive(Default)]
struct Week(Vec<AlertChange>);

impl Week {
    /// An alert from its opening to its end, where it has one.
    fn life(&mut self, owner: &str, rule: &str, severity: Severity, opened: Time, lasts: Option<Span>, acted: bool) {
        let subject = format!("thing:{}", rule.len());
        let mut alert = alert(rule, &subject, severity, owner, opened);
        self.0.push(AlertChange::of(AlertChangeKind::Opened, alert.clone(), opened));
        if acted {
            alert.state = AlertState::Acknowledged;
            alert.acknowledged = Some(opened + Span::s(5));
            self.0.push(AlertChange::of(AlertChangeKind::Acknowledged, alert.clone(), opened + Span::s(5)));
        }
        if let Some(lasts) = lasts {
            alert.state = AlertState::Resolved;
            self.0.push(AlertChange::of(AlertChangeKind::Resolved, alert, opened + lasts));
        }
    }

    fn health(mut self) -> Health {
        self.0.sort_by_key(|change| change.at);
        health(&self.0, at(FROM), at(UNTIL))
    }
}

fn of<'h>(health: &'h Health, role: &str) -> &'h Position {
    health.positions.iter().find(|position| position.role == role).expect("the position")
}

fn figure(value: f64, bar: f64) -> Figure {
    Figure { value, bar }
}

#[test]
fn a_synthetic_week_yields_known_numbers() {
    let mut week = Week::default();
    let monday = at(FROM);
    // The water desk: one an hour over the week, all taken; every fifth is severe, one extreme.
    for hour in 0..168 {
        let severity = match hour {
            100 => Severity::Extreme,
            hour if hour % 5 == 0 => Severity::Severe,
            _ => Severity::Minor,
        };
        let opened = monday + Span::h(hour);
        week.life("water_desk", "level", severity, opened, Some(Span::min(20)), true);
    }
    // The transit desk: a flood on Tuesday noon, 21 alerts of one rule half a minute apart, nobody acts.
    let noon = monday + Span::h(36);
    for number in 0..21 {
        let opened = noon + Span::s(30 * number);
        week.life("transit_desk", "bus-late", Severity::Minor, opened, Some(Span::s(10)), false);
    }
    // One that chatters: three times in a minute; and two that stand for more than a day, one from before the week.
    for number in 0..3 {
        let opened = monday + Span::h(80) + Span::s(30 * number);
        week.life("transit_desk", "signal", Severity::Minor, opened, Some(Span::s(10)), true);
    }
    week.life("transit_desk", "lift", Severity::Minor, monday + Span::h(10), None, true);
    week.life("transit_desk", "escalator", Severity::Minor, monday - Span::h(10), Some(Span::h(35)), true);
    // Ten in ten minutes are none too many.
    for number in 0..10 {
        let opened = monday + Span::h(120) + Span::min(number);
        week.life("works_desk", "drain", Severity::Moderate, opened, Some(Span::s(10)), number < 4);
    }
    let health = week.health();

    let water = of(&health, "water_desk");
    assert_eq!((water.opened, water.floods, water.never_acted_on, water.resolved), (168, 0, 0, 168));
    assert_eq!(water.hourly, figure(1.0, 6.0));
    assert_eq!(water.hourly_max, figure(1.0, 12.0));
    assert_eq!(
        (water.flood_share, water.chattering, water.stale),
        (figure(0.0, 0.01), figure(0.0, 0.0), figure(0.0, 0.0))
    );
    assert_eq!(water.mix, [134.0 / 168.0, 33.0 / 168.0, 1.0 / 168.0]);
    assert!(water.hourly.is_right() && water.stale.is_right());

    let transit = of(&health, "transit_desk");
    assert_eq!((transit.opened, transit.floods), (25, 1), "the escalator stood before");
    assert_eq!(transit.hourly_max, figure(21.0, 12.0));
    let hours = [(monday + Span::h(10), 1), (noon, 21), (monday + Span::h(80), 3)];
    assert_eq!(transit.by_hour, hours, "hours without an alert are left out");
    // The eleventh opens at 5 min; from then to 15 min (the eleventh of the newest is 10 min old) it is flood.
    assert_eq!(transit.flood_share.value, Span::min(10).as_h() / 168.0);
    assert_eq!((transit.chattering, transit.stale), (figure(2.0, 0.0), figure(2.0, 0.0)));
    assert_eq!((transit.never_acted_on, transit.resolved), (21, 25));
    assert!(!transit.stale.is_right() && !transit.hourly_max.is_right());

    let works = of(&health, "works_desk");
    assert_eq!((works.floods, works.flood_share.value, works.never_acted_on), (0, 0.0, 6));

    let worst: Vec<(&str, u64, u64, u64, u64)> = health
        .worst
        .iter()
        .map(|rule| (rule.rule.as_str(), rule.opened, rule.never_acted_on, rule.chattering, rule.stale))
        .collect();
    assert_eq!(
        worst,
        [
            ("level", 168, 0, 0, 0),
            ("bus-late", 21, 21, 1, 0),
            ("drain", 10, 6, 0, 0),
            ("signal", 3, 0, 1, 0),
            ("lift", 1, 0, 0, 1),
            ("escalator", 0, 0, 0, 1),
        ]
    );
    let shares: f64 = health.worst.iter().map(|rule| rule.share).sum();
    assert!((shares - 1.0).abs() < 1e-12);
}

#[test]
fn what_calls_nobody_is_no_load() {
    let mut week = Week::default();
    let monday = at(FROM);
    for number in 0..37 {
        let opened = monday + Span::s(number);
        week.life("water_desk", "pump", Severity::Severe, opened, None, false);
        let hidden = week.0.last().expect("the opening").alert.clone();
        week.0.push(AlertChange::of(AlertChangeKind::Hidden, hidden.clone(), opened));
        if number == 0 {
            week.0.push(AlertChange::of(AlertChangeKind::Surfaced, hidden, opened + Span::h(1)));
        }
    }
    week.life("water_desk", "feeder", Severity::Severe, monday, None, true);
    let health = week.health();
    let water = of(&health, "water_desk");
    assert_eq!((water.opened, water.floods), (2, 0), "the feeder, and what surfaced");
    assert_eq!(water.stale, figure(38.0, 0.0), "hidden or not, they stand");
    assert!(Week::default().health().positions.is_empty());
}
