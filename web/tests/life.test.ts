import { describe, expect, test, vi } from "vitest";
import { ANY, isSearch, searchOf } from "../src/alerts/search-words";
import { happened, said } from "../src/alerts/steps";
import type { AlertChange, AlertChangeKind, LiveEvent } from "../src/api/types";
import { chainWords, repeatWords, scopeWords, silenceField, standing, stepWords } from "../src/calls/words";
import { announcement } from "../src/city/announce";
import { atMostEvery } from "../src/city/frames";
import { fault, nameOf, offsetOf } from "../src/rules/fault";
import { thinned } from "../src/rules/thinned";
import { instantOf, wallOf } from "../src/say/wall";
import { fieldOf } from "../src/shell/refused";
import { alert } from "./samples";

const ZONE = "America/Sao_Paulo";
const NOW = Date.parse("2024-05-02T03:20:00Z");

const change = (kind: AlertChangeKind, some: Partial<AlertChange> = {}): AlertChange => ({
  at: "2024-05-02T03:00:00Z",
  kind,
  alert: alert({}),
  by: null,
  words: null,
  ...some,
});

describe("the history says who did what, and what was said", () => {
  test("a role, a receiver, a time", () => {
    expect(happened(change("commented", { by: "water_desk" }), NOW, ZONE)).toBe("Comment by water desk");
    const given = change("assigned", { by: "water_desk", alert: alert({ assigned_to: "works_desk" }) });
    expect(happened(given, NOW, ZONE)).toBe("Given to works desk by water desk");
    const put = change("snoozed", { alert: alert({ snoozed_until: "2024-05-02T07:00:00Z" }) });
    expect(happened(put, NOW, ZONE)).toBe("Put off until 04:00");
    expect(happened(change("acknowledged", { by: "water_desk" }), NOW, ZONE)).toBe("Taken by water desk");
    expect(happened(change("silenced"), NOW, ZONE)).toBe("Kept quiet by a silence");
  });

  test("the words of a role, not those of the alert", () => {
    expect(said(change("commented", { words: "pump runs" }))).toBe("pump runs");
    expect(said(change("acknowledged", { alert: alert({ note: "on it" }) }))).toBe("on it");
    expect(said(change("regrouped", { alert: alert({ hides: 37 }) }))).toBe("Hides 37 now.");
    const given = alert({ assigned_to: "works_desk" });
    expect(said(change("assigned", { words: "works_desk", alert: given }))).toBe("");
    expect(said(change("assigned", { words: "works_desk: gates", alert: given }))).toBe("gates");
    expect(said(change("escalated", { words: "duty_officer" }))).toBe("To duty officer.");
    expect(said(change("opened"))).toContain("2.41");
  });
});

describe("what a screen reader is told of one frame", () => {
  const event = (data: AlertChange): LiveEvent => ({ kind: "alert", data });

  test("the worst that rings by name, and how many more", () => {
    const opened = ["minor", "extreme", "severe"].map((severity) =>
      event(change("opened", { alert: alert({ severity: severity as "minor", title: severity }) })),
    );
    const { loud } = announcement(opened);
    expect(loud).toMatch(/^Act now, extreme: extreme\./);
    expect(loud).toMatch(/And 2 more\.$/);
  });

  test("nothing of what is kept quiet, nor of figures that change", () => {
    const hidden = change("opened", { alert: alert({ cause: "feeder" }) });
    expect(announcement([event(hidden), event(change("updated"))])).toEqual({ loud: "", quiet: "" });
  });
});

describe("at most every so often", () => {
  test("runs at once, then not before the pause is over, and never forgets", () => {
    vi.useFakeTimers();
    const run = vi.fn();
    const tell = atMostEvery(() => 1_000, run);
    tell();
    tell();
    tell();
    expect(run).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1_000);
    expect(run).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(5_000);
    expect(run).toHaveBeenCalledTimes(2);
    vi.useRealTimers();
  });
});

describe("the city's clocks", () => {
  test("there and back", () => {
    for (const zone of [ZONE, "Europe/Zurich", "Asia/Kathmandu", "UTC"]) {
      for (let at = Date.parse("2024-03-29T00:00Z"); at < Date.parse("2024-04-02T00:00Z"); at += 1_800_000) {
        expect(instantOf(wallOf(at, zone), zone)).toBe(at);
      }
    }
  });

  test("an hour that comes twice is the first, one that is skipped begins after", () => {
    expect(instantOf("2024-10-27T02:30", "Europe/Zurich")).toBe(Date.parse("2024-10-27T00:30Z"));
    expect(instantOf("2024-03-31T02:30", "Europe/Zurich")).toBe(Date.parse("2024-03-31T01:30Z"));
    expect(instantOf("soon", ZONE)).toBeNull();
    expect(instantOf("", ZONE)).toBeNull();
  });
});

describe("a search", () => {
  test("days are the city's, and the last one counts whole", () => {
    const asked = searchOf({ ...ANY, from: "2024-05-01", to: "2024-05-01", text: " rain " }, ZONE);
    expect(asked).toMatchObject({
      state: "all",
      text: "rain",
      from: "2024-05-01T03:00:00.000Z",
      to: "2024-05-02T03:00:00.000Z",
    });
    expect([isSearch(ANY), isSearch({ ...ANY, severity: "severe" })]).toEqual([false, true]);
  });
});

describe("a refusal", () => {
  test("stands at the field that it names, else at the first", () => {
    expect(fieldOf("role: expected one of this city's roles", ["text", "role"])).toEqual({
      field: "role",
      words: "Expected one of this city's roles",
    });
    expect(fieldOf("The server cannot be reached.", ["text", "role"]).field).toBe("text");
    const of = (detail: string) => silenceField(detail).field;
    expect(of("silence: it should end after it begins, and after now")).toBe("until");
    expect(of("silence: it should say why")).toBe("reason");
    expect(of("silence: it should name rules, subjects or feeds; all at once is no silence")).toBe("scope");
    expect(of("silence: its windows should begin on a day of the week")).toBe("repeat");
    expect(of("text: holds what looks like a telephone number")).toBe("reason");
  });

  test("of a rule leads to its line", () => {
    expect(fault("draft.toml:3:5: it should be a number", "draft")).toMatchObject({ line: 3, column: 5 });
    expect(fault("draft.test.toml:3:5: it did not ring", "draft").line).toBeNull();
    expect(fault("another backtest is under way", "draft").line).toBeNull();
    expect(offsetOf("ab\ncd\nef", 2, 2)).toBe(4);
    expect(offsetOf("ab", 9, 1)).toBe(2);
    expect([nameOf("Lake above 3 m"), nameOf("Guaíba!"), nameOf("")]).toEqual([
      "lake-above-3-m",
      "guaiba",
      "draft",
    ]);
  });
});

describe("calls in words", () => {
  const scope = {
    rules: ["heavy-rain"],
    subjects: [],
    feeds: ["a", "b"],
    severity_at_most: "moderate" as const,
  };

  test("windows, scopes, chains", () => {
    expect(repeatWords({ weekdays: 0b0001010, begins_min: 1_320, lasts_min: 240 })).toBe(
      "Tuesdays and Thursdays from 22:00 for 4 h",
    );
    expect(repeatWords({ weekdays: 127, begins_min: 5, lasts_min: 90 })).toBe(
      "every day from 00:05 for 90 min",
    );
    expect(scopeWords(scope)).toBe("rule heavy-rain, feeds a or b, moderate at most");
    expect(stepWords({ after_s: 0, roles: [] })).toBe("at once its owner");
    expect(stepWords({ after_s: 600, roles: ["duty_officer"] })).toBe("after 10 min duty officer");
    expect(chainWords({ owners: ["water_desk"], at_least: "severe", steps: [], remind_every_s: null })).toBe(
      "Severe and worse of water desk",
    );
  });

  test("a silence stands where its times say", () => {
    const silence = {
      id: "s",
      reason: "works",
      scope,
      from: "2024-05-02T03:00:00Z",
      until: "2024-05-02T05:00:00Z",
      repeat: null,
      owner: "works_desk",
      quiet_until: null,
      ended: null,
      would_have_rung: 0,
      missed: [],
    };
    const at = (time: string, some = {}) => standing({ ...silence, ...some }, Date.parse(time));
    expect(at("2024-05-02T02:00:00Z")).toBe("to come");
    expect(at("2024-05-02T04:00:00Z")).toBe("in force");
    expect(at("2024-05-02T05:00:00Z")).toBe("ended");
    expect(at("2024-05-02T04:00:00Z", { ended: "2024-05-02T03:30:00Z" })).toBe("ended");
  });
});

describe("the plot of a trial", () => {
  test("keeps the lowest and the highest however long the past is", () => {
    const hours = Array.from({ length: 9_600 }, (_, n): [number, number, number] => [
      n,
      n === 77 ? -5 : 0,
      n === 8_000 ? 9 : 1,
    ]);
    const thin = thinned(hours, 1_000);
    expect(thin.length).toBeLessThanOrEqual(1_000);
    expect(Math.min(...thin.map((one) => one[1]))).toBe(-5);
    expect(Math.max(...thin.map((one) => one[2]))).toBe(9);
    expect(thinned(hours.slice(0, 10), 1_000)).toEqual(hours.slice(0, 10));
  });
});
