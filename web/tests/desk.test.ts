import { describe, expect, test } from "vitest";
import { band, curve, frameOf, levelIn, x, y } from "../src/chart/frame";
import { newestBeat, onTime, unseen } from "../src/desk/blind";
import { handover, SHIFT_MS, tally, turns } from "../src/desk/since";
import { balances, reason, rejected } from "../src/feeds/words";
import { alert, feed, thing, warning } from "./samples";

const NOW = Date.parse("2024-05-02T04:00:00Z");
const HOUR = 3_600_000;

describe("am I blind", () => {
  test("silent feeds are named with how long, late ones after them", () => {
    const feeds = [
      feed({ id: "late", name: "Weather", status: "late" }),
      feed({ id: "water", name: "Lake", status: "silent", last_good: "2024-05-02T01:00:00Z" }),
      feed({ id: "fine" }),
    ];
    expect(unseen(feeds, [], NOW)).toEqual(["Lake silent 3 h", "Weather late"]);
    expect(onTime(feeds)).toBe(1);
    expect(newestBeat(feeds)).toBe(Date.parse("2024-05-02T03:58:00Z"));
  });

  test("a stale series is named unless its feed is", () => {
    const old = thing({});
    const series = old.datastreams[0];
    if (!series) throw new Error("the sample has a datastream");
    series.stale = true;
    series.latest = { phenomenon_time: "2024-05-02T01:00:00Z", result: 2 };
    expect(unseen([feed({})], [old], NOW)).toEqual(["Cais Mauá gauge 3 h old"]);
    expect(unseen([feed({ status: "silent", name: "Lake", last_good: null })], [old], NOW)).toEqual([
      "Lake silent from the start",
    ]);
  });
});

describe("worse since", () => {
  test("a mark counts unless it lies ahead or a day back: a replay may have been started anew", () => {
    expect(handover("2024-05-02T01:00:00Z", NOW)).toEqual({ at: NOW - 3 * HOUR, marked: true });
    expect(handover("2024-05-09T01:00:00Z", NOW)).toEqual({ at: NOW - SHIFT_MS, marked: false });
    expect(handover("2024-04-30T01:00:00Z", NOW).marked).toBe(false);
    expect(handover("rubbish", NOW).marked).toBe(false);
    expect(handover(null, NOW).marked).toBe(false);
  });

  test("what got worse comes before what closed, newest first", () => {
    const since = NOW - 2 * HOUR;
    const alerts = [
      alert({ id: "closed", state: "resolved", resolved: "2024-05-02T03:59:00Z" }),
      alert({ id: "new" }),
      alert({ id: "old", opened: "2024-05-01T00:00:00Z" }),
    ];
    const warnings = [
      warning({ id: "w", sent: "2024-05-02T03:30:00Z" }),
      warning({ id: "over", in_force: false }),
    ];
    expect(turns(alerts, warnings, since).map((turn) => turn.id)).toEqual(["w", "new", "closed"]);
    expect(tally(alerts, warnings, since)).toBe("2 new, 1 closed, 1 warning");
  });
});

describe("the chart", () => {
  const box = { width: 120, height: 100 };
  const frame = { from: 0, to: 12 * HOUR, low: 0, high: 4 };

  test("time runs right, level runs up", () => {
    expect([x(0, frame, box), x(6 * HOUR, frame, box)]).toEqual([0, 60]);
    expect([y(0, frame, box), y(4, frame, box)]).toEqual([100, 0]);
  });

  test("the level that matters is always in the frame", () => {
    const measured: [number, number, number, number][] = [[NOW, 1.1, 1.1, 1.1]];
    const far = frameOf(measured, [], 3, NOW, { back: 6, ahead: 6 });
    expect(far.low).toBeLessThan(1.1);
    expect(far.high).toBeGreaterThan(3);
    expect([far.from, far.to]).toEqual([NOW - 6 * HOUR, NOW + 6 * HOUR]);
  });

  test("points outside are not drawn, and no points are no path", () => {
    expect(curve([[-1, 2]], frame, box)).toBe("");
    expect(
      curve(
        [
          [0, 0],
          [12 * HOUR, 4],
        ],
        frame,
        box,
      ),
    ).toBe("M0.0 100.0L120.0 0.0");
    expect(band([[0, 1, 0, 2]], frame, box)).toBe("");
    expect(
      band(
        [
          [0, 1, 0, 2],
          [6 * HOUR, 1, 0, 2],
        ],
        frame,
        box,
      ),
    ).toBe("M0.0 50.0L60.0 50.0L60.0 100.0L0.0 100.0Z");
  });

  test("a rule's sentence names its level", () => {
    expect(levelIn("When the lake will pass 3.0 m within 18 h, act within 30 min.", "m")).toBe(3);
    expect(levelIn("When no bus comes for 20 min.", "m")).toBeNull();
    expect(levelIn("Gusts of 25 m/s or more.", "m")).toBeNull();
  });
});

describe("the account of a feed", () => {
  test("adds up, or the screen says that it does not", () => {
    expect(balances(feed({}))).toBe(true);
    const short = { received: 10, stored: 8, duplicate: 1, rejected: {}, fields_dropped: 0 };
    expect(balances(feed({ tally: short }))).toBe(false);
    expect(rejected(feed({}))).toBe(1);
  });

  test("every reason has words, an unknown one its own", () => {
    expect(reason("bad_time")).toBe("a time without a zone, or impossible");
    expect(reason("brand_new")).toBe("brand new");
  });
});
