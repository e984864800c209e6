//! How long a day of observations takes to be told: `cargo run --release -p sensorthings --example read_speed`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement reads the clock and says what it measured"
)]

use std::time::Instant;

use city::{
    DatastreamBody, DatastreamId, Entity, EntityBody, FeedId, Observation, ObservationKey, ObservationType, Time,
};
use sensorthings::catalogue::Catalogue;
use sensorthings::read::{Context, Settings, read};
use sensorthings::series::{Row, Rows, Series, SeriesError};

/// Rows a minute apart, from one datastream.
struct Regular {
    rows: i64,
    start: i64,
}

impl Regular {
    fn row(&self, at: i64) -> Row {
        let phenomenon_time = Time::from_ms(self.start + at * 60_000).expect("a time");
        let result = 20.0 + (at % 400) as f64 / 16.0;
        Row {
            observation: Observation { datastream: DatastreamId(1), phenomenon_time, result },
            detail: None,
            received: None,
        }
    }
}

impl Series for Regular {
    fn rows(
        &self,
        _: DatastreamId,
        from: Time,
        to: Time,
        descending: bool,
        _: Option<Time>,
    ) -> Result<Rows<'_>, SeriesError> {
        let place = |at: Time| (at.ms() - self.start + 59_999).div_euclid(60_000).clamp(0, self.rows);
        let rows = place(from)..place(to);
        if descending {
            return Ok(Box::new(rows.rev().map(|at| Ok(self.row(at)))));
        }
        Ok(Box::new(rows.map(|at| Ok(self.row(at)))))
    }

    fn row(&self, key: &ObservationKey, _: Option<Time>) -> Result<Option<Row>, SeriesError> {
        Ok(Some(Self::row(self, (key.phenomenon_time.ms() - self.start) / 60_000)))
    }

    fn count(&self, _: DatastreamId) -> Result<u64, SeriesError> {
        Ok(self.rows.unsigned_abs())
    }

    fn span(&self, _: DatastreamId) -> Result<Option<(Time, Time)>, SeriesError> {
        let at = |place: i64| Self::row(self, place).observation.phenomenon_time;
        Ok(Some((at(0), at(self.rows - 1))))
    }

    fn latest(&self, _: DatastreamId) -> Result<Option<Row>, SeriesError> {
        Ok(Some(Self::row(self, self.rows - 1)))
    }
}

fn catalogue() -> Catalogue {
    let body = DatastreamBody {
        observation_type: ObservationType::Measurement,
        unit_of_measurement: city::UnitOfMeasurement::default(),
        thing: 1.into(),
        sensor: 1.into(),
        observed_property: "temperature".into(),
        feed: FeedId::new("air"),
        feature_of_interest: Some(1.into()),
        other_features: Vec::new(),
    };
    Catalogue::new([Entity {
        id: 1.into(),
        name: "Air temperature".to_owned(),
        description: "On the roof".to_owned(),
        properties: city::Properties::default(),
        body: EntityBody::Datastream(Box::new(body)),
    }])
}

fn main() {
    let series = Regular { rows: 500_000, start: 1_714_521_600_000 };
    let (catalogue, settings) = (catalogue(), Settings::default());
    let now = Time::from_ms(1_717_200_000_000).expect("a time");
    let context = Context {
        base: "http://townbell.example.org/v1.1",
        now,
        page_max: 10_000,
        expand_page_max: 100,
        settings: &settings,
    };
    let day = "$filter=phenomenonTime ge 2024-05-02T00:00:00Z and phenomenonTime lt 2024-05-03T00:00:00Z";
    let queries = [
        ("a day, filtered", day.to_owned()),
        ("1,440 rows", "$top=1440".to_owned()),
        ("1,440 rows, newest first", "$top=1440&$orderby=phenomenonTime desc".to_owned()),
        ("1,440 rows as a data array", "$top=1440&$resultFormat=dataArray".to_owned()),
        ("1,440 rows of time and result", "$top=1440&$select=phenomenonTime,result".to_owned()),
        ("1,440 rows as CSV", "$top=1440&$resultFormat=CSV".to_owned()),
        ("the newest", "$top=1&$orderby=phenomenonTime desc".to_owned()),
    ];
    for (name, query) in queries {
        let mut best = f64::MAX;
        let mut bytes = 0;
        for _ in 0..200 {
            let start = Instant::now();
            let answer = read(&catalogue, &series, &context, "Datastreams(1)/Observations", &query).expect("an answer");
            best = best.min(start.elapsed().as_secs_f64());
            bytes = answer.body.len();
        }
        println!("{name}: {:.3} ms, {bytes} bytes", best * 1e3);
    }
}
