"""What the standard has and frost-sta-client has no call for, over plain HTTP: addresses, links, merges, batches,
data arrays out, and past locations."""

import csv
import time
from datetime import UTC, datetime
from urllib.parse import quote

from service import NOT_THERE, Service, at, instant
from steps import Steps, equal, true

HOURS = 12
CLASSES = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
#: The requirement classes that the root must list (18-088, clause 2).
SERVED = [
    "datamodel",
    "resource-path/resource-path-to-entities",
    "request-data/expand",
    "request-data/select",
    "request-data/orderby",
    "request-data/pagination",
    "request-data/built-in-filter-operations",
    "request-data/built-in-query-functions",
    "create-update-delete/create-entity",
    "create-update-delete/link-to-existing-entities",
    "create-update-delete/deep-insert",
    "create-update-delete/update-entity",
    "create-update-delete/update-entity-put",
    "create-update-delete/update-entity-jsonpatch",
    "create-update-delete/delete-entity",
    "create-update-delete/historical-location-auto-creation",
    "create-update-delete/historical-location-manual-creation",
    "data-array/data-array",
    "create-observations-via-mqtt",
    "receive-updates-via-mqtt",
]
ENTITY_SETS = {
    "Things",
    "Locations",
    "HistoricalLocations",
    "Datastreams",
    "Sensors",
    "ObservedProperties",
    "Observations",
    "FeaturesOfInterest",
}


def run(service: Service, steps: Steps) -> None:
    scenario = Scenario(service)
    steps.all(scenario.steps(), foundation=scenario.begin)


class Scenario:
    """What each step leaves for the next."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.thing = 0
        self.series = 0

    def steps(self):
        return [
            ("the root lists entity sets and conformance classes", self.root),
            ("every answer of a sandbox says that it is one, a city's never", self.says_sandbox),
            ("a thing with a series", self.begin),
            ("addresses: property, $value, null, $ref, nested path", self.addresses),
            ("$select with $expand; nulls", self.select),
            ("dataArray out, by datastream, with paging and select", self.data_array_out),
            ("dataArray in: one bad row of several, detail of an observation", self.data_array_in),
            ("a correction supersedes, and the old value stays readable as of its time", self.correction),
            ("CSV and Parquet of a query", self.export),
            ("create by a navigation link", self.create_by_link),
            ("PATCH merges, and links", self.patch),
            ("PUT replaces what it does not name; an id in a body is ignored", self.put),
            ("JSON Patch: test, add, remove; all or nothing", self.json_patch),
            ("a move makes a historical location by itself", self.move),
            ("a historical location by hand", self.history_by_hand),
            ("feature of interest: own, linked, and its deletion", self.features),
            ("deep insert is all or nothing", self.atomic),
            ("batch: order, references, failures", self.batch),
            ("properties and parameters keep their types, and are found", self.properties),
            ("batch: an atomicity group is all or nothing", self.batch_atomic),
        ]

    # ---- Read -----------------------------------------------------------------------------------------------------

    def root(self) -> None:
        root = self.service.ask("GET", self.service.root).json()
        links = {entry["name"]: entry["url"] for entry in root["value"]}
        true(set(links) >= ENTITY_SETS, f"entity sets, found {sorted(links)}")
        for name, url in links.items():
            equal(url, f"{self.service.root}/{name}", "address of an entity set")
            if name in ENTITY_SETS:
                equal(self.service.ask("GET", url).status_code, 200, url)
        listed = root["serverSettings"]["conformance"]
        missing = [wanted for wanted in SERVED if not any(c.startswith(CLASSES + wanted) for c in listed)]
        equal(missing, [], "classes that the root does not list")
        true(not any("multi-datastream" in c for c in listed), "multi-datastream is not claimed")

    def says_sandbox(self) -> None:
        for path in ["", "/Things", f"/Things({NOT_THERE})", "/Things?$filter=("]:
            header = self.service.ask("GET", self.service.root + path).headers.get("townbell-sandbox")
            equal(header, None if self.service.city else "true", f"Townbell-Sandbox at {path!r}")
        page = self.service.http.get(f"{self.service.origin}/", timeout=30)
        equal(page.headers.get("townbell-sandbox"), None if self.service.city else "true", "Townbell-Sandbox of a page")

    def begin(self) -> None:
        self.thing, self.series = self.service.thing_with_series("plain", HOURS)

    def addresses(self) -> None:
        service, name = self.service, self.service.name("plain")
        equal(service.get(f"Things({self.thing})/name"), {"name": name})
        raw = service.ask("GET", f"Things({self.thing})/name/$value")
        equal((raw.status_code, raw.text), (200, name), "$value")
        true(raw.headers["content-type"].startswith("text/plain"), f"text/plain: {raw.headers['content-type']}")
        series = f"Datastreams({self.series})"
        equal(service.get(f"{series}/unitOfMeasurement")["unitOfMeasurement"]["symbol"], "m", "unitOfMeasurement")
        equal(service.get(f"{series}/unitOfMeasurement/symbol"), {"symbol": "m"})
        equal(service.ask("GET", f"{series}/unitOfMeasurement/symbol/$value").text, "m", "$value inside a complex one")
        newest = service.values(f"{series}/Observations", orderby="phenomenonTime desc", top=1)[0]
        observation = f"{series}/Observations('{newest['@iot.id']}')"
        equal(service.get(f"{observation}/result"), {"result": (HOURS - 1) / 2})
        equal(service.ask("GET", f"{observation}/result/$value").text, "5.5", "$value of a number")
        equal(service.ask("GET", f"{observation}/validTime").status_code, 204, "a null property")
        equal(service.get(f"{observation}/Datastream/Thing")["@iot.id"], self.thing, "two links on")
        refs = service.values(f"{series}/Observations/$ref")
        equal(len(refs), HOURS, "references")
        true(all(set(ref) == {"@iot.selfLink"} for ref in refs), f"only selfLinks: {refs[0]}")
        equal(len({service.get(ref["@iot.selfLink"])["@iot.id"] for ref in refs[:3]}), 3, "each leads to its own")

    def select(self) -> None:
        service, series = self.service, f"Datastreams({self.series})"
        rows = service.values(f"{series}/Observations", select="result,resultTime", top=1)
        equal({key for key in rows[0] if not key.startswith("@iot.")}, {"result", "resultTime"}, "selected properties")
        found = service.get(series, select="id", expand="Observations($select=result;$filter=result lt 1)")
        equal(found["@iot.id"], self.series, "@iot.id")
        equal([o["result"] for o in found["Observations"]], [0.0, 0.5], "expanded, filtered, selected")
        true("name" not in found, "no name, which was not selected")
        whole = service.values(f"{series}/Observations", top=1)[0]
        needed = {"@iot.id", "@iot.selfLink", "phenomenonTime", "resultTime", "result", "Datastream@iot.navigationLink"}
        equal(sorted(needed - set(whole)), [], "members of an Observation that are missing")
        true("FeatureOfInterest@iot.navigationLink" in whole, "a link to the feature of interest")

    def data_array_out(self) -> None:
        service, path = self.service, f"Datastreams({self.series})/Observations"
        page = service.get(path, resultFormat="dataArray", orderby="phenomenonTime", top=5, count="true")
        equal(page["@iot.count"], HOURS, "@iot.count")
        equal(len(page["value"]), 1, "groups")
        group = page["value"][0]
        equal(service.get(group["Datastream@iot.navigationLink"])["@iot.id"], self.series, "its datastream")
        columns = {name: at_ for at_, name in enumerate(group["components"])}
        true({"id", "phenomenonTime", "result", "resultTime"} <= set(columns), f"components {group['components']}")
        equal([row[columns["result"]] for row in group["dataArray"]], [0.0, 0.5, 1.0, 1.5, 2.0], "results")
        seen = list(group["dataArray"])
        while "@iot.nextLink" in page:
            page = service.get(page["@iot.nextLink"])
            seen += page["value"][0]["dataArray"]
        equal([row[columns["result"]] for row in seen], [n / 2 for n in range(HOURS)], "all pages, as arrays")
        picked = service.get(path, resultFormat="dataArray", select="result,phenomenonTime", filter="result gt 5")
        group = picked["value"][0]
        equal(sorted(group["components"]), ["phenomenonTime", "result"], "selected components")
        equal([row[group["components"].index("result")] for row in group["dataArray"]], [5.5], "filtered rows")
        true(service.ask("GET", f"{path}?$resultFormat=dataArray&$expand=Datastream").status_code == 400, "no $expand")

    def data_array_in(self) -> None:
        service = self.service
        body = [
            {
                "Datastream": {"@iot.id": self.series},
                "components": ["phenomenonTime", "resultTime", "result"],
                "dataArray@iot.count": 3,
                "dataArray": [[at(20), at(20, 5), 7.5], ["yesterday", None, 7.5], [at(21), None, 8]],
            }
        ]
        answer = service.ask("POST", "CreateObservations", json=body)
        equal(answer.status_code, 201, answer.text[:300])
        links = answer.json()
        equal([link if link == "error" else "link" for link in links], ["link", "error", "link"], "per row")
        equal(service.get(links[0])["result"], 7.5, "the first row")
        equal(instant(service.get(links[0])["resultTime"]), instant(at(20, 5)), "its resultTime")
        equal(service.get(links[2])["resultTime"], None, "the third row's resultTime")
        body[0]["components"] = ["phenomenonTime", "colour"]
        body[0]["dataArray"] = [[at(22), 1]]
        answer = service.ask("POST", "CreateObservations", json=body)
        true(
            answer.status_code in (400, 422) and "colour" in answer.text,
            f"a component that is none: {answer.text[:200]}",
        )

    def correction(self) -> None:
        service, path = self.service, f"Datastreams({self.series})/Observations"
        wanted = f"phenomenonTime eq {at(21)}"
        time.sleep(0.05)
        known = datetime.now(UTC).isoformat()
        time.sleep(0.05)
        link = service.create(path, {"phenomenonTime": at(21), "result": 8.5})
        equal([row["result"] for row in service.values(path, filter=wanted)], [8.5], "now")
        earlier = service.ask("GET", path, params={"$filter": wanted, "asOf": known})
        equal([row["result"] for row in earlier.json()["value"]], [8], "as it was known before")
        again = service.create(path, {"phenomenonTime": at(21), "result": 8.5})
        equal(again, link, "selfLink of the same once more")

    def export(self) -> None:
        service, path = self.service, f"Datastreams({self.series})/Observations"
        query = {"$filter": "result lt 2", "$orderby": "phenomenonTime", "$select": "phenomenonTime,result"}
        answer = service.ask("GET", path, params={**query, "$resultFormat": "CSV"})
        equal((answer.status_code, answer.headers["content-type"].split(";")[0]), (200, "text/csv"), answer.text[:200])
        rows = list(csv.DictReader(answer.text.splitlines()))
        equal([float(row["result"]) for row in rows], [0.0, 0.5, 1.0, 1.5], "results in the CSV")
        equal(instant(rows[1]["phenomenonTime"]), instant(at(1)), "a time in the CSV")
        answer = service.ask("GET", path, params={**query, "$resultFormat": "Parquet"})
        equal(answer.status_code, 200, answer.text[:200])
        equal((answer.content[:4], answer.content[-4:]), (b"PAR1", b"PAR1"), "a whole Parquet file")

    # ---- Create and change ----------------------------------------------------------------------------------------

    def create_by_link(self) -> None:
        service = self.service
        body = {"phenomenonTime": at(23), "result": 9.5}
        link = service.create(f"Datastreams({self.series})/Observations", body)
        equal(service.get(link)["result"], 9.5, "result")
        equal(service.get(f"{link}/Datastream")["@iot.id"], self.series, "linked by the address")
        existing = service.get(f"Datastreams({self.series})", expand="Sensor,ObservedProperty")
        more = service.datastream("second")
        more["Sensor"] = {"@iot.id": existing["Sensor"]["@iot.id"]}
        more["ObservedProperty"] = {"@iot.id": existing["ObservedProperty"]["@iot.id"]}
        link = service.create(f"Things({self.thing})/Datastreams", more)
        equal(service.get(f"{link}/Thing")["@iot.id"], self.thing, "its Thing")
        both = service.values(f"Sensors({existing['Sensor']['@iot.id']})/Datastreams")
        equal(len(both), 2, "datastreams of the sensor that was linked")

    def patch(self) -> None:
        service, path = self.service, f"Things({self.thing})"
        before = service.get(path)
        service.done("PATCH", path, {"description": "Merged.", "@iot.id": NOT_THERE})
        after = service.get(path)
        equal((after["description"], after["name"]), ("Merged.", before["name"]), "description and name")
        other = service.get(service.create("Sensors", {**service.sensor(), "name": service.name("other sensor")}))
        series = f"Datastreams({self.series})"
        service.done("PATCH", series, {"Sensor": {"@iot.id": other["@iot.id"]}})
        equal(service.get(f"{series}/Sensor")["name"], service.name("other sensor"), "the sensor that was linked")
        equal(service.get(f"{series}/Observations", count="true", top=0)["@iot.count"], HOURS + 3, "observations stay")

    def put(self) -> None:
        service = self.service
        body = {**service.location(suffix="put"), "properties": service.properties}
        path = service.path_of(service.create("Locations", {**body, "@iot.id": NOT_THERE}))
        true(path != f"Locations({NOT_THERE})", "the id in the body is ignored")
        body["description"] = "Put."
        del body["properties"]
        service.done("PUT", path, {**body, "@iot.id": NOT_THERE})
        found = service.get(path)
        equal((found["description"], found.get("properties") or {}), ("Put.", {}), "description and properties")
        del body["name"]
        service.refused("PUT", path, (400, 422), "name", json=body)
        equal(service.get(path)["name"], service.name("put"), "name, after a PUT without one")

    def properties(self) -> None:
        service, kept = self.service, self.service.properties
        thing = {"name": service.name("bag"), "description": "A bag.", "properties": kept}
        link = service.create("Things", thing)
        equal(service.get(link)["properties"], kept, "properties, with their types")
        equal(service.get(f"{link}/properties/depth_m"), {"depth_m": 4.5})
        for statement in ["properties/pegs eq 3", "properties/public eq true", "startswith(properties/note,'by')"]:
            found = service.values("Things", filter=f"{statement} and name eq '{thing['name']}'")
            equal([t["@iot.selfLink"] for t in found], [link], statement)
        body = {"phenomenonTime": at(50), "result": 1, "parameters": {"depth_m": 2.5}}
        link = service.create(f"Datastreams({self.series})/Observations", body)
        equal(service.get(link)["parameters"], {"depth_m": 2.5}, "parameters")
        found = service.values("Observations", filter=f"parameters/depth_m eq 2.5 and Datastream/id eq {self.series}")
        equal([o["@iot.selfLink"] for o in found], [link], "found by a parameter")

    def json_patch(self) -> None:
        service, path = self.service, f"Things({self.thing})"
        kind = {"Content-Type": "application/json-patch+json"}
        rename = {"op": "replace", "path": "/name", "value": service.name("renamed")}
        good = [{"op": "test", "path": "/description", "value": "Merged."}, rename]
        service.done("PATCH", path, good, headers=kind)
        equal(service.get(path)["name"], service.name("renamed"), "name")
        bad = [{**rename, "value": "half"}, {"op": "test", "path": "/description", "value": "never"}]
        answer = service.ask("PATCH", path, json=bad, headers=kind)
        true(400 <= answer.status_code < 500, f"a test that fails: {answer.status_code}")
        equal(service.get(path)["name"], service.name("renamed"), "name, after a patch that failed")
        add = [{"op": "add", "path": "/properties", "value": {"pegs": 3}}]
        service.done("PATCH", path, add, headers=kind)
        more = [
            {"op": "add", "path": "/properties/depth_m", "value": 4.5},
            {"op": "remove", "path": "/properties/pegs"},
        ]
        service.done("PATCH", path, more, headers=kind)
        equal(service.get(path)["properties"], {"depth_m": 4.5}, "properties")

    def move(self) -> None:
        """In a city a thing may move once in 24 hours, so its first place is put three days back."""
        service = self.service
        path = service.path_of(service.create("Things", {"name": service.name("mover"), "description": "It moves."}))
        quay, pier = (
            service.get(service.create("Locations", service.location(longitude, 38.705, suffix)))["@iot.id"]
            for longitude, suffix in [(-9.14, "quay"), (-9.13, "pier")]
        )
        first = service.create(f"{path}/HistoricalLocations", {"time": at(-72), "Locations": [{"@iot.id": quay}]})
        equal(instant(service.get(first)["time"]), instant(at(-72)), "time of a historical location by hand")
        equal(self.where(path), [[-9.14, 38.705]], "it is the newest, so the thing is there")
        service.done("PATCH", path, {"Locations": [{"@iot.id": pier}]})
        equal(self.where(path), [[-9.13, 38.705]], "where the thing is after it moved")
        past = service.values(f"{path}/HistoricalLocations", orderby="time desc", expand="Locations")
        equal([entry["Locations"][0]["@iot.id"] for entry in past], [pier, quay], "where it was, newest first")
        ago = datetime.now(UTC) - instant(past[0]["time"])
        true(abs(ago.total_seconds()) < 60, f"the move is noted at the time of the request, found {past[0]['time']}")
        by_past = service.values("Locations", filter=f"HistoricalLocations/Thing/name eq '{service.name('mover')}'")
        equal(sorted(place["@iot.id"] for place in by_past), sorted([quay, pier]), "places by who was there")
        again = service.location(-9.12, 38.705, "buoy")
        if service.city:
            service.refused("POST", f"{path}/Locations", 422, "stands still", json=again)
            service.refused("DELETE", service.path_of(past[0]["@iot.selfLink"]), 422, "stands still")
            equal(self.where(path), [[-9.13, 38.705]], "where it is after it was refused to move")
        else:
            service.create(f"{path}/Locations", again)
            equal(self.where(path), [[-9.12, 38.705]], "where it is after a place was created for it")
            equal(len(service.values(f"{path}/HistoricalLocations")), 3, "historical locations")

    def where(self, thing: str) -> list:
        return [place["location"]["coordinates"] for place in self.service.values(f"{thing}/Locations")]

    def history_by_hand(self) -> None:
        service, path = self.service, f"Things({self.thing})"
        pier = service.values("Locations", filter=f"name eq '{service.name('pier')}'")[0]["@iot.id"]
        link = service.create(f"{path}/HistoricalLocations", {"time": at(-240), "Locations": [{"@iot.id": pier}]})
        equal(service.get(f"{link}/Thing")["@iot.id"], self.thing, "its thing")
        equal(self.where(path), [[-9.14, 38.705]], "where the thing is now: the past does not move it")
        service.done("DELETE", link)
        equal(service.ask("GET", link).status_code, 404, "it is gone")

    def features(self) -> None:
        service = self.service
        basin = {"type": "Polygon", "coordinates": [[[-9.15, 38.7], [-9.13, 38.7], [-9.13, 38.71], [-9.15, 38.7]]]}
        feature = {
            "name": service.name("basin"),
            "description": "The basin in front of the quay.",
            "encodingType": "application/geo+json",
            "feature": basin,
        }
        series = {"@iot.id": self.series}
        body = {"phenomenonTime": at(40), "result": 3.25, "FeatureOfInterest": feature, "Datastream": series}
        if service.city:
            # In a city a feature of interest is a registered place.
            service.refused("POST", "Observations", 422, "FeatureOfInterest", json=body)
        service.create("Locations", {**service.location(suffix="basin"), "location": basin})
        first = service.create("Observations", body)
        made = service.get(f"{first}/FeatureOfInterest")
        equal(made["feature"], basin, "the geometry")
        body = {**body, "phenomenonTime": at(41), "FeatureOfInterest": {"@iot.id": made["@iot.id"]}}
        second = service.create("Observations", body)
        of_it = service.values(f"FeaturesOfInterest({made['@iot.id']})/Observations", orderby="phenomenonTime")
        equal([o["@iot.selfLink"] for o in of_it], [first, second], "observations of the feature")
        by_name = service.values("Observations", filter=f"FeatureOfInterest/name eq '{feature['name']}'", count="true")
        equal(len(by_name), 2, "observations by the feature's name")
        service.done("DELETE", f"FeaturesOfInterest({made['@iot.id']})")
        equal([service.ask("GET", link).status_code for link in (first, second)], [404, 404], "its observations")

    def atomic(self) -> None:
        service = self.service
        counts = {name: self.count(name) for name in ENTITY_SETS}
        body = service.thing("half", Datastreams=[service.datastream("good", 2), service.datastream("bad", 1)])
        body["Datastreams"][1]["Observations"][0]["phenomenonTime"] = "not a time"
        answer = service.ask("POST", "Things", json=body)
        true(answer.status_code in (400, 422), f"{answer.status_code} {answer.text[:200]}")
        true("phenomenonTime" in answer.text, f"it names the field: {answer.text[:300]}")
        del body["Datastreams"][1]["Sensor"]
        body["Datastreams"][1]["Observations"] = []
        answer = service.ask("POST", "Things", json=body)
        true(answer.status_code in (400, 422) and "Sensor" in answer.text, f"{answer.status_code} {answer.text[:200]}")
        equal({name: self.count(name) for name in ENTITY_SETS}, counts, "entities, after inserts that failed")

    def count(self, entity_set: str) -> int:
        return self.service.get(entity_set, count="true", top=0)["@iot.count"]

    # ---- Batch ----------------------------------------------------------------------------------------------------

    def send_batch(self, requests: list[dict]) -> dict:
        answer = self.service.ask("POST", "$batch", json={"requests": requests})
        equal(answer.status_code, 200, f"$batch: {answer.text[:300]}\nstatus")
        return {response["id"]: response for response in answer.json()["responses"]}

    def batch(self) -> None:
        service = self.service
        thing = {"name": service.name("batched"), "description": "Made in a batch."}
        wanted = quote(thing["name"])
        found = self.send_batch(
            [
                {"id": "read", "method": "get", "url": f"Things({self.thing})?$select=id,name"},
                {"id": "new", "atomicityGroup": "g", "method": "post", "url": "Things", "body": thing},
                {
                    "id": "place",
                    "atomicityGroup": "g",
                    "method": "post",
                    "url": "$new/Locations",
                    "body": service.location(suffix="batched"),
                },
                {"id": "none", "method": "get", "url": f"Things({NOT_THERE})"},
                {
                    "id": "after",
                    "method": "get",
                    "url": f"Things?$filter=name%20eq%20'{wanted}'&$expand=Locations",
                },
                {"id": "wrong", "method": "get", "url": "Things?$filter=("},
            ]
        )
        statuses = {key: response["status"] for key, response in found.items()}
        equal(statuses, {"read": 200, "new": 201, "place": 201, "none": 404, "after": 200, "wrong": 400}, "statuses")
        equal(found["read"]["body"]["@iot.id"], self.thing, "what was read")
        location = {key.lower(): value for key, value in found["new"].get("headers", {}).items()}.get("location", "")
        made = service.get(location)
        equal(made["name"], thing["name"], "what was made")
        after = found["after"]["body"]["value"]
        equal([t["@iot.id"] for t in after], [made["@iot.id"]], "read later in the same batch")
        equal([place["name"] for place in after[0]["Locations"]], [service.name("batched")], "its location")
        true("$filter" in str(found["wrong"]["body"]), f"the failure names the option: {found['wrong']['body']}")

    def batch_atomic(self) -> None:
        service, before = self.service, self.count("Things")
        thing = {"name": service.name("undone"), "description": "Never there."}
        found = self.send_batch(
            [
                {"id": "1", "atomicityGroup": "g", "method": "post", "url": "Things", "body": thing},
                {"id": "2", "atomicityGroup": "g", "method": "post", "url": "Things", "body": {"name": 7}},
                {"id": "3", "method": "get", "url": "Things?$count=true&$top=0"},
            ]
        )
        true(400 <= found["2"]["status"] < 500, f"the second: {found['2']}")
        true(found.get("1", {"status": 424})["status"] >= 400, f"the first is not said to be done: {found.get('1')}")
        equal((found["3"]["body"]["@iot.count"], self.count("Things")), (before, before), "things")
