"""A full scenario with Fraunhofer's frost-sta-client: what a city's own script would do in its first week."""

import frost_sta_client as fsc
import geojson
import requests
from frost_sta_client.model.ext.data_array_document import DataArrayDocument
from frost_sta_client.model.ext.data_array_value import DataArrayValue
from frost_sta_client.model.ext.unitofmeasurement import UnitOfMeasurement

from service import MEASUREMENT, Service, at, instant
from steps import Steps, equal, true

HOURS = 24
MANY = 10_000
#: Observations in one CreateObservations; 10,000 in four requests, each below the largest body that is read.
ARRAY = 2_500


def run(service: Service, steps: Steps) -> None:
    scenario = Scenario(service)
    steps.all(scenario.steps(), foundation=scenario.deep_insert)


class Scenario:
    """What each step leaves for the next."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.frost = service.frost
        self.thing: fsc.Thing | None = None
        self.series: fsc.Datastream | None = None
        self.many: fsc.Datastream | None = None

    def steps(self):
        return [
            ("deep insert: Thing, Location, Datastream, Sensor, ObservedProperty, Observations", self.deep_insert),
            ("nested expand with options", self.nested_expand),
            ("what was created is found by each of its relations", self.relations),
            ("filter: comparison, logic, arithmetic with precedence", self.filter_arithmetic),
            ("filter: rounding", self.filter_rounding),
            ("filter: time, its parts and its arithmetic", self.filter_time),
            ("filter: text functions", self.filter_text),
            ("filter: geometry", self.filter_geometry),
            ("filter: through relations", self.filter_relations),
            ("orderby, by two expressions, top, skip, count", self.order),
            ("an observation alone: create, find, correct, delete", self.one_observation),
            ("dataArray in: 10,000 observations", self.data_array_in),
            ("paging: nextLink through 10,000, each exactly once", self.paging),
            ("paging: newest first with a filter, each exactly once", self.paging_filtered),
            ("a datastream knows its span and its area", self.span),
            ("JSON Patch", self.json_patch),
            ("PUT", self.put),
            ("a refused write raises, and changes nothing", self.refused),
            ("delete: a datastream takes its observations with it", self.delete_datastream),
            ("delete: a thing takes its datastreams and past locations, and leaves its location", self.delete_thing),
        ]

    # ---- Create ---------------------------------------------------------------------------------------------------

    def model_of_datastream(self, suffix: str) -> fsc.Datastream:
        body = self.service.datastream(suffix)
        observed = body["ObservedProperty"]
        known = observed.get("@iot.id")
        return fsc.Datastream(
            name=body["name"],
            description=body["description"],
            observation_type=MEASUREMENT,
            unit_of_measurement=UnitOfMeasurement(**self.service.unit),
            observed_property=fsc.ObservedProperty(id=known)
            if known
            else fsc.ObservedProperty(
                name=observed["name"],
                definition=observed["definition"],
                description=observed["description"],
                properties=observed["properties"],
            ),
            sensor=fsc.Sensor(
                name=body["Sensor"]["name"],
                description=body["Sensor"]["description"],
                encoding_type=body["Sensor"]["encodingType"],
                metadata=body["Sensor"]["metadata"],
            ),
        )

    def deep_insert(self) -> None:
        series = self.model_of_datastream("level")
        rows = self.service.observations(HOURS)
        series.observations = [
            fsc.Observation(phenomenon_time=r["phenomenonTime"], result_time=r["resultTime"], result=r["result"])
            for r in rows
        ]
        location = self.service.location()
        thing = fsc.Thing(
            name=self.service.name("gauge"),
            description="A gauge for a test.",
            locations=[
                fsc.Location(
                    name=location["name"],
                    description=location["description"],
                    encoding_type=location["encodingType"],
                    location=geojson.Point((-9.14, 38.705)),
                )
            ],
            datastreams=[series],
        )
        self.frost.create(thing)
        true(isinstance(thing.id, int) and thing.id > 0, f"an integer id from the Location header, found {thing.id!r}")
        self.thing = self.frost.things().find(thing.id)
        equal(self.thing.name, self.service.name("gauge"), "name")
        true(self.thing.self_link == f"{self.service.root}/Things({thing.id})", f"selfLink {self.thing.self_link!r}")
        found = list(self.thing.get_datastreams().query().list())
        equal(len(found), 1, "datastreams of the new thing")
        self.series = found[0]
        equal(self.series.unit_of_measurement.symbol, "m", "unit")
        equal(self.series.observation_type, MEASUREMENT, "observationType")

    def observations(self):
        return self.series.get_observations().query()

    def results(self, statement: str) -> list:
        found = list(self.observations().filter(statement).orderby("phenomenonTime", "asc").list())
        return [observation.result for observation in found]

    # ---- Read -----------------------------------------------------------------------------------------------------

    def nested_expand(self) -> None:
        newest = "Observations($top=1;$orderby=phenomenonTime desc)"
        expand = f"Locations,Datastreams($select=id,name;$expand=ObservedProperty,{newest};$count=true)"
        query = self.frost.things().query().filter(f"name eq '{self.thing.name}'").expand(expand)
        found = list(query.list())
        equal(len(found), 1, "things of that name")
        equal(found[0].locations.entities[0].location["coordinates"], [-9.14, 38.705], "coordinates")
        equal(found[0].datastreams.count, 1, "Datastreams@iot.count")
        series = found[0].datastreams.entities[0]
        equal(series.id, self.series.id, "id of the datastream")
        equal(series.description, None, "description, which was not selected")
        observed = series.observed_property
        equal(observed.name, "Water level" if self.service.city else self.service.name("level"), "observed property")
        equal([o.result for o in series.observations.entities], [(HOURS - 1) / 2], "the newest result")
        equal(instant(series.observations.entities[0].phenomenon_time), instant(at(HOURS - 1)), "its phenomenonTime")
        true(series.observations.next_link, "a nested nextLink: there are older ones")

    def relations(self) -> None:
        service, series = self.service, self.series.id
        thing = self.thing.id
        for path, expected in [
            (f"Datastreams({series})/Thing", thing),
            (f"Things({thing})/Datastreams({series})", series),
            (f"Things({thing})/Datastreams({series})/Sensor/Datastreams({series})/Thing", thing),
        ]:
            equal(service.get(path)["@iot.id"], expected, path)
        newest = service.values(f"Datastreams({series})/Observations", orderby="phenomenonTime desc", top=1)[0]
        observation = f"Observations('{newest['@iot.id']}')"
        equal(service.get(observation)["result"], newest["result"], observation)
        equal(service.get(f"{observation}/Datastream")["@iot.id"], series, "its Datastream")
        feature = service.get(f"{observation}/FeatureOfInterest")
        equal(feature["feature"]["coordinates"], [-9.14, 38.705], "the feature of interest is the thing's location")
        same = service.get(f"FeaturesOfInterest({feature['@iot.id']})/Observations", count="true", top=0)
        equal(same["@iot.count"], HOURS, "observations of that feature")
        history = service.values(f"Things({thing})/HistoricalLocations", expand="Locations")
        equal(len(history), 1, "historical locations of a new thing")
        equal(history[0]["Locations"][0]["location"]["coordinates"], [-9.14, 38.705], "where it was first")

    # ---- Filter ---------------------------------------------------------------------------------------------------

    def filter_arithmetic(self) -> None:
        for statement, expected in [
            ("result gt 10.5", [11.0, 11.5]),
            ("result le 0.5", [0.0, 0.5]),
            ("result add 1 eq 3.5", [2.5]),
            ("result sub 1 eq 3.5", [4.5]),
            ("result mul 2 mod 8 eq 0", [0.0, 4.0, 8.0]),
            ("(result sub 1) div 0.5 eq 3", [2.5]),
            ("1 add result mul 2 eq 6", [2.5]),
            ("not (result lt 11)", [11.0, 11.5]),
            ("result lt 1 or result gt 11 and result ne 11.5", [0.0, 0.5]),
            ("(result lt 1 or result gt 10.5) and result ne 11.5", [0.0, 0.5, 11.0]),
            ("result eq -1", []),
        ]:
            equal(self.results(statement), expected, statement)

    def filter_rounding(self) -> None:
        for statement, expected in [
            ("round(result) eq 2", [1.5, 2.0]),
            ("floor(result) eq 2", [2.0, 2.5]),
            ("ceiling(result) eq 2", [1.5, 2.0]),
        ]:
            equal(self.results(statement), expected, statement)

    def filter_time(self) -> None:
        day = at(0)[:10]
        for statement, expected in [
            (f"phenomenonTime gt {at(10)} and phenomenonTime le {at(12)}", [5.5, 6.0]),
            (f"phenomenonTime lt {at(1).replace('Z', '+00:00')}", [0.0]),
            (f"resultTime ge {at(22, 30)}", [11.0, 11.5]),
            ("hour(phenomenonTime) eq 7", [3.5]),
            ("minute(phenomenonTime) eq 0 and second(resultTime) eq 30 and hour(resultTime) lt 2", [0.0, 0.5]),
            (
                f"year(phenomenonTime) eq {day[:4]} and month(phenomenonTime) eq {int(day[5:7])} and result lt 1",
                [0.0, 0.5],
            ),
            (f"day(phenomenonTime) ne {int(day[8:])}", []),
            (f"date(phenomenonTime) eq {day} and result gt 11", [11.5]),
            (
                "fractionalseconds(phenomenonTime) eq 0 and totaloffsetminutes(phenomenonTime) eq 0 and result lt 1",
                [0.0, 0.5],
            ),
            (
                "phenomenonTime lt now() and phenomenonTime gt mindatetime() and resultTime lt maxdatetime()"
                " and result gt 11",
                [11.5],
            ),
            (f"phenomenonTime add duration'PT1H' eq {at(4)}", [1.5]),
            ("resultTime sub phenomenonTime eq duration'PT30S' and result lt 1", [0.0, 0.5]),
        ]:
            equal(self.results(statement), expected, statement)

    def filter_text(self) -> None:
        name = self.thing.name
        for statement, expected in [
            (f"substringof('{name[2:]}',name)", 1),
            (f"startswith(name,'{name[:6]}') and endswith(name,'gauge')", 1),
            (f"length(name) eq {len(name)} and name eq '{name}'", 1),
            (f"indexof(name,'gauge') eq {name.index('gauge')} and name eq '{name}'", 1),
            (f"substring(name,{len(name) - 5}) eq 'gauge' and substring(name,0,{len(name) - 6}) eq '{name[:-6]}'", 1),
            (f"tolower(name) eq '{name.lower()}'", 1),
            (f"toupper(name) eq '{name.upper()}'", 1),
            (f"trim(concat(' ',name)) eq '{name}'", 1),
            (f"name eq '{name}' and description eq 'it''s another'", 0),
        ]:
            equal(len(list(self.frost.things().query().filter(statement).list())), expected, statement)

    def filter_geometry(self) -> None:
        mine = f"name eq '{self.service.location()['name']}' and "
        around = "geography'POLYGON((-9.2 38.7,-9.1 38.7,-9.1 38.71,-9.2 38.71,-9.2 38.7))'"
        beside = "geography'POLYGON((-9.1 38.7,-9.0 38.7,-9.0 38.71,-9.1 38.71,-9.1 38.7))'"
        here = "geography'POINT(-9.14 38.705)'"
        for statement, expected in [
            (f"st_within(location,{around})", 1),
            (f"st_within(location,{beside})", 0),
            (f"st_disjoint(location,{beside})", 1),
            (f"st_intersects(location,{around})", 1),
            (f"geo.intersects(location,{around})", 1),
            (f"st_contains({around},location)", 1),
            (f"st_equals(location,{here})", 1),
            ("st_touches(location,geography'LINESTRING(-9.14 38.705,-9.1 38.705)')", 1),
            (f"st_relate(location,{around},'T*F**F***')", 1),
            (f"st_crosses(location,{around})", 0),
            (f"st_overlaps(location,{around})", 0),
            (f"geo.distance(location,{here}) lt 0.000001", 1),
            ("geo.length(geography'LINESTRING(-9.2 38.7,-9.1 38.7)') gt 0.09", 1),
        ]:
            equal(len(list(self.frost.locations().query().filter(mine + statement).list())), expected, statement)
        through = f"name eq '{self.thing.name}' and st_within(Locations/location,{around})"
        equal(len(list(self.frost.things().query().filter(through).list())), 1, through)

    def filter_relations(self) -> None:
        service, name = self.service, self.thing.name
        observed = "Water level" if service.city else service.name("level")
        for path, statement, expected in [
            ("Things", f"Datastreams/Observations/result gt 11.4 and name eq '{name}'", [self.thing.id]),
            ("Things", f"Datastreams/Observations/result gt 11.6 and name eq '{name}'", []),
            ("Datastreams", f"Thing/name eq '{name}' and ObservedProperty/name eq '{observed}'", [self.series.id]),
            ("Datastreams", f"Thing/id eq {self.thing.id} and unitOfMeasurement/symbol eq 'm'", [self.series.id]),
            ("HistoricalLocations", f"Thing/id eq {self.thing.id}", None),
        ]:
            found = [entity["@iot.id"] for entity in service.values(path, filter=statement)]
            if expected is None:
                equal(len(found), 1, statement)
            else:
                equal(found, expected, statement)
        wanted = f"Datastream/id eq {self.series.id} and result ge 11"
        equal([o["result"] for o in service.values("Observations", filter=wanted, orderby="result desc")], [11.5, 11.0])

    def order(self) -> None:
        query = self.observations().filter("result lt 3").count().top(4).skip(1)
        page = query.orderby("result mod 1 desc,phenomenonTime", "desc").list()
        equal([o.result for o in page.entities], [1.5, 0.5, 2.0, 1.0], "second to fifth by half, then newest")
        equal(page.count, 6, "@iot.count disregards top and skip")
        every = [o.result for o in self.observations().top(5).orderby("result", "asc").list()]
        equal(every, [n / 2 for n in range(HOURS)], "all, by pages of five")

    # ---- Observations ---------------------------------------------------------------------------------------------

    def one_observation(self) -> None:
        series = fsc.Datastream(id=self.series.id)
        observation = fsc.Observation(phenomenon_time=at(30), result=1.25, datastream=series)
        self.frost.create(observation)
        found = self.frost.observations().find(observation.id)
        equal((found.result, instant(found.phenomenon_time)), (1.25, instant(at(30))), "the new observation")
        equal(found.result_time, None, "resultTime, which was not given")
        path = f"Observations('{observation.id}')"
        self.service.done("PATCH", path, {"result": 1.5})
        equal(self.frost.observations().find(observation.id).result, 1.5, "the corrected result")
        equal(self.results(f"phenomenonTime eq {at(30)}"), [1.5], "one observation at that time")
        self.frost.delete(found)
        equal(self.service.ask("GET", path).status_code, 404, "status of the deleted observation")
        equal(self.results(f"phenomenonTime eq {at(30)}"), [], "observations at that time")

    def data_array_in(self) -> None:
        series = self.model_of_datastream("ten thousand")
        if not self.service.city:
            series.observed_property = fsc.ObservedProperty(id=self.observed_property_id())
        series.thing = fsc.Thing(id=self.thing.id)
        self.frost.create(series)
        self.many = series
        links = []
        for first in range(0, MANY, ARRAY):
            values = DataArrayValue()
            values.datastream = series
            values.components = {DataArrayValue.Property.PHENOMENON_TIME, DataArrayValue.Property.RESULT}
            for n in range(first, first + ARRAY):
                values.add_observation(fsc.Observation(phenomenon_time=at(seconds=10 * n), result=n % 1000 / 100))
            document = DataArrayDocument()
            document.add_data_array_value(values)
            links += [observation.self_link for observation in self.frost.observations().create(document)]
        equal(len(set(links)), MANY, "different selfLinks")
        true(all(link.startswith(f"{self.service.root}/Observations(") for link in links), "each a selfLink")
        last = self.frost.execute("get", links[-1]).json()
        equal((last["result"], instant(last["phenomenonTime"])), (9.99, instant(at(seconds=10 * (MANY - 1)))), "last")
        again = DataArrayValue()
        again.datastream = series
        again.components = {DataArrayValue.Property.PHENOMENON_TIME, DataArrayValue.Property.RESULT}
        again.add_observation(fsc.Observation(phenomenon_time=at(), result=0.0))
        document = DataArrayDocument()
        document.add_data_array_value(again)
        self.frost.observations().create(document)
        equal(series.get_observations().query().count().top(1).list().count, MANY, "count after one sent twice")

    def observed_property_id(self):
        return self.service.get(f"Datastreams({self.series.id})/ObservedProperty")["@iot.id"]

    def paging(self) -> None:
        found = [
            (instant(o.phenomenon_time), o.result)
            for o in self.many.get_observations().query().orderby("phenomenonTime", "asc").list()
        ]
        equal(len(found), MANY, "observations")
        expected = [(instant(at(seconds=10 * n)), n % 1000 / 100) for n in range(MANY)]
        equal(found == expected, True, "every one, once, in order, with its value")

    def paging_filtered(self) -> None:
        query = self.many.get_observations().query().filter("result lt 5").select("id", "result")
        found = list(query.orderby("phenomenonTime", "desc").top(700).list())
        equal(len(found), MANY // 2, "observations below 5")
        equal(len({o.id for o in found}), MANY // 2, "different ids")
        expected = [n % 1000 / 100 for n in reversed(range(MANY)) if n % 1000 < 500]
        equal([o.result for o in found] == expected, True, "newest first, with their values")
        equal(found[0].phenomenon_time, None, "phenomenonTime, which was not selected")

    def span(self) -> None:
        found = self.frost.datastreams().find(self.many.id)
        begin, end = (instant(part) for part in found.phenomenon_time.split("/"))
        equal((begin, end), (instant(at()), instant(at(seconds=10 * (MANY - 1)))), "phenomenonTime of the datastream")
        equal(found.result_time, None, "resultTime, which no observation has")
        true(found.observed_area is not None, "an observedArea, from the features of its observations")

    # ---- Change ---------------------------------------------------------------------------------------------------

    def json_patch(self) -> None:
        self.frost.patch(self.thing, [{"op": "replace", "path": "/description", "value": "Patched."}])
        found = self.frost.things().find(self.thing.id)
        equal((found.description, found.name), ("Patched.", self.thing.name), "description and name")

    def put(self) -> None:
        self.thing = self.frost.things().find(self.thing.id)
        self.thing.description = "Put."
        self.frost.update(self.thing)
        found = self.frost.things().find(self.thing.id)
        equal((found.description, found.name), ("Put.", self.thing.name), "description and name")
        equal(len(list(found.get_datastreams().query().list())), 2, "its datastreams are still there")

    def refused(self) -> None:
        before = self.frost.things().query().count().top(0).list().count
        lost = self.model_of_datastream("of a thing that is not")
        lost.thing = fsc.Thing(id=999_999_999)
        try:
            self.frost.create(lost)
        except requests.exceptions.HTTPError as error:
            true(400 <= error.response.status_code < 500, f"a client error, found {error.response.status_code}")
            true("Thing" in error.response.text, f"it names Thing: {error.response.text}")
        else:
            raise AssertionError("a datastream of a thing that is not there was created")
        equal(self.frost.things().query().count().top(0).list().count, before, "things")

    # ---- Delete ---------------------------------------------------------------------------------------------------

    def delete_datastream(self) -> None:
        first = self.service.values(f"Datastreams({self.many.id})/Observations", top=1)[0]
        self.frost.delete(self.many)
        for path in [f"Datastreams({self.many.id})", f"Observations('{first['@iot.id']}')"]:
            equal(self.service.ask("GET", path).status_code, 404, path)
        left = self.service.get("Observations", filter=f"Datastream/id eq {self.many.id}", count="true")
        equal((left["@iot.count"], left["value"]), (0, []), "observations that are left")
        equal(self.frost.datastreams().query().filter(f"Thing/id eq {self.thing.id}").count().list().count, 1, "left")

    def delete_thing(self) -> None:
        location = list(self.thing.get_locations().query().list())[0]
        sensor = self.service.get(f"Datastreams({self.series.id})/Sensor")["@iot.id"]
        past = self.service.values(f"Things({self.thing.id})/HistoricalLocations")
        self.frost.delete(self.thing)
        gone = [f"Things({self.thing.id})", f"Datastreams({self.series.id})"]
        gone += [f"HistoricalLocations({entity['@iot.id']})" for entity in past]
        for path in gone:
            equal(self.service.ask("GET", path).status_code, 404, path)
        equal(self.frost.locations().find(location.id).name, location.name, "the location stays")
        equal(self.frost.sensors().find(sensor).id, sensor, "the sensor stays")
