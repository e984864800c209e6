"""What Townbell refuses over SensorThings, and how it says so: a problem document that names what is wrong."""

from service import NOT_THERE, Service, at
from steps import Steps, equal, true


def run(service: Service, steps: Steps) -> None:
    scenario = Scenario(service)
    steps.all(scenario.steps(), foundation=scenario.begin)


class Scenario:
    """One thing with a short series, to be left as it is."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.thing = 0
        self.series = 0
        self.before: dict = {}

    def steps(self):
        packs = [("a city keeps what its packs and its city.toml say: 422, 409", self.packs)]
        return [
            ("(a thing with a series)", self.begin),
            ("properties that hold more than a value, or that no pack declares: 422 names the key", self.undeclared),
            *(packs if self.service.city else []),
            ("queries that cannot be read: 400 names the option", self.bad_queries),
            ("options that are not served: 501 names the option", self.unserved),
            ("what is not there: 404", self.missing),
            ("bodies that cannot be read or may not enter: the field is named", self.bad_bodies),
            ("methods that an address does not have: 405 with Allow", self.methods),
            ("nothing of all that was kept", self.untouched),
        ]

    def begin(self) -> None:
        self.thing, self.series = self.service.thing_with_series("refused", 3)
        self.before = self.service.get(f"Things({self.thing})", expand="Datastreams/Observations")

    def undeclared(self) -> None:
        service = self.service
        new, series = {"name": "x", "description": "x"}, f"Datastreams({self.series})/Observations"
        for bag in [{"nested": {"a": 1}}, {"list": [1, 2]}]:
            key = next(iter(bag))
            service.refused("POST", "Things", 422, key, json={**new, "properties": bag})
            reading = {"phenomenonTime": at(50), "result": 1, "parameters": bag}
            service.refused("POST", series, 422, key, json=reading)
        service.refused("PATCH", f"Things({self.thing})", 422, "nested", json={"properties": {"nested": {}}})
        if not service.city:
            return
        for bag in [{"favourite_colour": "green"}, {"pegs": "three"}]:
            key = next(iter(bag))
            service.refused("POST", "Things", 422, key, json={**new, "properties": bag})
            service.refused("PATCH", f"Things({self.thing})", 422, key, json={"properties": bag})
            reading = {"phenomenonTime": at(50), "result": 1, "parameters": bag}
            service.refused("POST", series, 422, key, json=reading)

    def packs(self) -> None:
        service = self.service
        steps_taken = {"name": "Steps taken", "definition": "https://example.org/steps", "description": "Of no pack."}
        service.refused("POST", "ObservedProperties", 422, "definition", json=steps_taken)
        series = service.datastream("unknown", ObservedProperty=steps_taken, Thing={"@iot.id": self.thing})
        service.refused("POST", "Datastreams", 422, "ObservedProperty", json=series)
        reading = {"phenomenonTime": at(50), "result": 1e6}
        service.refused("POST", f"Datastreams({self.series})/Observations", 422, "result", json=reading)
        service.refused("PATCH", "Things(1)", (405, 409), "", json={"description": "Not from city.toml."})
        service.refused("DELETE", "Datastreams(1)", (405, 409), "")

    def untouched(self) -> None:
        after = self.service.get(f"Things({self.thing})", expand="Datastreams/Observations")
        equal(after, self.before, "the thing with its series")
        equal(self.service.values("Things", filter="name eq 'x'"), [], "things that were refused")

    def bad_queries(self) -> None:
        service = self.service
        for query, names in [
            ("$filter=name eq", "$filter"),
            ("$filter=nosuch eq 1", "$filter"),
            ("$filter=name eq 'open", "$filter"),
            ("$filter=nofunction(name) eq 1", "$filter"),
            ("$filter=name", "$filter"),
            ("$orderby=nosuch", "$orderby"),
            ("$orderby=name sideways", "$orderby"),
            ("$select=nosuch", "$select"),
            ("$expand=Nosuch", "$expand"),
            ("$expand=Datastreams($expand=Nosuch)", "$expand"),
            ("$expand=Datastreams($top=x)", "$expand"),
            ("$expand=Datastreams(", "$expand"),
            ("$top=-1", "$top"),
            ("$top=many", "$top"),
            ("$skip=1.5", "$skip"),
            ("$count=maybe", "$count"),
            ("$top=1&$top=2", "$top"),
        ]:
            service.refused("GET", f"Things?{query}", 400, names)
        service.refused("GET", f"Things?$filter={'(' * 2000}1 eq 1{')' * 2000}", (400, 414), "$filter")

    def unserved(self) -> None:
        for query, names in [
            ("$search=water", "$search"),
            ("$apply=aggregate(result)", "$apply"),
            ("$nosuch=1", "$nosuch"),
        ]:
            self.service.refused("GET", f"Things?{query}", 501, names)
        self.service.refused("GET", "MultiDatastreams", (404, 501), "")

    def missing(self) -> None:
        service = self.service
        for path in [
            f"Things({NOT_THERE})",
            f"Things({NOT_THERE})/Datastreams",
            f"Things({self.thing})/Datastreams({NOT_THERE})",
            f"Things({self.thing})/nosuch",
            f"Things({self.thing})/Sensor",
            "Nothings",
            "Observations('1-nosuch')",
            "ObservedProperties('nosuch')",
        ]:
            service.refused("GET", path, 404, "")
        for method, body in [
            ("PATCH", {"description": "x"}),
            ("PUT", {"name": "x", "description": "x"}),
            ("DELETE", None),
        ]:
            service.refused(method, f"Things({NOT_THERE})", 404, "", json=body)

    def bad_bodies(self) -> None:
        service = self.service
        series, new = f"Datastreams({self.series})/Observations", {"name": "x", "description": "x"}
        kind = {"Content-Type": "application/json"}
        service.refused("POST", "Things", 400, "", data="{", headers=kind)
        service.refused("POST", "Things", 400, "", data="[1]", headers=kind)
        service.refused("POST", "Things", 400, "", data=b'{"name":"\xff"}', headers=kind)
        for path, body, names in [
            ("Things", {"description": "x"}, "name"),
            ("Things", {**new, "name": 7}, "name"),
            ("Things", {**new, "colour": "green"}, "colour"),
            ("Things", {**new, "Locations": [{**service.location(), "location": {"type": "Point"}}]}, "location"),
            ("Locations", {**service.location(), "encodingType": 1}, "encodingType"),
            ("Datastreams", service.datastream("lost"), "Thing"),
            ("Datastreams", service.datastream("lost", Thing={"@iot.id": NOT_THERE}), "Thing"),
            ("Observations", {"phenomenonTime": at(60), "result": 1}, "Datastream"),
            (
                "Observations",
                {"phenomenonTime": at(60), "result": 1, "Datastream": {"@iot.id": NOT_THERE}},
                "Datastream",
            ),
            (series, {"phenomenonTime": at(60)}, "result"),
            (series, {"phenomenonTime": "soon", "result": 1}, "phenomenonTime"),
            (series, {"phenomenonTime": at(60), "result": [1]}, "result"),
            (series, {"phenomenonTime": at(60), "result": 1, "validTime": f"{at(2)}/{at(1)}"}, "validTime"),
        ]:
            service.refused("POST", path, (400, 422), names, json=body)

    def methods(self) -> None:
        for method, path in [
            ("POST", f"Things({self.thing})"),
            ("DELETE", "Things"),
            ("PUT", "Things"),
            ("PATCH", "Things"),
        ]:
            answer = self.service.ask(method, path, json={})
            equal(answer.status_code, 405, f"{method} {path}: {answer.text[:200]}\nstatus")
            true("GET" in answer.headers.get("allow", ""), f"Allow of {path}: {answer.headers.get('allow')!r}")
