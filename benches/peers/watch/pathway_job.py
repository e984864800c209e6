"""The watch job in Pathway (Business Source Licence): for each key the mean of each minute, and an alert when three
minutes running are above 50. Pathway computes the windows; the three running are counted where its output is taken.
The same events as src/watch/stream.rs. usage: pathway_job.py EVENTS KEYS"""

import sys

import pathway as pw

EVENTS, KEYS = int(sys.argv[1]), int(sys.argv[2])
alerts = 0
running: dict[int, int] = {}
closed: list[tuple[int, int, float]] = []


class Events(pw.io.python.ConnectorSubject):
    def run(self):
        for i in range(EVENTS):
            key, second = i % KEYS, i // KEYS
            noise = ((i * 2654435761 & (2**64 - 1)) >> 7) % 1000
            raised = 30.0 if (second // 60 + key) % 10 < 4 else 0.0
            self.next(key=key, second=second, value=20.0 + noise / 50.0 + raised)


class Event(pw.Schema):
    key: int
    second: int
    value: float


def on_window(key, row, time, is_addition):
    if is_addition:
        closed.append((row["begin"], row["key"], row["mean"]))


def on_time_end(time):
    global alerts
    for _begin, key, mean in sorted(closed):
        now = running.get(key, 0) + 1 if mean > 50.0 else 0
        running[key] = now
        alerts += now == 3
    closed.clear()


events = pw.io.python.read(Events(), schema=Event, autocommit_duration_ms=500)
windows = events.windowby(
    events.second,
    window=pw.temporal.tumbling(duration=60),
    instance=events.key,
    behavior=pw.temporal.exactly_once_behavior(),
).reduce(key=pw.this._pw_instance, begin=pw.this._pw_window_start, mean=pw.reducers.avg(pw.this.value))
pw.io.subscribe(windows, on_change=on_window, on_time_end=on_time_end)
pw.run(monitoring_level=pw.MonitoringLevel.NONE)
print(f"result alerts={alerts} first=0")
