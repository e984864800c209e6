"""Leads schemathesis to addresses that exist, and bodies to where they belong: a random text is hardly ever a resource
path of SensorThings."""

import random

import schemathesis

PATHS = [
    "Things",
    "Things(1)",
    "Things(1)/Datastreams",
    "Things(1)/Locations/$ref",
    "Things(1)/name",
    "Things(1)/name/$value",
    "Locations",
    "HistoricalLocations",
    "Datastreams",
    "Datastreams(1)",
    "Datastreams(1)/Observations",
    "Datastreams(1)/Thing/Locations",
    "Sensors",
    "ObservedProperties",
    "ObservedProperties('water_level')",
    "Observations",
    "FeaturesOfInterest",
    "CreateObservations",
    "$batch",
    "Things(0)",
    "Things('x')/Datastreams(",
]


#: The members by which a body is told to be of an entity type, and where that is written.
SETS = [
    ({"requests"}, "$batch"),
    ({"observationType"}, "Datastreams"),
    ({"metadata"}, "Sensors"),
    ({"feature"}, "FeaturesOfInterest"),
    ({"location"}, "Locations"),
    ({"definition"}, "ObservedProperties"),
    ({"result"}, "Observations"),
    ({"time"}, "HistoricalLocations"),
    ({"name", "description"}, "Things"),
    ({"@iot.id"}, "Things(1)/Locations/$ref"),
]


def home(body):
    """Where a body could be written; None where nowhere."""
    if isinstance(body, list):
        return "CreateObservations"
    if not isinstance(body, dict):
        return None
    return next((path for members, path in SETS if members <= body.keys()), None)


@schemathesis.hook
def map_case(context, case):
    """Three of four bodies of a POST go where they belong, else nearly all would be refused for their place."""
    path = home(case.body) if case.method.upper() == "POST" and case.path_parameters else None
    if path and "path" in case.path_parameters and random.Random(str(case.body)).random() < 0.75:
        case.path_parameters["path"] = path
    return case


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Three of four `path`s are ones that mean something; chosen by what was generated, so that a seed repeats."""
    if path_parameters and isinstance(path_parameters.get("path"), str):
        choice = random.Random(path_parameters["path"])
        if choice.random() < 0.75:
            path_parameters["path"] = choice.choice(PATHS)
    if path_parameters and "datastream" in path_parameters:
        choice = random.Random(str(path_parameters["datastream"]))
        if choice.random() < 0.5:
            path_parameters["datastream"] = 1
    return path_parameters
