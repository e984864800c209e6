"""Starts the programs that the scenarios need, on free loopback ports, and stops them; only what it started itself."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

START_S = 60
STOP_S = 15


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """One process of ours, with what it said in a file."""

    def __init__(self, name: str, arguments: list[str], log: Path) -> None:
        self.name = name
        self.arguments = arguments
        self.log = log
        self.temporary = log.with_suffix(".tmp")
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.temporary.mkdir(exist_ok=True)
        environment = {k: v for k, v in os.environ.items() if k != "TOWNBELL_TOKEN"}
        environment["TMPDIR"] = str(self.temporary)
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=environment
            )

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> int | None:
        """Asks it to end, waits, and in the end makes it; gives its exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def kill(self) -> None:
        """As a power cut would: it hears nothing of it."""
        self.process.kill()
        self.process.wait()

    def last_words(self) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(f"        | {line}" for line in text.splitlines()[-12:])


class Townbell(Program):
    """A Townbell that listens on a free port of its own."""

    def __init__(self, name: str, binary: Path, arguments: list[str], folder: Path) -> None:
        self.port = free_port()
        listen = ["--listen", f"127.0.0.1:{self.port}"]
        super().__init__(name, [str(binary), "serve", *arguments, *listen], folder / f"{name}.log")
        self.origin = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        super().start()
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if not self.running():
                raise AssertionError(
                    f"{' '.join(self.arguments[1:])}\nended with {self.process.returncode} before it was up\n"
                    + self.last_words()
                )
            try:
                with urllib.request.urlopen(f"{self.origin}/health", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError(f"{self.name} did not answer /health within {START_S} s\n{self.last_words()}")
