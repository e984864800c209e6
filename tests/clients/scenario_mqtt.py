"""Devices and readers with mosquitto_pub and mosquitto_sub, and Townbell as a client of the same broker."""

import json
import threading
import time

from broker import Broker
from servers import Townbell
from service import Service, at, instant
from steps import Steps, equal, true

BURST = 500
#: Readings of which some are under way when Townbell is killed.
KILLED = 2_000
#: A message is in the store when it is shown; that it is not there at once is no failure.
ARRIVE_S = 15


def run(service: Service, steps: Steps, broker: Broker, townbell: Townbell, plain: Townbell | None) -> None:
    """`plain`: a sandbox at the broker's one listener for all."""
    scenario = Scenario(service, broker, townbell)
    try:
        steps.all(scenario.steps(), foundation=scenario.begin)
    finally:
        scenario.close()
    if plain is not None:
        with steps.step("one listener for all: Townbell does not take its own messages for new ones"):
            plain.start()
            plain_listener(Service(plain.origin, city=False), broker)


class Scenario:
    """One thing with one datastream, and who listens to it."""

    def __init__(self, service: Service, broker: Broker, townbell: Townbell) -> None:
        self.service = service
        self.broker = broker
        self.townbell = townbell
        self.thing = 0
        self.series = 0
        self.topic = ""
        self.open = []

    def steps(self):
        # A sandbox forgets all when it ends.
        lasting = [
            ("readings sent while Townbell is away are there when it is back", self.away),
            ("kill -9 while readings come: each is there once", self.killed),
        ]
        return [
            ("(a thing with a series)", self.begin),
            ("a reading by MQTT: subscribers see the canonical entity, once", self.seen_once),
            ("its payload leads to the feature of interest", self.feature_from_payload),
            ("a reading by HTTP is seen once too", self.by_http),
            ("$select in a topic, and a longer path", self.select),
            ("a change is told by entity set, entity and property", self.entity_changes),
            ("a reading to v1.1/Observations names its datastream", self.named_in_body),
            ("what cannot enter is not told, and does not stop the next", self.bad_messages),
            (f"{BURST} readings at once: each is there once, and told once", self.burst),
            ("the same reading twice is one observation", self.twice),
            *(lasting if self.service.city else []),
        ]

    def listen(self, *topics: str):
        heard = self.broker.subscribe("READERS", *topics)
        self.open.append(heard)
        return heard

    def close(self) -> None:
        for subscriber in self.open:
            subscriber.close()

    def begin(self) -> None:
        self.thing, self.series = self.service.thing_with_series("mqtt", 0)
        self.topic = f"v1.1/Datastreams({self.series})/Observations"

    def stored(self, at_least: int, **options) -> list:
        """The observations, waiting until there are so many."""
        end = time.monotonic() + ARRIVE_S
        while True:
            rows = self.service.values(
                f"Datastreams({self.series})/Observations", orderby="phenomenonTime", top=1000, **options
            )
            if len(rows) >= at_least or time.monotonic() > end:
                return rows
            time.sleep(0.05)

    def seen_once(self) -> None:
        heard = self.listen(self.topic)
        every = self.listen("#")
        self.broker.publish("DEVICES", self.topic, {"phenomenonTime": at(1), "result": 1.5})
        messages = heard.until_quiet(1)
        equal([topic for topic, _ in messages], [self.topic], "topics of what was heard")
        rows = self.stored(1)
        equal([(row["result"], instant(row["phenomenonTime"])) for row in rows], [(1.5, instant(at(1)))], "stored")
        payload = json.loads(messages[0][1])
        equal(
            {key: payload.get(key) for key in rows[0] if "Link" not in key},
            {k: v for k, v in rows[0].items() if "Link" not in k},
            "payload",
        )
        equal(self.service.get(payload["@iot.selfLink"])["result"], 1.5, "the selfLink in the payload")
        others = [topic for topic, _ in every.until_quiet(1) if topic == self.topic]
        equal(others, [self.topic], "what a subscriber to everything hears on that topic")

    def feature_from_payload(self) -> None:
        heard = self.listen(self.topic)
        self.broker.publish("DEVICES", self.topic, {"phenomenonTime": at(2), "result": 2})
        messages = heard.until_quiet(1)
        equal(len(messages), 1, "messages")
        payload = json.loads(messages[0][1])
        feature = self.service.get(payload["FeatureOfInterest@iot.navigationLink"])
        equal(feature["feature"]["coordinates"], [-9.14, 38.705], "the feature of interest")
        equal(self.service.get(payload["Datastream@iot.navigationLink"])["@iot.id"], self.series, "the datastream")

    def by_http(self) -> None:
        heard = self.listen(self.topic, "v1.1/Observations")
        link = self.service.create(f"Datastreams({self.series})/Observations", {"phenomenonTime": at(3), "result": 3})
        messages = heard.until_quiet(2)
        equal(sorted(topic for topic, _ in messages), sorted([self.topic, "v1.1/Observations"]), "topics")
        equal({json.loads(text)["@iot.selfLink"] for _, text in messages}, {link}, "entities")

    def select(self) -> None:
        topic = f"{self.topic}?$select=result,phenomenonTime"
        heard = self.listen(topic)
        longer = self.listen(f"v1.1/Things({self.thing})/{self.topic.removeprefix('v1.1/')}")
        # Townbell hears of a new subscription from the broker; give that a moment.
        time.sleep(1)
        self.broker.publish("DEVICES", self.topic, {"phenomenonTime": at(4), "result": 4, "resultTime": at(4, 9)})
        messages = heard.until_quiet(1)
        equal([t for t, _ in messages], [topic], "topics")
        payload = json.loads(messages[0][1])
        equal((payload["result"], instant(payload["phenomenonTime"])), (4, instant(at(4))), "what was selected")
        true("resultTime" not in payload, f"nothing else: {payload}")
        equal(
            [json.loads(text)["result"] for _, text in longer.until_quiet(1)], [4], "heard on a longer way to the same"
        )

    def entity_changes(self) -> None:
        topics = ["v1.1/Things", f"v1.1/Things({self.thing})", f"v1.1/Things({self.thing})/name"]
        heard = self.listen(*topics)
        unchanged = self.listen(f"v1.1/Things({self.thing})/description")
        name = self.service.name("renamed by HTTP")
        self.service.done("PATCH", f"Things({self.thing})", {"name": name})
        told = heard.until_quiet(3)
        equal(sorted(topic for topic, _ in told), sorted(topics), "topics")
        messages = dict(told)
        equal(json.loads(messages[topics[2]]), {"name": name}, "the property")
        for topic in topics[:2]:
            whole = json.loads(messages[topic])
            equal(
                (whole["@iot.id"], whole["name"], whole["description"]),
                (self.thing, name, "A gauge for a test."),
                topic,
            )
        equal(unchanged.until_quiet(0), [], "what was heard of a property that did not change")

    def named_in_body(self) -> None:
        heard = self.listen(self.topic)
        body = {"phenomenonTime": at(5), "result": 5, "Datastream": {"@iot.id": self.series}}
        self.broker.publish("DEVICES", "v1.1/Observations", body)
        equal([json.loads(text)["result"] for _, text in heard.until_quiet(1)], [5], "results heard")

    def bad_messages(self) -> None:
        heard = self.listen(self.topic)
        before = len(self.stored(0))
        unknown = "v1.1/Datastreams(999999999)/Observations"
        self.broker.publish("DEVICES", unknown, {"phenomenonTime": at(6), "result": 6})
        self.broker.publish(
            "DEVICES",
            self.topic,
            "not JSON",
            {"phenomenonTime": at(6).rstrip("Z"), "result": 6},
            {"phenomenonTime": at(6), "result": {"of": "none"}},
            {"phenomenonTime": at(6), "result": 6, "colour": "green"},
            {"phenomenonTime": at(6), "result": 6, "parameters": {"list": [1]}},
            "",
            {"phenomenonTime": at(7), "result": 7},
        )
        equal([json.loads(text)["result"] for _, text in heard.until_quiet(1)], [7], "results heard")
        equal(len(self.stored(before + 1)), before + 1, "observations")

    def burst(self) -> None:
        heard = self.listen(self.topic)
        wanted = f"phenomenonTime ge {at(10)} and phenomenonTime lt {at(11)}"
        readings = [{"phenomenonTime": at(10, seconds=n), "result": n / 100} for n in range(BURST)]
        self.broker.publish("DEVICES", self.topic, *readings)
        messages = heard.until_quiet(BURST)
        equal(sorted(json.loads(text)["result"] for _, text in messages), [n / 100 for n in range(BURST)], "heard")
        equal([row["result"] for row in self.stored(BURST, filter=wanted)], [n / 100 for n in range(BURST)], "stored")

    def twice(self) -> None:
        before = len(self.stored(0))
        reading = {"phenomenonTime": at(12), "result": 12}
        self.broker.publish("DEVICES", self.topic, reading, reading)
        self.broker.publish("DEVICES", self.topic, {"phenomenonTime": at(13), "result": 13})
        equal(len(self.stored(before + 2)), before + 2, "observations")

    def away(self) -> None:
        heard = self.listen(self.topic)
        self.townbell.stop()
        self.broker.publish("DEVICES", self.topic, *({"phenomenonTime": at(14, n), "result": 14} for n in range(5)))
        self.townbell.start()
        equal(len(heard.until_quiet(5)), 5, "told after it is back")
        wanted = f"phenomenonTime ge {at(14)} and phenomenonTime lt {at(15)}"
        equal(len(self.stored(5, filter=wanted)), 5, "observations")

    def killed(self) -> None:
        readings = [{"phenomenonTime": at(15, n), "result": n / 1000} for n in range(KILLED)]
        sending = threading.Thread(target=self.broker.publish, args=("DEVICES", self.topic, *readings))
        sending.start()
        while not (before := self.count_from(15)):
            time.sleep(0.002)
        self.townbell.kill()
        true(before < KILLED, f"it is killed while they come, found {before} of {KILLED}")
        sending.join()
        self.townbell.start()
        end = time.monotonic() + ARRIVE_S
        while self.count_from(15) < KILLED and time.monotonic() < end:
            time.sleep(0.05)
        equal(self.count_from(15), KILLED, f"observations ({before} or some more were there when it was killed)")
        rows = self.stored(0, filter=f"phenomenonTime ge {at(15)} and phenomenonTime lt {at(16)}", select="result")
        equal([row["result"] for row in rows], [n / 1000 for n in range(1000)], "the first thousand, in order")

    def count_from(self, hour: int) -> int:
        wanted = f"phenomenonTime ge {at(hour)} and phenomenonTime lt {at(hour + 1)}"
        path = f"Datastreams({self.series})/Observations"
        return self.service.get(path, filter=wanted, count="true", top=0)["@iot.count"]


def plain_listener(service: Service, broker: Broker) -> None:
    _, series = service.thing_with_series("plain listener", 0)
    topic = f"v1.1/Datastreams({series})/Observations"
    heard = broker.subscribe("PLAIN", topic)
    try:
        broker.publish("PLAIN", topic, {"phenomenonTime": at(1), "result": 1})
        messages = [json.loads(text) for _, text in heard.until_quiet(2)]
    finally:
        heard.close()
    canonical = [message for message in messages if "@iot.selfLink" in message]
    equal((len(messages), len(canonical)), (2, 1), "messages: the device's as the broker forwards it, and the entity")
    equal(len(service.values(f"Datastreams({series})/Observations")), 1, "observations")
