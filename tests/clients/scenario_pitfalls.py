"""Where other SensorThings servers and clients stumbled: one test each. The numbers in brackets are issues of
FROST-Server (F), FROST-Python-Client (P), gost/server (G), qgis/QGIS (Q), hydroserver2/hydroserver (H).

| pitfall                                                                    | test                                  |
|----------------------------------------------------------------------------|---------------------------------------|
| $expand pages over joined rows instead of entities (G146)                   | pages_over_entities                   |
| a nextLink loses $expand, $filter, $top (G146)                              | next_link_keeps_options               |
| nested nextLink is missing, or wrong                                        | nested_next_link                      |
| clients never follow a nested nextLink (Q59529): its first page is generous | nested_page_is_generous               |
| `;` in $expand is mangled by proxies (F2350, P27)                           | separators_in_any_spelling            |
| `+` and `%20`                                                               | blanks_in_any_spelling                |
| two nested options end in 500 (H348)                                        | two_nested_options                    |
| 200 and a truncated body for a query that is wrong deep inside (F1624)      | whole_query_is_checked_first          |
| times without a zone (F1485)                                                | time_without_zone                     |
| $select without id gives clients entities without ids (P27, P28)            | select_and_ids                        |
| an id of the client's own is taken by some, and not by others (F32)         | own_ids_are_ignored                   |
| ids in quotes and without; what looks like an id and is none                | ids_in_quotes                         |
| a raw publish is echoed to subscribers (F6, F128)                           | scenario_mqtt: seen_once              |
| observations created by MQTT are not published (F2097)                      | scenario_mqtt: seen_once              |
| the feature of interest is not to be found from an MQTT payload (F100)      | scenario_mqtt: feature_from_payload   |
"""

from service import Service, at
from steps import Steps, equal, true

THINGS = 5
HOURS = 130
#: The nested page that a client may count on without following links.
GENEROUS = 100


def run(service: Service, steps: Steps) -> None:
    pitfalls = Pitfalls(service)
    steps.all(pitfalls.steps(), foundation=pitfalls.begin)


class Pitfalls:
    """Five things, each with one datastream of a few observations; the first has many."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.mine = f"startswith(name,'{service.mark}')"
        self.things: list[int] = []
        self.series: list[int] = []

    def steps(self):
        return [
            ("(five things with their series)", self.begin),
            ("a page holds entities, not joined rows", self.pages_over_entities),
            ("nextLink keeps every option", self.next_link_keeps_options),
            ("a nested nextLink is there and goes on where the page ended", self.nested_next_link),
            ("a nested page is generous", self.nested_page_is_generous),
            ("; and %3B in $expand", self.separators_in_any_spelling),
            ("+ and %20 in every option", self.blanks_in_any_spelling),
            ("two nested options", self.two_nested_options),
            ("the whole query is checked before the first byte", self.whole_query_is_checked_first),
            ("a time without zone is refused, and named", self.time_without_zone),
            ("$select with and without id", self.select_and_ids),
            ("an id of the client's own is ignored", self.own_ids_are_ignored),
            ("ids in quotes", self.ids_in_quotes),
        ]

    def begin(self) -> None:
        for n in range(THINGS):
            thing, series = self.service.thing_with_series(f"pit {n}", 3)
            self.things.append(thing)
            self.series.append(series)
        rows = [[at(seconds=60 * n), n / 100] for n in range(HOURS * 60) if n % 60]
        rows = rows[: HOURS * 2]
        body = {
            "Datastream": {"@iot.id": self.series[0]},
            "components": ["phenomenonTime", "result"],
            "dataArray": rows,
        }
        answer = self.service.ask("POST", "CreateObservations", json=[body])
        equal(answer.status_code, 201, answer.text[:200])
        true("error" not in answer.json(), "every row enters")

    def pages_over_entities(self) -> None:
        page = self.service.get(
            "Things", filter=self.mine, expand="Datastreams/Observations", top=2, orderby="id", count="true"
        )
        equal([t["@iot.id"] for t in page["value"]], self.things[:2], "two things, although they have many rows")
        equal(page["@iot.count"], THINGS, "@iot.count is of things")
        page = self.service.get(page["@iot.nextLink"])
        equal([t["@iot.id"] for t in page["value"]], self.things[2:4], "the next two")

    def next_link_keeps_options(self) -> None:
        page = self.service.get(
            "Things",
            filter=f"{self.mine} and id ne {self.things[1]}",
            expand="Datastreams($select=name;$expand=Observations($top=1;$orderby=phenomenonTime desc;$select=result))",
            select="id,name",
            orderby="name desc",
            top=3,
            count="true",
        )
        seen, pages = page["value"], 1
        while "@iot.nextLink" in page:
            true(page["@iot.nextLink"].startswith(self.service.root), f"an absolute nextLink: {page['@iot.nextLink']}")
            page = self.service.get(page["@iot.nextLink"])
            equal(page["@iot.count"], THINGS - 1, "@iot.count on the next page")
            seen, pages = seen + page["value"], pages + 1
        equal(pages, 2, "pages")
        expected = [self.things[n] for n in (4, 3, 2, 0)]
        equal([t["@iot.id"] for t in seen], expected, "filtered and in order across pages")
        for thing in seen:
            true("description" not in thing, "selected on every page")
            stream = thing["Datastreams"][0]
            equal(len(stream["Observations"]), 1, "expanded on every page")
            equal([key for key in stream["Observations"][0] if not key.startswith("@")], ["result"], "nested $select")

    def nested_next_link(self) -> None:
        query = "Observations($top=50;$orderby=phenomenonTime;$filter=result gt 0;$select=result)"
        found = self.service.get(f"Datastreams({self.series[0]})", expand=query)
        seen = [o["result"] for o in found["Observations"]]
        equal(len(seen), 50, "the nested page")
        link = found["Observations@iot.nextLink"]
        while link:
            page = self.service.get(link)
            true(all(set(o) <= {"result", "@iot.id", "@iot.selfLink"} for o in page["value"]), "$select goes along")
            seen += [o["result"] for o in page["value"]]
            link = page.get("@iot.nextLink")
        whole = [n / 100 for n in range(HOURS * 60) if n % 60][: HOURS * 2] + [0.5, 1.0]
        equal(sorted(seen), sorted(whole), "each of them, once")

    def nested_page_is_generous(self) -> None:
        found = self.service.get("Things", filter=f"id eq {self.things[0]}", expand="Datastreams/Observations")
        rows = found["value"][0]["Datastreams"][0]["Observations"]
        true(len(rows) >= GENEROUS, f"at least {GENEROUS} in a nested page, found {len(rows)}")
        stream = found["value"][0]["Datastreams"][0]
        whole = len(rows) == HOURS * 2 + 3
        true(whole or "Observations@iot.nextLink" in stream, "a nested nextLink when it is not all")

    def separators_in_any_spelling(self) -> None:
        texts = set()
        for mark in [";", "%3B", "%3b"]:
            query = f"$expand=Observations($top=1{mark}$orderby=phenomenonTime%20desc{mark}$select=result)&$select=id"
            answer = self.service.ask("GET", f"Datastreams({self.series[1]})?{query}")
            equal(answer.status_code, 200, f"{mark}: {answer.text[:200]}")
            equal([o["result"] for o in answer.json()["Observations"]], [1.0], f"the newest result, with {mark}")
            texts.add(answer.text)
        equal(len(texts), 1, "different answers")

    def blanks_in_any_spelling(self) -> None:
        for blank in ["+", "%20"]:
            query = f"$filter=result{blank}gt{blank}0.1&$orderby=phenomenonTime{blank}desc"
            answer = self.service.ask("GET", f"Datastreams({self.series[1]})/Observations?{query}")
            equal(answer.status_code, 200, f"{blank}: {answer.text[:200]}")
            equal([o["result"] for o in answer.json()["value"]], [1.0, 0.5], f"results, with {blank}")
        encoded = f"%24filter=name%20eq%20%27{self.service.mark}%20pit%201%27&%24count=true"
        equal(self.service.ask("GET", f"Things?{encoded}").json()["@iot.count"], 1, "all of it encoded")
        true(self.service.ask("GET", "Things?$filter=id%2Beq 1").status_code == 400, "an encoded plus is a plus")

    def two_nested_options(self) -> None:
        for nested in [
            "Datastreams($expand=Observations($top=1),Sensor;$top=1),Locations($top=1;$select=name)",
            "Datastreams($expand=ObservedProperty,Observations($filter=result ge 1;$count=true))",
            "Datastreams/Sensor,Datastreams/ObservedProperty",
        ]:
            found = self.service.get(f"Things({self.things[1]})", expand=nested)
            equal(len(found["Datastreams"]), 1, nested)
        true("Sensor" in found["Datastreams"][0] and "ObservedProperty" in found["Datastreams"][0], "both of two paths")

    def whole_query_is_checked_first(self) -> None:
        deep = "Datastreams($expand=Observations($expand=FeatureOfInterest($select=nosuch)))"
        self.service.refused("GET", "Things", 400, "$expand", params={"$expand": deep})
        late = f"{self.mine} or substring(name,1,'x') eq 'y'"
        self.service.refused("GET", "Things", 400, "$filter", params={"$filter": late})

    def time_without_zone(self) -> None:
        before = self.service.get(f"Datastreams({self.series[2]})/Observations", count="true", top=0)["@iot.count"]
        for field in ["phenomenonTime", "resultTime"]:
            body = {"phenomenonTime": at(65), "result": 1, field: at(65).rstrip("Z")}
            self.service.refused("POST", f"Datastreams({self.series[2]})/Observations", 400, field, json=body)
        after = self.service.get(f"Datastreams({self.series[2]})/Observations", count="true", top=0)["@iot.count"]
        equal(after, before, "observations")
        self.service.create(
            f"Datastreams({self.series[2]})/Observations",
            {"phenomenonTime": at(65).replace("Z", "+00:00"), "result": 1},
        )

    def select_and_ids(self) -> None:
        path = f"Things({self.things[3]})"
        for spelling in ["id,name", "@iot.id,name"]:
            found = self.service.get(path, select=spelling)
            equal((found["@iot.id"], found["name"]), (self.things[3], self.service.name("pit 3")), spelling)
        listed = list(
            self.service.frost.things().query().filter(self.mine).select("id", "name").orderby("id", "asc").list()
        )
        equal([thing.id for thing in listed], self.things, "ids that the client sees")
        found = self.service.get(path, select="name")
        equal([key for key in found if not key.startswith("@iot.")], ["name"], "$select=name")

    def own_ids_are_ignored(self) -> None:
        body = {"@iot.id": 424_242, "name": self.service.name("own id"), "description": "Wants an id."}
        link = self.service.create("Things", body)
        true(link != f"{self.service.root}/Things(424242)", "an id of the service's own (clause 10.2.1.2)")
        equal(self.service.get(link)["name"], body["name"], "what the Location header leads to")
        self.service.done("DELETE", link)

    def ids_in_quotes(self) -> None:
        service = self.service
        equal(service.get(f"Things({self.things[0]})")["@iot.id"], self.things[0], "an integer id")
        for odd in [
            "Things('abc')",
            "Things(abc)",
            "Things()",
            "Things('')",
            "Things(1",
            "Things(1.5)",
            "Things(99999999999999999999)",
        ]:
            answer = service.ask("GET", odd)
            true(answer.status_code in (400, 404), f"{odd}: {answer.status_code}")
            equal(answer.headers["content-type"], "application/problem+json", odd)
        observed = service.get(f"Datastreams({self.series[0]})/ObservedProperty")
        own = observed["@iot.id"]
        quoted = f"'{own}'" if isinstance(own, str) else own
        equal(observed["@iot.selfLink"], f"{service.root}/ObservedProperties({quoted})", "selfLink")
        equal(service.get(observed["@iot.selfLink"])["@iot.id"], own, "the selfLink leads back")
        observation = service.values(f"Datastreams({self.series[0]})/Observations", top=1)[0]
        equal(service.get(observation["@iot.selfLink"])["@iot.id"], observation["@iot.id"], "an observation's selfLink")
