"""Debian's mosquitto as the broker between devices, readers and Townbell; configured by mosquitto/mosquitto.conf."""

import json
import os
import queue
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

from servers import Program, free_port
from steps import true

HERE = Path(__file__).resolve().parent
LISTENERS = ["DEVICES", "READERS", "TOWNBELL", "PLAIN"]
START_S = 10
#: No message that is under way takes longer than this; a subscriber that heard nothing for so long hears nothing.
QUIET_S = 1.5
#: mosquitto_sub and mosquitto_pub end by themselves after this, whatever happens to the tests.
CLIENT_S = 120


def mosquitto() -> str:
    """Where the broker is; /usr/sbin is not on everybody's path."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    true(found and shutil.which("mosquitto_pub"), "mosquitto is installed: apt-get install mosquitto mosquitto-clients")
    return found


class Broker(Program):
    """A mosquitto of our own, with a port for each kind of client."""

    def __init__(self, variant: str, folder: Path) -> None:
        self.ports = {name: free_port() for name in LISTENERS}
        self.folder = folder / f"mosquitto-{variant}"
        shutil.copytree(HERE / "mosquitto", self.folder)
        conf = self.folder / "mosquitto.conf"
        text = conf.read_text().replace("@FOLDER@", str(self.folder))
        for name, port in self.ports.items():
            text = text.replace(f"@{name}@", str(port))
        # Started by root, mosquitto becomes a user who may not read our folder; here it stays who started it.
        user = "root" if os.geteuid() == 0 else ""
        conf.write_text(f"{f'user {user}' if user else ''}\n{text}")
        super().__init__(f"mosquitto-{variant}", [mosquitto(), "-c", str(conf)], folder / f"mosquitto-{variant}.log")

    def start(self) -> None:
        super().start()
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.running():
            try:
                for port in self.ports.values():
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"mosquitto did not start\n{self.last_words()}")

    def publish(self, listener: str, topic: str, *messages: object) -> None:
        """With mosquitto_pub, QoS 1, one line a message; text as it is, anything else as JSON."""
        lines = [m if isinstance(m, str) else json.dumps(m) for m in messages]
        command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.ports[listener]), "-q", "1", "-t", topic, "-l"]
        subprocess.run(
            command, input="\n".join(lines) + "\n", text=True, check=True, timeout=CLIENT_S, capture_output=True
        )

    def subscribe(self, listener: str, *topics: str) -> "Subscriber":
        return Subscriber(self.ports[listener], topics)


class Subscriber:
    """A mosquitto_sub and what it heard."""

    def __init__(self, port: int, topics: tuple[str, ...]) -> None:
        # Line by line: into a pipe, mosquitto_sub says what it has when it has much of it.
        command = [
            "stdbuf",
            "-oL",
            "mosquitto_sub",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-q",
            "1",
            "-d",
            "-F",
            "> %t\t%p",
            "-W",
            str(CLIENT_S),
        ]
        for topic in topics:
            command += ["-t", topic]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
        )
        self.heard: queue.Queue = queue.Queue()
        self.ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        if not self.ready.wait(START_S):
            self.close()
            raise AssertionError(f"the broker did not let us subscribe to {topics}")

    def _listen(self) -> None:
        for line in self.process.stdout:
            if line.startswith("> "):
                self.heard.put(tuple(line[2:].rstrip("\n").split("\t", 1)))
            elif line.startswith("Subscribed"):
                self.ready.set()

    def until_quiet(self, expected: int, seconds: float = 20) -> list[tuple[str, str]]:
        """What was heard: waits for so many, and then until nothing more comes."""
        out, end = [], time.monotonic() + seconds
        while True:
            wait = QUIET_S if len(out) >= expected else end - time.monotonic()
            try:
                out.append(self.heard.get(timeout=max(wait, 0.01)))
            except queue.Empty:
                return out

    def close(self) -> None:
        # Asked to end, mosquitto_sub now and then waits for ever for an answer.
        self.process.kill()
        self.process.wait()
