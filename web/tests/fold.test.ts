import { describe, expect, test } from "vitest";
import type { CityState } from "../src/api/types";
import { emptyPicture, findDatastream, fold } from "../src/city/fold";
import { alert, feed, thing, vehicle, warning } from "./samples";

const NOW = "2024-05-02T04:00:00Z";

function snapshot(): CityState {
  return {
    now: NOW,
    started: NOW,
    journal_seq: 7,
    feeds: [feed({ id: "water" }), feed({ id: "bus-positions" })],
    things: [thing({ id: 1 })],
    vehicles: [vehicle({ trip: "20240502/a" }), vehicle({ trip: "20240502/b" })],
    warnings: [warning({ id: "w1" })],
    alerts: [alert({ id: "a1" })],
  };
}

function withSnapshot() {
  const picture = emptyPicture();
  fold(picture, { kind: "snapshot", data: snapshot() });
  return picture;
}

describe("fold", () => {
  test("a snapshot replaces everything that was known before", () => {
    const picture = withSnapshot();
    fold(picture, { kind: "snapshot", data: { ...snapshot(), vehicles: [], alerts: [] } });
    expect(Object.keys(picture.vehicles)).toEqual([]);
    expect([...picture.alerts.keys()]).toEqual([]);
    expect(Object.keys(picture.feeds)).toEqual(["water", "bus-positions"]);
  });

  test("vehicles come, move and go by their trip", () => {
    const picture = withSnapshot();
    const moved = vehicle({ trip: "20240502/a", longitude: -51.3 });
    fold(picture, {
      kind: "vehicles",
      data: { now: NOW, upsert: [moved, vehicle({ trip: "20240502/c" })], remove: ["20240502/b"] },
    });
    expect(Object.keys(picture.vehicles).sort()).toEqual(["20240502/a", "20240502/c"]);
    expect(picture.vehicles["20240502/a"]?.longitude).toBe(-51.3);
  });

  test("an observation sets the value of its datastream and makes it believable again", () => {
    const picture = withSnapshot();
    const series = picture.things[1]?.datastreams[0];
    if (!series) throw new Error("the sample has a datastream");
    series.stale = true;
    series.why = "silent";
    const data = { datastream: 1, phenomenon_time: "2024-05-02T03:45:00Z", result: 2.5, stale: false };
    fold(picture, { kind: "observations", data: [data] });
    expect(series.latest).toEqual({ phenomenon_time: "2024-05-02T03:45:00Z", result: 2.5 });
    expect([series.stale, series.why]).toEqual([false, null]);
  });

  test("an observation that arrives late does not replace a newer one", () => {
    const picture = withSnapshot();
    const data = { datastream: 1, phenomenon_time: "2024-05-02T01:00:00Z", result: 9, stale: false };
    fold(picture, { kind: "observations", data: [data] });
    expect(picture.things[1]?.datastreams[0]?.latest?.result).toBe(2.41);
  });

  test("what a thing measures is found when the thing came later", () => {
    const picture = withSnapshot();
    const later = thing({ id: 8 });
    const [series] = later.datastreams;
    if (!series) throw new Error("the sample has a datastream");
    fold(picture, { kind: "things", data: [{ ...later, datastreams: [{ ...series, id: 80 }] }] });
    const data = { datastream: 80, phenomenon_time: "2024-05-02T03:45:00Z", result: 2.5, stale: false };
    fold(picture, { kind: "observations", data: [data, { ...data, datastream: 81 }] });
    expect(findDatastream(picture, 80)?.datastream.latest?.result).toBe(2.5);
    expect(findDatastream(picture, 81)).toBeUndefined();
  });

  test("an alert stands as it does after the step", () => {
    const picture = withSnapshot();
    const taken = alert({ id: "a1", state: "acknowledged", acknowledged_by: "water_desk" });
    fold(picture, {
      kind: "alert",
      data: { at: NOW, kind: "acknowledged", alert: taken, by: "water_desk", words: null },
    });
    expect(picture.alerts.get("a1")?.state).toBe("acknowledged");
  });

  test("alerts that closed more than a day ago leave with the clock", () => {
    const picture = withSnapshot();
    const closed = alert({ id: "old", state: "resolved", resolved: "2024-05-01T03:59:00Z" });
    const recent = alert({ id: "new", state: "resolved", resolved: "2024-05-01T05:00:00Z" });
    fold(picture, {
      kind: "alert",
      data: { at: NOW, kind: "resolved", alert: closed, by: null, words: null },
    });
    fold(picture, {
      kind: "alert",
      data: { at: NOW, kind: "resolved", alert: recent, by: null, words: null },
    });
    fold(picture, { kind: "clock", data: { now: NOW, speed: 60 } });
    expect([...picture.alerts.keys()].sort()).toEqual(["a1", "new"]);
    expect(picture.speed).toBe(60);
  });

  test("feeds, things and warnings are replaced one by one", () => {
    const picture = withSnapshot();
    fold(picture, { kind: "feed", data: feed({ id: "water", status: "silent" }) });
    fold(picture, { kind: "things", data: [thing({ id: 1, name: "renamed" })] });
    fold(picture, { kind: "warning", data: warning({ id: "w2" }) });
    expect(picture.feeds.water?.status).toBe("silent");
    expect(picture.feeds["bus-positions"]?.status).toBe("on_time");
    expect(picture.things[1]?.name).toBe("renamed");
    expect(Object.keys(picture.warnings)).toEqual(["w1", "w2"]);
  });
});
