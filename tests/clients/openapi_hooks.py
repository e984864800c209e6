"""Leads schemathesis to addresses that exist: a random text is hardly ever a resource path of SensorThings."""

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
