use super::*;

fn counters() -> Arc<Counters> {
    Arc::new(Counters::new(city::Time::from_ms(1_700_000_000_000).expect("a time")))
}

fn observation(result: f64) -> Update {
    let Value::Object(entity) = json!({
        "@iot.id": "1-1700000000000",
        "result": result,
        "phenomenonTime": "2023-11-14T22:13:20Z",
        "Datastream@iot.navigationLink": "http://town/v1.1/Observations('1-1700000000000')/Datastream",
    }) else {
        unreachable!()
    };
    Update { sets: vec!["Observations".to_owned(), "Datastreams(1)/Observations".to_owned()], changed: None, entity }
}

fn told(teller: &mut Teller) -> Vec<(String, Value)> {
    std::iter::from_fn(|| teller.next())
        .map(|letter| (letter.topic, serde_json::from_slice(&letter.payload).expect("JSON")))
        .collect()
}

#[test]
fn a_new_observation_is_told_at_every_set_that_holds_it() {
    let outbox = Outbox::new(counters());
    let select = "v1.1/Datastreams(1)/Observations?$select=result,resultQuality".to_owned();
    let long = "v1.1/Things(4)/Datastreams(1)/Observations".to_owned();
    let other = "v1.1/Datastreams(2)/Observations?$select=result".to_owned();
    let mut teller = Teller::new("out/", outbox.clone(), &[select, long, other]);
    outbox.push(1, std::iter::once(observation(3.5)));
    let whole = Value::Object(observation(3.5).entity);
    assert_eq!(
        told(&mut teller),
        [
            ("out/v1.1/Observations".to_owned(), whole.clone()),
            ("out/v1.1/Datastreams(1)/Observations".to_owned(), whole.clone()),
            ("out/v1.1/Datastreams(1)/Observations?$select=result,resultQuality".to_owned(), json!({ "result": 3.5 })),
            ("out/v1.1/Things(4)/Datastreams(1)/Observations".to_owned(), whole),
        ]
    );
}

#[test]
fn a_changed_entity_is_told_with_each_property_that_changed() {
    let outbox = Outbox::new(counters());
    let mut teller = Teller::new("", outbox.clone(), &["v1.1/Locations(2)/Things(1)/name".to_owned()]);
    let Value::Object(entity) = json!({ "@iot.id": 1, "name": "Weir" }) else { unreachable!() };
    let update = Update {
        sets: vec!["Things".to_owned()],
        changed: Some(("Things(1)".to_owned(), vec!["name".to_owned(), "properties".to_owned()])),
        entity: entity.clone(),
    };
    outbox.push(1, std::iter::once(update));
    let whole = Value::Object(entity);
    assert_eq!(
        told(&mut teller),
        [
            ("v1.1/Things".to_owned(), whole.clone()),
            ("v1.1/Things(1)".to_owned(), whole),
            ("v1.1/Things(1)/name".to_owned(), json!({ "name": "Weir" })),
            ("v1.1/Locations(2)/Things(1)/name".to_owned(), json!({ "name": "Weir" })),
            ("v1.1/Things(1)/properties".to_owned(), json!({ "properties": null })),
        ]
    );
}

#[test]
fn the_oldest_updates_go_when_too_many_wait() {
    let counters = counters();
    let outbox = Outbox::new(Arc::clone(&counters));
    let half = UPDATES_WAITING_MAX / 2;
    for first in [1.0, 2.0, 3.0] {
        outbox.push(half, std::iter::repeat_with(move || observation(first)).take(half));
    }
    assert_eq!(counters.status().account.dropped, half as u64);
    let mut teller = Teller::new("", outbox, &[]);
    let first = teller.next().expect("a message");
    assert!(String::from_utf8_lossy(&first.payload).contains("2.0"));
    assert_eq!(1 + std::iter::from_fn(|| teller.next()).count(), 2 * UPDATES_WAITING_MAX);
}

#[test]
fn topics_are_learned_and_the_client_is_not() {
    let outbox = Outbox::new(counters());
    let mut teller = Teller::new("", outbox.clone(), &[]);
    for line in [
        "1700000000: Maria Silva 0 v1.1/Datastreams(1)/Observations?$select=result",
        "Maria Silva 1 v1.1/Datastreams(1)/Observations?$select=result",
        "reader 2 v1.1/Things(9)/Datastreams(1)/Observations",
        // The plain topics are told anyway, and the rest cannot be served.
        "reader 1 v1.1/Observations",
        "reader 1 v1.1/#",
        "reader 1 other/v1.1/Observations?$select=result",
        "reader 1",
        "",
    ] {
        teller.learn(line.as_bytes());
    }
    teller.learn(&[0xFF, b' ', b'1', b' ']);
    assert_eq!(teller.topics(), 2);
    outbox.push(1, std::iter::once(observation(1.0)));
    let topics: Vec<String> = told(&mut teller).into_iter().map(|(topic, _)| topic).collect();
    assert_eq!(
        topics,
        [
            "v1.1/Observations",
            "v1.1/Datastreams(1)/Observations",
            "v1.1/Datastreams(1)/Observations?$select=result",
            "v1.1/Things(9)/Datastreams(1)/Observations",
        ]
    );
}

#[test]
fn learned_topics_are_bounded() {
    let mut teller = Teller::new("", Outbox::new(counters()), &[]);
    for thing in 0..100 {
        teller.learn(format!("c 1 v1.1/Things({thing})/Datastreams(1)/Observations").as_bytes());
    }
    assert_eq!(teller.topics(), TOPICS_PER_PATH_MAX);
    for stream in 0..5_000 {
        teller.learn(format!("c 1 v1.1/Datastreams({stream})/Observations?$select=result").as_bytes());
    }
    assert_eq!(teller.topics(), TOPICS_MAX);
}
