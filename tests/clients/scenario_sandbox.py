"""What a sandbox promises beside SensorThings: it takes no city's folder, answers on this machine only, says on every
page what it is, and leaves nothing behind."""

import subprocess
from pathlib import Path

from servers import Townbell, free_port
from service import Service
from steps import Steps, equal, true

HERE = Path(__file__).resolve().parent
ANSWER_S = 20


def run(service: Service, steps: Steps, townbell: Townbell, binary: Path, folder: Path) -> None:
    with steps.step("it is not started on a city, its data folder, or for other machines"):
        refuses(binary, folder)
    with steps.step("its data is in a folder of its own, below the temporary one"):
        equal(len(left(townbell)), 1, "folders of the sandbox")
    with steps.step("it has no feeds and no rules, and its pages say what it is"):
        says_so(service)


def refuses(binary: Path, folder: Path) -> None:
    data = folder / "data-of-a-city"
    data.mkdir()
    (data / "townbell.sqlite").write_bytes(b"a city's")
    listen = ["--listen", f"127.0.0.1:{free_port()}"]
    for arguments in [
        ["--data", str(data), *listen],
        [str(HERE / "city"), *listen],
        ["--listen", f"0.0.0.0:{free_port()}"],
    ]:
        command = [str(binary), "serve", "--sandbox", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, cwd=folder)
        true(done.returncode != 0 and done.stderr, f"refused with a reason: {arguments}, found {done.returncode}")
    equal([file.name for file in data.iterdir()], ["townbell.sqlite"], "what is in the city's folder")
    equal((data / "townbell.sqlite").read_bytes(), b"a city's", "the city's file")


def says_so(service: Service) -> None:
    ask = service.http.get
    city = ask(f"{service.origin}/api/city", timeout=ANSWER_S).json()
    true("sandbox" in str(city.get("notice")).lower(), f"the notice that every page shows: {city.get('notice')!r}")
    rules = ask(f"{service.origin}/api/rules", timeout=ANSWER_S).json()
    equal(rules.get("items", rules), [], "rules")
    for page in ["/", "/public", "/api/state", "/nothing-here"]:
        header = ask(f"{service.origin}{page}", timeout=ANSWER_S).headers.get("townbell-sandbox")
        equal(header, "true", f"Townbell-Sandbox of {page}")


def left(townbell: Townbell) -> list[str]:
    """Folders of sandboxes below the temporary folder that the program was given."""
    return sorted(entry.name for entry in townbell.temporary.iterdir() if entry.name.startswith("townbell-sandbox"))
