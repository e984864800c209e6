"""Starts a sandbox and a city with a broker beside them, runs every scenario against both, and stops what it started.
Run by run.py, inside the clients' environment."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import scenario_frost
import scenario_http
import scenario_mqtt
import scenario_openapi
import scenario_pitfalls
import scenario_refused
import scenario_sandbox
from broker import Broker
from servers import Townbell
from service import Service
from steps import Steps, equal

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCENARIOS = ["frost", "http", "refused", "pitfalls", "mqtt", "openapi"]
VARIANTS = ["sandbox", "city"]
#: Those that need nothing but the service.
PLAIN = {"frost": scenario_frost, "http": scenario_http, "refused": scenario_refused, "pitfalls": scenario_pitfalls}
#: Where city/city.toml says that the broker is.
BROKER = "127.0.0.1:1884"
#: The longest that each may take; all together stay below six minutes.
SECONDS = {"frost": 60, "http": 40, "refused": 30, "pitfalls": 30, "mqtt": 90, "openapi": 130}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Outside clients against Townbell.")
    parser.add_argument("--only", help=f"some of {','.join(SCENARIOS)}", default=",".join(SCENARIOS))
    parser.add_argument("--variant", choices=VARIANTS, help="one of the two; both when missing")
    parser.add_argument("--keep", action="store_true", help="leave logs and data where they are")
    return parser.parse_args()


def city_folder(folder: Path, broker: Broker) -> Path:
    """The tests' city, with the broker's port in it."""
    city = folder / "city"
    shutil.copytree(HERE / "city", city)
    file = city / "city.toml"
    text = file.read_text()
    file.write_text(text.replace(BROKER, f"127.0.0.1:{broker.ports['TOWNBELL']}"))
    return city


class Conductor:
    """The programs, and the order in which things happen."""

    def __init__(self, folder: Path, wanted: argparse.Namespace) -> None:
        self.binary = Path(os.environ.get("TOWNBELL_BIN", ROOT / "target/debug/townbell")).resolve()
        self.folder = folder
        self.wanted = [name for name in SCENARIOS if name in wanted.only.split(",")]
        self.variants = [wanted.variant] if wanted.variant else VARIANTS
        self.steps = Steps()
        self.started = []
        self.running = {}

    def start(self, program):
        self.started.append(program)
        program.start()
        return program

    def townbell(self, variant: str, broker: Broker) -> Townbell:
        if variant == "city":
            data = ["--data", str(self.folder / "data")]
            return Townbell("city", self.binary, [str(city_folder(self.folder, broker)), *data], self.folder)
        mqtt = ["--mqtt", f"127.0.0.1:{broker.ports['TOWNBELL']}", "--mqtt-receive-prefix", "in/"]
        return Townbell("sandbox", self.binary, ["--sandbox", *mqtt], self.folder)

    def conduct(self) -> None:
        if not self.binary.exists():
            sys.exit(f"TOWNBELL_BIN: there is no {self.binary}")
        for variant in self.variants:
            # A broker for each: a reading belongs to one of them.
            with self.steps.in_scenario(f"{variant}: start", 90), self.steps.step("the broker and Townbell start"):
                broker = self.start(Broker(variant, self.folder))
                townbell = self.start(self.townbell(variant, broker))
                self.running[variant] = (townbell, broker)
            if variant in self.running:
                self.run(variant, *self.running[variant])
                self.end(variant, townbell)

    def run(self, variant: str, townbell: Townbell, broker: Broker) -> None:
        if variant == "sandbox":
            with self.steps.in_scenario("sandbox: its promises", 60):
                service = Service(townbell.origin, city=False)
                scenario_sandbox.run(service, self.steps, townbell, self.binary, self.folder)
        for name in self.wanted:
            # Each scenario has names of its own, and so sees nothing of the others.
            service = Service(townbell.origin, city=variant == "city")
            with self.steps.in_scenario(f"{variant}: {name}", SECONDS[name]):
                if name == "mqtt":
                    plain = self.plain(broker) if variant == "sandbox" else None
                    scenario_mqtt.run(service, self.steps, broker, townbell, plain)
                elif name == "openapi":
                    scenario_openapi.run(service, self.steps, self.folder)
                else:
                    PLAIN[name].run(service, self.steps)

    def plain(self, broker: Broker) -> Townbell:
        mqtt = ["--mqtt", f"127.0.0.1:{broker.ports['PLAIN']}"]
        plain = Townbell("plain", self.binary, ["--sandbox", *mqtt], self.folder)
        self.started.append(plain)
        return plain

    def end(self, variant: str, townbell: Townbell) -> None:
        """It must still run, and end when it is asked to."""
        with self.steps.in_scenario(f"{variant}: end", 30), self.steps.step("it ran to the end, and stops when asked"):
            running = townbell.running()
            code = townbell.stop()
            if not running or code != 0:
                raise AssertionError(f"running: {running}, exit code: {code}\n{townbell.last_words()}")
            equal(scenario_sandbox.left(townbell), [], "what a sandbox leaves behind")

    def stop(self) -> None:
        for program in reversed(self.started):
            program.stop()


def main() -> int:
    wanted = arguments()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="townbell-clients-"))
    conductor = Conductor(folder, wanted)
    steps = conductor.steps
    try:
        conductor.conduct()
    finally:
        conductor.stop()
        if steps.failed:
            for program in conductor.started:
                print(f"\nLast words of {program.name}:\n{program.last_words()}")
        if wanted.keep:
            print(f"\nLogs and data: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{steps.passed} passed, {len(steps.failed)} failed, {time.monotonic() - began:.0f} s")
    for name in steps.failed:
        print(f"  FAIL  {name}")
    return 1 if steps.failed else 0


if __name__ == "__main__":
    sys.exit(main())
