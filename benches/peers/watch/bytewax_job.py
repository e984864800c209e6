"""The watch job in Bytewax: for each key the mean of each minute, and an alert when three minutes running are above 50.
The same events as src/watch/stream.rs. usage: bytewax_job.py EVENTS KEYS"""

import sys
from datetime import datetime, timedelta, timezone

import bytewax.operators as op
import bytewax.operators.windowing as windowing
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import TestingSource, run_main

EVENTS, KEYS = int(sys.argv[1]), int(sys.argv[2])
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
# Large: each batch looks at every key that it knows, and with 1,000 events an event costs ten times as much.
BATCH = 100_000
alerts = 0


def events():
    for i in range(EVENTS):
        key, second = i % KEYS, i // KEYS
        noise = ((i * 2654435761 & (2**64 - 1)) >> 7) % 1000
        raised = 30.0 if (second // 60 + key) % 10 < 4 else 0.0
        yield str(key), (BEGIN + timedelta(seconds=second), 20.0 + noise / 50.0 + raised)


class Counted(StatelessSinkPartition):
    def write_batch(self, items):
        global alerts
        alerts += len(items)


class Count(DynamicSink):
    def build(self, step_id, worker_index, worker_count):
        return Counted()


def three_running(before, window):
    total, count = window[1]
    now = (before or 0) + 1 if total / count > 50.0 else 0
    return now, [now] if now == 3 else []


flow = Dataflow("rules")
stream = op.input("in", flow, TestingSource(events(), batch_size=BATCH))
means = windowing.fold_window(
    "mean",
    stream,
    windowing.EventClock(lambda event: event[0], wait_for_system_duration=timedelta(0)),
    windowing.TumblingWindower(length=timedelta(seconds=60), align_to=BEGIN),
    lambda: (0.0, 0),
    lambda kept, event: (kept[0] + event[1], kept[1] + 1),
    lambda a, b: (a[0] + b[0], a[1] + b[1]),
)
op.output("out", op.stateful_flat_map("three", means.down, three_running), Count())
run_main(flow)
print(f"result alerts={alerts} first=0")
