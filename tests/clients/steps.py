"""Steps of a scenario: each prints PASS or FAIL with its time, and the next one goes on."""

import signal
import sys
import time
import traceback
from contextlib import contextmanager

#: Of what a failure says.
LINES_SHOWN = 80


class TooLong(Exception):
    """A scenario did not end in its time."""


class Steps:
    """Counts what passed and what failed."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []
        self.scenario = ""

    @contextmanager
    def step(self, name: str):
        began = time.monotonic()
        try:
            yield
        except TooLong:
            raise
        except Exception as error:
            self.failed.append(f"{self.scenario}: {name}")
            self._say("FAIL", name, began)
            for line in _because(error):
                print(f"        {line}")
        else:
            self.passed += 1
            self._say("PASS", name, began)
        sys.stdout.flush()

    def all(self, steps: list, foundation=None) -> None:
        """Runs them in order. Without the foundation the others would only fail as well."""
        for name, step in steps:
            failed = len(self.failed)
            with self.step(name):
                step()
            if step == foundation and len(self.failed) > failed:
                raise AssertionError("the rest was not run")

    @contextmanager
    def in_scenario(self, name: str, seconds: int):
        """Runs a scenario, at most so long."""
        print(f"\n== {name}", flush=True)
        self.scenario = name
        began = time.monotonic()
        signal.signal(signal.SIGALRM, _ring)
        signal.alarm(seconds)
        try:
            yield
        except TooLong:
            self.failed.append(f"{name}: did not end within {seconds} s")
            print(f"  FAIL  did not end within {seconds} s")
            traceback.print_exc(limit=-3)
        except Exception as error:
            self.failed.append(f"{name}: {error}")
            print(f"  FAIL  the scenario broke off: {error}")
            if not isinstance(error, AssertionError):
                traceback.print_exc(limit=-4)
        finally:
            signal.alarm(0)
            print(f"   {time.monotonic() - began:.1f} s", flush=True)

    def _say(self, verdict: str, name: str, began: float) -> None:
        print(f"  {verdict}  {name}  ({(time.monotonic() - began) * 1000:.0f} ms)")


def _ring(*_) -> None:
    raise TooLong


def _because(error: Exception) -> list[str]:
    text = str(error) or repr(error)
    kind = [] if isinstance(error, AssertionError) else [type(error).__name__]
    place = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
    ours = [p for p in place if p.startswith(("scenario_", "service.", "broker.", "servers."))]
    return [*kind, *text.splitlines()[:LINES_SHOWN], f"at {' < '.join(reversed(ours))}"]


def equal(found, expected, what: str = "") -> None:
    """Says both sides when they differ."""
    if found != expected:
        raise AssertionError(f"{what + ': ' if what else ''}expected {_short(expected)}\nfound    {_short(found)}")


def true(found, what: str) -> None:
    """Says what should have been."""
    if not found:
        raise AssertionError(f"expected: {what}")


def _short(value) -> str:
    text = repr(value)
    return text if len(text) <= 600 else f"{text[:600]}... ({len(text)} characters)"
