//! The replay: recorded days through the same doors as live ones, in lock-step with a clock of their own.
//!
//! At each instant of the grid the conductor moves the clock, asks the feeds that are due over HTTP, sends the
//! observations that fell due to our own `/v1.1`, waits until all of it is durable, and only then moves on. The speed
//! decides how long it sleeps between two instants and nothing else, so the journal, and with it every alert, is the
//! same at any speed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use city::time::TIME_MIN;
use city::{FeedId, FeedKind, Span, Time};
use gate::Admission;
use tokio::sync::watch as signal;
use tokio::task::JoinSet;

use crate::clock::{ReplayClock, Stopwatch};
use crate::config::{City, Feed};
use crate::feeds::Door;
use crate::feeds::poll::Poller;
use crate::limits::TICK;
use crate::replayer::{DueObservation, Senders};
use crate::tell::live::Live;

/// City seconds per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(pub f64);

impl Speed {
    /// As fast as it goes.
    pub const FULL: Self = Self(0.0);

    /// From the command line.
    ///
    /// # Errors
    /// When it is no number, or below zero.
    pub fn parse(text: &str) -> Result<Self, String> {
        let speed = text.parse::<f64>().ok().filter(|speed| speed.is_finite() && *speed >= 0.0);
        speed.map(Self).ok_or_else(|| "expected city seconds per second, 0 for as fast as it goes".to_owned())
    }

    /// How long the city takes for `span` at this speed; `None`: no waiting.
    fn wall(self, span: Span) -> Option<std::time::Duration> {
        (self.0 > 0.0).then(|| std::time::Duration::from_secs_f64(span.as_ms().max(0) as f64 / 1_000.0 / self.0))
    }
}

/// Everything that a replay needs.
pub struct Conductor {
    /// The city, its feeds' addresses pointing at the replayer.
    pub city: Arc<City>,
    /// The way in.
    pub door: Arc<Door>,
    /// Asks feeds.
    pub poller: Arc<Poller>,
    /// The clock to move.
    pub clock: Arc<ReplayClock>,
    /// Recorded observations.
    pub senders: Senders,
    /// Where our own `/v1.1` listens.
    pub own: SocketAddr,
    /// Live events, for the clock on the pages.
    pub live: Arc<Live>,
    /// First instant of the recording: all polls are counted from here.
    pub origin: Time,
    /// First instant of this replay. What was recorded before it is sent at once, as a data logger does that was cut
    /// off: the centre begins with the past that it needs to judge a trend.
    pub from: Time,
    /// How fast.
    pub speed: Speed,
}

/// Event `clock`.
#[derive(Debug, serde::Serialize)]
struct ClockEvent {
    now: Time,
    speed: f64,
}

/// Wall time between two `clock` events.
const CLOCK_EVENT_EVERY: std::time::Duration = std::time::Duration::from_millis(900);

impl Conductor {
    /// Replays from `from` to `to`, or until `stop` turns true. Gives the instant that it got to.
    ///
    /// # Errors
    /// When the desk stopped, or our own endpoint refused a recorded observation.
    pub async fn run(&self, from: Time, to: Time, mut stop: signal::Receiver<bool>) -> anyhow::Result<Time> {
        let start = from.floor(TICK);
        let mut due = self.first_polls(start);
        let mut now = start;
        let mut sent_until = if start <= self.from.floor(TICK) { TIME_MIN } else { start - TICK };
        let pace = Stopwatch::start();
        let mut told = Stopwatch::start();
        while now <= to && !*stop.borrow() {
            self.clock.advance_to(now);
            self.ask_due(&mut due, now).await?;
            self.send(&self.senders.due(sent_until, now)).await?;
            sent_until = now;
            self.door.desk.tick(now).await?;
            if told.elapsed() >= CLOCK_EVENT_EVERY {
                self.live.publish("clock", &ClockEvent { now, speed: self.speed.0 });
                told = Stopwatch::start();
            }
            now = now + TICK;
            if let Some(target) = self.speed.wall(now.since(start)) {
                let wait = target.saturating_sub(pace.elapsed());
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    _ = stop.changed() => {}
                }
            }
        }
        Ok(now - TICK)
    }

    /// When each polled feed is asked first: the first multiple of its interval, counted from the origin, not before
    /// `start`. Timetables are asked at once in any case: the others are judged by them.
    fn first_polls(&self, start: Time) -> BTreeMap<FeedId, Time> {
        let polled = self.city.feeds.iter().filter(|feed| feed.url.is_some());
        polled
            .filter_map(|feed| {
                let every = feed.poll_every?.as_ms().max(TICK.as_ms());
                let since = start.since(self.origin).as_ms();
                let first = self.origin + Span::ms(since.div_euclid(every) * every);
                let at =
                    if first < start && feed.contract.kind != FeedKind::Gtfs { first + Span::ms(every) } else { start };
                Some((feed.contract.feed.clone(), at))
            })
            .collect()
    }

    async fn ask_due(&self, due: &mut BTreeMap<FeedId, Time>, now: Time) -> anyhow::Result<()> {
        let mut asked: Vec<&Feed> = Vec::new();
        for feed in &self.city.feeds {
            if let (Some(at), Some(every)) = (due.get_mut(&feed.contract.feed), feed.poll_every)
                && *at <= now
            {
                *at = *at + Span::ms(every.as_ms().max(TICK.as_ms()));
                asked.push(feed);
            }
        }
        let (timetables, others): (Vec<&Feed>, Vec<&Feed>) =
            asked.into_iter().partition(|feed| feed.contract.kind == FeedKind::Gtfs);
        for group in [timetables, others] {
            self.ask_together(&group).await?;
        }
        Ok(())
    }

    /// Asks several feeds at once, and hands their answers to the desk in the order of the configuration: they share
    /// one durable commit, and the journal does not depend on who answered first.
    async fn ask_together(&self, feeds: &[&Feed]) -> anyhow::Result<()> {
        let mut asking = JoinSet::new();
        for (at, feed) in feeds.iter().enumerate() {
            let (poller, feed) = (Arc::clone(&self.poller), (*feed).clone());
            asking.spawn(async move { (at, poller.ask(&feed).await) });
        }
        let mut answers: BTreeMap<usize, Admission> = BTreeMap::new();
        while let Some(answer) = asking.join_next().await {
            let (at, admission) = answer.context("a poll was cut off")?;
            answers.insert(at, admission?);
        }
        let mut receipts = Vec::new();
        for (at, admission) in answers {
            let Some(feed) = feeds.get(at) else { continue };
            receipts.push(self.door.desk.submit(feed.contract.feed.clone(), admission).await?);
        }
        for receipt in receipts {
            receipt.durable().await?;
        }
        Ok(())
    }

    /// Sends recorded observations to our own endpoint as a data logger would, and waits for its answer.
    async fn send(&self, due: &[DueObservation]) -> anyhow::Result<()> {
        let mut by_datastream: BTreeMap<u32, Vec<&DueObservation>> = BTreeMap::new();
        for observation in due {
            by_datastream.entry(observation.datastream.0).or_default().push(observation);
        }
        if by_datastream.is_empty() {
            return Ok(());
        }
        let array: Vec<serde_json::Value> = by_datastream
            .into_iter()
            .map(|(datastream, rows)| {
                let rows: Vec<_> = rows.iter().map(|o| serde_json::json!([o.phenomenon_time, o.result])).collect();
                serde_json::json!({
                    "Datastream": { "@iot.id": datastream },
                    "components": ["phenomenonTime", "result"],
                    "dataArray": rows,
                })
            })
            .collect();
        let url = format!("http://{}/v1.1/CreateObservations", self.own);
        let answer = self.poller.client().post(url).json(&array).send().await?;
        if !answer.status().is_success() {
            bail!("our own /v1.1/CreateObservations answered {}", answer.status());
        }
        Ok(())
    }
}
