import { describe, expect, test } from "vitest";
import { actNow, byUrgency, SEVERITIES, severityRank } from "../src/alerts/order";
import { runs } from "../src/alerts/runs";
import { SIGNS } from "../src/alerts/shapes";
import { holder, lasting, overdue, remaining, sentence } from "../src/alerts/words";
import { lead, steps } from "../src/public/headline";
import { alert, warning } from "./samples";

const NOW = Date.parse("2024-05-02T03:20:00Z");

describe("what to act on first", () => {
  test("worst first, then what nobody has, then what has least time left", () => {
    const sorted = [
      alert({ id: "minor", severity: "minor" }),
      alert({ id: "taken", severity: "severe", state: "acknowledged" }),
      alert({ id: "later", severity: "severe", respond_by: "2024-05-02T09:00:00Z" }),
      alert({ id: "soon", severity: "severe" }),
      alert({ id: "extreme", severity: "extreme" }),
    ].sort(byUrgency);
    expect(sorted.map((one) => one.id)).toEqual(["extreme", "soon", "later", "taken", "minor"]);
  });

  test("a closed alert is nothing to act on", () => {
    expect(actNow([alert({ state: "resolved" })])).toEqual([]);
  });

  test("unknown sorts lowest", () => {
    expect(severityRank("unknown")).toBeLessThan(severityRank("info"));
  });
});

describe("signs", () => {
  test("each severity has its own letter, shape and colour", () => {
    const of = (pick: (sign: (typeof SIGNS)[keyof typeof SIGNS]) => string) =>
      SEVERITIES.map((s) => pick(SIGNS[s]));
    expect(new Set(of((sign) => sign.letter)).size).toBe(SEVERITIES.length);
    expect(new Set(of((sign) => sign.fill)).size).toBe(SEVERITIES.length);
    // Minor and unknown share the square; unknown is hatched.
    expect(new Set(of((sign) => sign.outline)).size).toBe(SEVERITIES.length - 1);
  });

  test("the colours are those of the ramp that survives colour-blindness", () => {
    expect([
      SIGNS.extreme.fill,
      SIGNS.severe.fill,
      SIGNS.moderate.fill,
      SIGNS.minor.fill,
      SIGNS.info.fill,
    ]).toEqual(["#4A0A3C", "#B3261E", "#E07B00", "#F2D13C", "#5B7FA6"]);
  });
});

describe("an alert in words", () => {
  test("says what is left, and when it is over", () => {
    expect(remaining(alert({}), NOW)).toBe("10 min left");
    expect(remaining(alert({}), NOW + 20 * 60_000)).toBe("10 min over");
    expect(remaining(alert({ state: "acknowledged", acknowledged_by: "water_desk" }), NOW)).toBe(
      "Water desk",
    );
    expect(remaining(alert({ state: "resolved" }), NOW)).toBe("closed");
    expect(overdue(alert({}), NOW + 20 * 60_000)).toBe(true);
    expect(overdue(alert({ state: "acknowledged" }), NOW + 20 * 60_000)).toBe(false);
  });

  test("says who has it and how long it has lasted", () => {
    expect(holder(alert({}))).toBe("Nobody has it.");
    expect(holder(alert({ acknowledged_by: "water_desk" }))).toBe("Water desk has it.");
    expect(lasting(alert({}), NOW, "America/Sao_Paulo")).toBe("since 00:00");
    const closed = alert({ state: "resolved", resolved: "2024-05-02T05:00:00Z" });
    expect(lasting(closed, NOW, "America/Sao_Paulo")).toBe("lasted 2 h");
  });

  test("ends as a sentence", () => {
    expect([sentence("close the gates"), sentence("Rising."), sentence("start “Gates”")]).toEqual([
      "close the gates.",
      "Rising.",
      "start “Gates”.",
    ]);
  });
});

describe("what the public page leads with", () => {
  test("the worst alert that concerns the city", () => {
    const story = lead([alert({ id: "minor", severity: "minor" }), alert({ id: "severe" })], []);
    expect(story.kind === "alert" && story.alert.id).toBe("severe");
  });

  test("not a silent feed, nor what is over", () => {
    const silent = alert({ key: { rule: "silent", subject: "feed:water", episode: "2024-05-02T03:00:00Z" } });
    expect(lead([silent, alert({ state: "resolved" })], []).kind).toBe("calm");
  });

  test("a warning that is worse, or the only one, if it touches the city", () => {
    expect(lead([alert({ severity: "minor" })], [warning({ severity: "extreme" })]).kind).toBe("warning");
    expect(lead([], [warning({ touches: [] })]).kind).toBe("calm");
    expect(lead([], [warning({ in_force: false })]).kind).toBe("calm");
  });

  test("an instruction becomes steps", () => {
    expect(steps("Stay away from the quay. Call 199.", 3)).toEqual(["Stay away from the quay.", "Call 199."]);
    expect(steps("One. Two. Three. Four.", 3)).toHaveLength(3);
  });
});

describe("the history of an alert", () => {
  const step = (kind: "opened" | "updated" | "acknowledged") => ({
    at: "2024-05-02T03:00:00Z",
    kind,
    alert: alert({}),
    by: null,
    words: null,
  });
  const shape = (kinds: ("opened" | "updated" | "acknowledged")[]) =>
    runs(kinds.map(step)).map((run) => run.changes.length);

  test("folds long runs of changed figures, and nothing else", () => {
    expect(shape(["opened", "updated", "updated", "updated", "acknowledged", "updated"])).toEqual([
      1, 3, 1, 1,
    ]);
    expect(shape(["opened", "updated", "updated"])).toEqual([1, 1, 1]);
    expect(shape([])).toEqual([]);
  });
});
