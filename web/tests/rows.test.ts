import { describe, expect, test } from "vitest";
import { byUrgency, first, tallyOf, urgent } from "../src/alerts/order";
import { GROUPED_FROM, type Row, rowsOf } from "../src/alerts/rows";
import { windowOf } from "../src/alerts/window";
import { marks, quiet, rings } from "../src/alerts/words";
import type { Alert, Severity } from "../src/api/types";
import { alert } from "./samples";

const NOW = Date.parse("2024-05-02T03:20:00Z");
const of = (id: string, rule: string, some: Partial<Alert> = {}) =>
  alert({ id, key: { rule, subject: id, episode: "2024-05-02T03:00:00Z" }, ...some });
const many = (rule: string, size: number, some: Partial<Alert> = {}) =>
  Array.from({ length: size }, (_, n) => of(`${rule}-${n}`, rule, some));
const ids = (rows: Row[]) => rows.map((row) => row.id);
const NONE = new Set<string>();

describe("the lines of the list", () => {
  test("each Extreme stands by itself and first, whatever its rule rings besides", () => {
    const extremes = many("rain", 3, { severity: "extreme" });
    const rest = many("pump", 400, { severity: "severe" });
    const rows = rowsOf([...rest, ...extremes], NONE);
    expect(ids(rows).slice(0, 3)).toEqual(["rain-0", "rain-1", "rain-2"]);
    expect(rows).toHaveLength(4);
    expect(rows[3]).toMatchObject({ kind: "group", size: 400, severity: "severe" });
  });

  test("a rule with few alerts has no group, and groups stand by their most urgent", () => {
    const few = many("lake", GROUPED_FROM - 1, { severity: "minor" });
    const lot = many("pump", GROUPED_FROM, { severity: "moderate" });
    expect(ids(rowsOf([...few, ...lot], NONE))).toEqual([
      "rule:pump",
      "lake-0",
      "lake-1",
      "lake-2",
      "lake-3",
    ]);
  });

  test("a group that is opened shows every alert of it", () => {
    const rows = rowsOf(many("pump", 7), new Set(["rule:pump"]));
    expect(rows).toHaveLength(8);
  });

  test("what a cause hides is not beside it: under it when asked, and below what rings", () => {
    const parent = of("feeder", "power", { hides: 37 });
    const hidden = many("lamp", 37, { cause: "feeder", severity: "extreme" });
    const closed = rowsOf([...hidden, parent], NONE);
    expect(ids(closed)).toEqual(["feeder", "still", "hidden:feeder"]);
    const opened = rowsOf([...hidden, parent], new Set(["feeder"]));
    expect(opened.filter((row) => row.kind === "alert" && row.nested)).toHaveLength(37);
    expect(ids(opened).at(-1)).toBe("hidden:feeder");
  });

  test("nothing is lost: every alert is on a line or counted on one", () => {
    const all = [
      ...many("a", 9),
      ...many("b", 3, { silenced_by: "s1" }),
      ...many("c", 2, { snoozed_until: "2024-05-02T06:00:00Z" }),
      ...many("d", 4, { state: "resolved", resolved: "2024-05-02T03:10:00Z" }),
      ...many("e", 6, { severity: "extreme", state: "acknowledged" }),
    ];
    const rows = rowsOf(all, NONE);
    const counted = rows.reduce(
      (sum, row) => sum + (row.kind === "group" ? row.size : Number(row.kind === "alert")),
      0,
    );
    expect(counted).toBe(all.length);
    expect(tallyOf(all)).toEqual({ open: 9, taken: 6, quiet: 5, closed: 4 });
  });

  test("no line has the id of another", () => {
    const parent = of("feeder", "power", { hides: 5 });
    const all = [parent, ...many("lamp", 5, { cause: "feeder" }), ...many("pump", 8)];
    const opened = new Set(["feeder", "hidden:feeder", "rule:pump"]);
    const found = ids(rowsOf(all, opened));
    expect(new Set(found).size).toBe(found.length);
  });
});

describe("order", () => {
  const severities: Severity[] = ["minor", "extreme", "info", "severe", "moderate", "unknown"];
  const mixed = severities.flatMap((severity, n) => [
    of(`a${n}`, "r", { severity }),
    of(`b${n}`, "r", { severity, state: "acknowledged" }),
    of(`c${n}`, "r", { severity, snoozed_until: "2024-05-02T06:00:00Z" }),
    of(`d${n}`, "r", { severity, respond_by: "2024-05-02T03:05:00Z" }),
  ]);

  test("what is kept quiet stands below what rings, however bad it is", () => {
    const order = urgent(mixed);
    const firstQuiet = order.findIndex((one) => quiet(one) !== null);
    expect(order.slice(firstQuiet).every((one) => quiet(one) !== null)).toBe(true);
    expect(order.slice(0, 3).map((one) => one.id)).toEqual(["d1", "a1", "b1"]);
  });

  test("the first few are those of the whole order", () => {
    const whole = [...mixed].sort(byUrgency);
    for (const most of [1, 5, mixed.length, 99]) {
      expect(first(mixed, most, byUrgency)).toEqual(whole.slice(0, most));
    }
    expect(urgent(mixed)).toEqual(whole);
  });
});

describe("the lines that are drawn", () => {
  test("cover the screen wherever the list is scrolled to", () => {
    for (const above of [-300, 0, 53, 54, 5_400, 2_699_000]) {
      const { from, to } = windowOf(above, 768, 54, 50_000);
      expect(from * 54).toBeLessThanOrEqual(Math.max(0, above));
      expect(to * 54).toBeGreaterThanOrEqual(Math.min(50_000 * 54, above + 768));
      expect(to - from).toBeLessThan(60);
    }
  });

  test("are none beyond the end", () => {
    expect(windowOf(1_000_000, 768, 54, 3)).toEqual({ from: 3, to: 3 });
    expect(windowOf(0, 768, 54, 3)).toEqual({ from: 0, to: 3 });
  });
});

describe("what stands beside an alert", () => {
  const said = (some: Partial<Alert>) => marks(alert(some), NOW, "America/Sao_Paulo");

  test("says what it hides, what keeps it quiet, whom it was given to, and what came late", () => {
    expect(said({})).toEqual([]);
    expect(said({ hides: 37 })).toEqual(["hides 37"]);
    expect(said({ cause: "x" })).toEqual(["explained by another alert"]);
    expect(said({ snoozed_until: "2024-05-02T07:10:00Z", flapping: true })).toEqual([
      "snoozed until 04:10",
      "flapping",
    ]);
    expect(said({ assigned_to: "works_desk" })).toEqual(["given to works desk"]);
    expect(said({ assigned_to: "works_desk", acknowledged_by: "works_desk" })).toEqual([]);
    expect(said({ late: 1 })).toEqual(["1 reading came late"]);
  });

  test("only what nothing keeps quiet rings", () => {
    expect(rings(alert({}))).toBe(true);
    expect(rings(alert({ silenced_by: "s" }))).toBe(false);
    expect(rings(alert({ state: "acknowledged" }))).toBe(false);
    expect(quiet(alert({ state: "resolved", silenced_by: "s" }))).toBeNull();
  });
});
