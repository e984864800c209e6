#!/usr/bin/env python3
"""Makes demo/data out of the recordings in ../shared/data (beside the project), byte for byte the same every time.

Python's standard library only. Run it from anywhere:  python3 demo/prepare.py [FOLDER OF THE RECORDINGS]
What each file is, where it came from and what is changed here: demo/data/ATTRIBUTION.md.
"""

import csv
import gzip
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path

sys.dont_write_bytecode = True  # The modules below are run once; no __pycache__ in the demo.

import prepare_lake  # noqa: E402
import prepare_warnings  # noqa: E402

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"

# What the demo shows: city.toml, [demo]. The end is included, so that the last minute of the replay has a value.
REPLAY_FROM = datetime.fromisoformat("2024-04-30T00:00:00-03:00")
REPLAY_TO = datetime.fromisoformat("2024-05-12T00:00:00-03:00")

# Recording -> the file under demo/data that holds it as it is.
AS_IT_IS = {
    "poa-gtfs/poa_eptc_bus.gtfs.zip": "gtfs/poa_eptc_bus.gtfs.zip",
    "poa-gtfs/poa_trensurb_rail.gtfs.zip": "gtfs/poa_trensurb_rail.gtfs.zip",
    "poa-osm/poa_roads.osm.pbf": "osm/poa_roads.osm.pbf",
    "poa-exposure/poa_elevation.tif": "exposure/poa_elevation.tif",
}

# Recording -> (file under demo/data, columns kept; the first one is the time).
CUTS = {
    "poa-water-level/guaiba_cais_maua_15min_2024.csv": (
        "water/guaiba_cais_maua_15min.csv",
        ["timestamp_local", "level_m"],
    ),
    "poa-water-level/guaiba_sph4_gnssr_10min_2023-09_2024-12.csv.gz": (
        "water/guaiba_sph4_gnssr_10min.csv",
        ["timestamp_utc", "level_m"],
    ),
    "poa-weather/inmet_a801_hourly_2024.csv": (
        "weather/inmet_a801_hourly.csv",
        [
            "timestamp_utc",
            "precip_mm",
            "temp_c",
            "wind_speed_ms",
            "wind_gust_ms",
            "wind_dir_deg",
            "pressure_hpa",
            "rh_pct",
        ],
    ),
}


def cut(source, target, columns):
    """Keeps the rows of the replay and the named columns; every kept value stays the text that it was."""
    opener = gzip.open if source.suffix == ".gz" else open
    with opener(source, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        kept = [[row[column] for column in columns] for row in rows if REPLAY_FROM <= instant(row[columns[0]]) <= REPLAY_TO]
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(kept)
    return len(kept)


def instant(text):
    """RFC 3339 text as a time with a zone (Python before 3.11 does not read the letter Z)."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)


def main():
    default = HERE.parent.parent / "shared" / "data"
    recordings = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    if not (recordings / "poa-gtfs").is_dir():
        sys.exit(f"expected the recordings (poa-gtfs, poa-osm, ...) in {recordings}; give their folder as the argument")
    for folder in ("gtfs", "osm", "exposure", "water", "weather", "warnings"):
        (DATA / folder).mkdir(parents=True, exist_ok=True)
    for source, target in AS_IT_IS.items():
        shutil.copyfile(recordings / source, DATA / target)
        print(f"{target}: as it is")
    for source, (target, columns) in CUTS.items():
        print(f"{target}: {cut(recordings / source, DATA / target, columns)} rows")
    messages = recordings / "poa-live-snapshots" / "realtime_snapshots.ndjson.gz"
    count = prepare_warnings.write(messages, DATA / "warnings", REPLAY_FROM, REPLAY_TO)
    print(f"warnings: {count} messages")
    rings = prepare_lake.write(DATA / "exposure" / "poa_elevation.tif", DATA / "lake.geojson")
    print(f"lake.geojson: {rings} rings")


if __name__ == "__main__":
    main()
