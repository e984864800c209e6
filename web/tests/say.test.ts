import { describe, expect, test } from "vitest";
import { bearingDeg, compass, distanceM, whereFrom } from "../src/say/distance";
import { arrow, count, figure, percent, trend, words } from "../src/say/figure";
import { glued } from "../src/say/glued";
import { age, left, length, oldness, span } from "../src/say/span";
import { clock, date, hourMinute, when } from "../src/say/time";

const ZONE = "America/Sao_Paulo";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("times are the city's", () => {
  test("three hours behind UTC, 24 hours, midnight is 00", () => {
    expect(clock("2024-05-02T04:12:40Z", ZONE)).toBe("01:12:40");
    expect(hourMinute("2024-05-02T03:00:00Z", ZONE)).toBe("00:00");
    expect(clock("2024-05-02T04:12:40Z", "UTC")).toBe("04:12:40");
  });

  test("the date is the one of the city's day", () => {
    expect(date("2024-05-02T02:59:59Z", ZONE)).toBe("1 May 2024");
    expect(date("2024-05-02T03:00:00Z", ZONE)).toBe("2 May 2024");
  });

  test("another day is named", () => {
    const now = Date.parse("2024-05-02T04:00:00Z");
    expect(when("2024-05-02T03:41:00Z", now, ZONE)).toBe("00:41");
    expect(when("2024-05-02T02:50:00Z", now, ZONE)).toBe("1 May 23:50");
  });
});

describe("lengths of time are told in one unit", () => {
  test.each([
    [0, "0 s"],
    [-5_000, "0 s"],
    [89_000, "89 s"],
    [90_000, "1 min"],
    [89 * MINUTE, "89 min"],
    [90 * MINUTE, "90 min"],
    [47 * HOUR, "47 h"],
    [48 * HOUR, "2 days"],
  ])("%d ms is %s", (ms, said) => {
    expect(span(ms)).toBe(said);
  });

  test("what is of this minute has no age to show", () => {
    expect(age(59_999)).toBe("now");
    expect(age(61_000)).toBe("61 s ago");
    expect(oldness(30_000)).toBe("");
    expect(oldness(3 * HOUR)).toBe("3 h old");
  });

  test("time left turns into time over", () => {
    expect(left(11 * HOUR, 0)).toBe("11 h left");
    expect(left(0, 0)).toBe("0 s left");
    expect(left(0, 8 * MINUTE)).toBe("8 min over");
  });

  test("retentions are told in years where they are", () => {
    expect(length(3650 * 86_400)).toBe("10 years");
    expect(length(7 * 86_400)).toBe("7 days");
    expect(length(180)).toBe("3 min");
  });
});

describe("figures", () => {
  test("have the decimals and the sign of their unit", () => {
    expect(figure(2.4, "m")).toBe("2.40 m");
    expect(figure(18.44, "Cel")).toBe("18.4 °C");
    expect(figure(140, "deg")).toBe("140°");
    expect(figure(1002.9, "hPa")).toBe("1003 hPa");
  });

  test("a change below the last digit is steady", () => {
    expect(trend(0.05, "m")).toBe("rising 5 cm an hour");
    expect(trend(-0.4, "Cel")).toBe("falling 0.4 °C an hour");
    expect(trend(0.004, "m")).toBe("steady");
    expect(trend(null, "m")).toBe("");
    expect([arrow(0.05, "m"), arrow(-0.05, "m"), arrow(0.001, "m"), arrow(null, "m")]).toEqual([
      "↑",
      "↓",
      "→",
      "",
    ]);
  });

  test("shares never round a few down to none", () => {
    expect([percent(0), percent(0.00004), percent(0.0312)]).toEqual(["0 %", "below 0.1 %", "3.1 %"]);
    expect(count(48213)).toBe("48,213");
    expect(words("duty_officer")).toBe("Duty officer");
  });
});

test("a number stays with its unit", () => {
  expect(glued("will pass 3.0 m about 14:00 on 2 May")).toBe("will pass 3.0\u00a0m about 14:00 on 2 May");
  expect(glued("rain 70 mm in 24 h")).toBe("rain 70\u00a0mm in 24\u00a0h");
  expect(glued("2 monkeys")).toBe("2 monkeys");
});

describe("distance and bearing", () => {
  const centre = { longitude: -51.218, latitude: -30.036 };
  test("one degree of latitude is 111 km south", () => {
    const south = { longitude: -51.218, latitude: -31.036 };
    expect(distanceM(centre, south)).toBeCloseTo(111_195, -1);
    expect(bearingDeg(centre, south)).toBeCloseTo(180);
  });

  test("are told as a duty officer would", () => {
    expect(whereFrom(centre, { longitude: -51.2316, latitude: -30.027 })).toBe("1.6 km NW");
    expect(whereFrom(centre, centre)).toBe("here");
    expect([compass(0), compass(359), compass(225)]).toEqual(["N", "N", "SW"]);
  });
});
