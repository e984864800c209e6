"""A SensorThings service under test: how it is reached, and what may be created in it."""

import random
import string
from datetime import UTC, datetime, timedelta

import frost_sta_client as fsc
import requests

from steps import equal, true

ANSWER_S = 30
#: A number that nothing has as its id.
NOT_THERE = 999_999_999
#: 00:00 UTC three days ago: every time below is in the past, and the hour of an observation is its number.
FIRST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


def at(hours: float = 0, seconds: float = 0) -> str:
    """An instant so long after FIRST, as SensorThings writes it."""
    moment = FIRST + timedelta(hours=hours, seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def instant(text: str) -> datetime:
    """The same instant, however it is written."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Frost(fsc.SensorThingsService):
    """The client as it is; only, it does not wait for ever."""

    def execute(self, method, url, **options):
        options.setdefault("timeout", ANSWER_S)
        return super().execute(method, url, **options)


class Service:
    """One Townbell, as its clients see it. `city`: observed properties and properties are those of its packs."""

    def __init__(self, origin: str, city: bool) -> None:
        self.origin = origin
        self.root = f"{origin}/v1.1"
        self.city = city
        self.frost = Frost(self.root)
        self.http = requests.Session()
        # Letters alone: eight digits could be a telephone number, and the gate would say so.
        self.mark = "T" + "".join(random.choices(string.ascii_lowercase, k=10))

    # ---- HTTP -----------------------------------------------------------------------------------------------------

    def url(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.root}/{path}"

    def ask(self, method: str, path: str, **options) -> requests.Response:
        return self.http.request(method, self.url(path), timeout=ANSWER_S, **options)

    def get(self, path: str, **params) -> dict:
        """The JSON of an answer that must be 200. Options without `$`: filter="..." is `$filter=...`."""
        answer = self.ask("GET", path, params={f"${key}": value for key, value in params.items()})
        equal(answer.status_code, 200, f"GET {answer.url}\n{answer.text[:300]}\nstatus")
        equal(answer.headers["content-type"].split(";")[0], "application/json", f"content type of {answer.url}")
        return answer.json()

    def values(self, path: str, **params) -> list:
        return self.get(path, **params)["value"]

    def create(self, path: str, body) -> str:
        """Gives the selfLink of what was created."""
        answer = self.ask("POST", path, json=body)
        equal(answer.status_code, 201, f"POST {path}\n{answer.text[:400]}\nstatus")
        link = answer.headers.get("location", "")
        true(link.startswith(f"{self.root}/"), f"Location is the absolute selfLink, found {link!r}")
        return link

    def path_of(self, link: str) -> str:
        """A selfLink as a resource path."""
        true(link.startswith(f"{self.root}/"), f"an absolute selfLink, found {link!r}")
        return link.removeprefix(f"{self.root}/")

    def done(self, method: str, path: str, body=None, **options) -> None:
        """A change or a deletion that must succeed (18-088, clauses 10.3 and 10.4)."""
        answer = self.ask(method, path, json=body, **options)
        true(answer.status_code in (200, 204), f"{method} {path}: done, found {answer.status_code} {answer.text[:300]}")

    def refused(self, method: str, path: str, status, names: str, **options) -> dict:
        """The answer must be a problem document of this status (or one of these) that names the field."""
        answer = self.ask(method, path, **options)
        wanted = status if isinstance(status, tuple) else (status,)
        sent = str(options.get("json") or options.get("data") or "")
        said = f"{method} {answer.url} {sent[:200]}\n{answer.text[:300]}"
        true(answer.status_code in wanted, f"status {wanted}, found {answer.status_code}: {said}")
        equal(answer.headers.get("content-type", "").split(";")[0], "application/problem+json", f"{said}\ncontent type")
        problem = answer.json()
        equal(problem["status"], answer.status_code, "status in the problem")
        true(problem["type"] and problem["title"], "a problem has a type and a title")
        where = f"{problem.get('field') or ''} {problem['detail']}"
        true(names in where, f"the problem names {names!r}: {where!r}")
        return problem

    # ---- What may be created --------------------------------------------------------------------------------------

    def name(self, suffix: str) -> str:
        """A name that no other run has."""
        return f"{self.mark} {suffix}"

    @property
    def unit(self) -> dict:
        """The unit of the observed property that `observed_property` gives."""
        return {"name": "metre", "symbol": "m", "definition": "http://unitsofmeasure.org/ucum#m"}

    #: Declared by the observed property `water_level` of the tests' city; a sandbox takes any.
    properties = {"depth_m": 4.5, "public": True, "note": "by the stairs", "pegs": 3}

    def observed_property(self) -> dict:
        """A city takes those of its packs, by id; the sandbox takes any."""
        if self.city:
            return {"@iot.id": "water_level"}
        return {
            "name": self.name("level"),
            "definition": "http://vocabs.lter-europe.net/EnvThes/22165",
            "description": "Height of the water surface.",
            "properties": {"vertical_datum": "its own", "digits": 2},
        }

    def sensor(self) -> dict:
        return {
            "name": self.name("pressure gauge"),
            "description": "Reads the pressure of the water above it.",
            "encodingType": "application/pdf",
            "metadata": "https://example.org/gauge.pdf",
        }

    def location(self, longitude: float = -9.14, latitude: float = 38.705, suffix: str = "quay") -> dict:
        return {
            "name": self.name(suffix),
            "description": "Where the gauge hangs.",
            "encodingType": "application/geo+json",
            "location": {"type": "Point", "coordinates": [longitude, latitude]},
        }

    def observations(self, count: int) -> list[dict]:
        """One an hour from FIRST; the result of hour n is n / 2."""
        return [{"phenomenonTime": at(n), "resultTime": at(n, 30), "result": n / 2} for n in range(count)]

    def datastream(self, suffix: str = "level", observations: int = 0, **more) -> dict:
        body = {
            "name": self.name(suffix),
            "description": "Level of the water.",
            "observationType": MEASUREMENT,
            "unitOfMeasurement": self.unit,
            "ObservedProperty": self.observed_property(),
            "Sensor": self.sensor(),
            **more,
        }
        if observations:
            body["Observations"] = self.observations(observations)
        return body

    def thing(self, suffix: str = "gauge", **more) -> dict:
        return {"name": self.name(suffix), "description": "A gauge for a test.", "Locations": [self.location()], **more}

    def thing_with_series(self, suffix: str, observations: int) -> tuple[int, int]:
        """Ids of a new Thing and its one Datastream."""
        body = self.thing(suffix, Datastreams=[self.datastream(suffix, observations)])
        thing = self.get(self.create("Things", body), expand="Datastreams")
        return thing["@iot.id"], thing["Datastreams"][0]["@iot.id"]
