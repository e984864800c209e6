import { describe, expect, test } from "vitest";
import type { Position } from "../src/api/health";
import { barsOf, hoursOf, rate, topOf } from "../src/health/hours";
import { pageOf, rulePath } from "../src/shell/pages";

const HOUR = 3_600_000;
const FROM = Date.parse("2024-05-01T03:30:00Z");
const NONE = { value: 0, bar: 0, right: true };

const position = (role: string, by_hour: [number, number][]): Position => ({
  role,
  opened: by_hour.reduce((sum, [, count]) => sum + count, 0),
  hourly: NONE,
  hourly_max: { ...NONE, bar: 12 },
  by_hour,
  floods: 0,
  flood_share: NONE,
  chattering: NONE,
  stale: NONE,
  never_acted_on: 0,
  resolved: 0,
  mix: [0, 0, 0],
  mix_bar: [0.8, 0.15, 0.05],
});

describe("alerts an hour", () => {
  const first = Date.parse("2024-05-01T03:00:00Z");
  const water = position("water_desk", [
    [first, 3],
    [first + 5 * HOUR, 13],
  ]);
  const works = position("works_desk", [
    [first + 2 * HOUR, 1],
    [first + 5 * HOUR, 2],
  ]);

  test("of several positions are added hour by hour, in order", () => {
    expect(hoursOf([works, water])).toEqual([
      { at: first, count: 3 },
      { at: first + 2 * HOUR, count: 1 },
      { at: first + 5 * HOUR, count: 15 },
    ]);
    expect(hoursOf([])).toEqual([]);
  });

  test("stand at their time, as high as they are many, and say when they are above the bar", () => {
    const bars = barsOf(hoursOf([water]), FROM, FROM + 10 * HOUR, 12);
    // The first hour began half an hour before the span: only its second half is drawn.
    expect(bars[0]).toEqual({ left: 0, width: 0.05, height: 3 / (13 * 1.1), above: false });
    expect(bars[1]?.left).toBeCloseTo(0.45);
    expect(bars[1]?.width).toBeCloseTo(0.1);
    expect(bars[1]?.above).toBe(true);
    expect(barsOf(hoursOf([water]), first - 9 * HOUR, first, 12)).toEqual([]);
  });

  test("are drawn below the bar when there are few: the plot reaches to it", () => {
    expect(topOf([{ at: first, count: 2 }], 12)).toBeCloseTo(13.2);
    expect(topOf([], 12)).toBeCloseTo(13.2);
  });
});

test("a rate is never rounded to none", () => {
  expect([0, 0.006, 0.97, 7.24, 21.4].map(rate)).toEqual(["0", "0.01", "1.0", "7.2", "21"]);
});

test("a rule has a page of its own, but for the names of pages", () => {
  expect(pageOf("/rules/lake-above-2-5m")).toEqual({ name: "rule", rule: "lake-above-2-5m" });
  expect(pageOf(rulePath("lake_3.m"))).toEqual({ name: "rule", rule: "lake_3.m" });
  expect(pageOf("/rules/try")).toEqual({ name: "try" });
  expect(pageOf("/rules/a/b").name).toBe("missing");
  expect(pageOf("/alarm-health")).toEqual({ name: "alarm-health" });
});
