import { describe, expect, test } from "vitest";
import { markFeatures, selectedFeatures, vehicleFeatures, zoneFeatures } from "../src/map/features";
import { mapItems, type Sources, warnedPlaces } from "../src/map/items";
import { styleFor } from "../src/map/style";
import { blocks } from "../src/public/markdown";
import { pageOf } from "../src/shell/pages";
import { alert, feed, thing, vehicle, warning } from "./samples";

const NOW = Date.parse("2024-05-02T04:00:00Z");
const place = (id: string, kind: string) => ({
  id,
  name: id,
  kind,
  position: { longitude: -51.22, latitude: -30.03 },
  outline: [
    { longitude: -51.3, latitude: -30.1 },
    { longitude: -51.1, latitude: -30.1 },
    { longitude: -51.1, latitude: -30 },
    { longitude: -51.3, latitude: -30.1 },
  ],
  geocodes: [],
});

function sources(some: Partial<Sources>): Sources {
  return {
    feeds: { "bus-positions": feed({ id: "bus-positions", name: "Bus positions", beat_s: 180 }) },
    things: [thing({})],
    vehicles: [vehicle({})],
    warnings: [],
    alerts: [],
    places: [place("porto-alegre", "city"), place("quay", "district")],
    now: NOW,
    ...some,
  };
}

const byId = (some: Partial<Sources>, id: string) => mapItems(sources(some)).find((item) => item.id === id);

describe("everything on the map is in the list", () => {
  test("each symbol has a line", () => {
    const items = mapItems(
      sources({ warnings: [warning({ touches: ["quay"] })], alerts: [alert({ datastream: null })] }),
    );
    const symbols = [...vehicleFeatures(items).features, ...markFeatures(items, 0).features];
    const listed = new Set(items.map((item) => item.symbol));
    expect(symbols.length).toBeGreaterThan(0);
    for (const symbol of symbols) expect(listed).toContain(symbol.properties?.symbol);
  });

  test("a station says its level and which way it goes", () => {
    expect(byId({}, "datastream:1")?.label).toBe("Cais Mauá gauge 2.41 m ↑");
  });

  test("an alert on a series stands on its station, with its sign", () => {
    const items = mapItems(sources({ alerts: [alert({})] }));
    expect(items.find((item) => item.kind === "alert")?.symbol).toBe("thing:1");
    const marks = markFeatures(items, 0).features;
    expect(marks.map((mark) => mark.properties?.icon)).toEqual(["severity-severe"]);
  });

  test("a warning for the whole city stands on no spot, one for a district does", () => {
    expect(byId({ warnings: [warning({})] }, "warning:w1")?.onMap).toBe(false);
    expect(byId({ warnings: [warning({ touches: ["quay"] })] }, "warning:w1")?.onMap).toBe(true);
    expect(byId({ warnings: [warning({ in_force: false })] }, "warning:w1")).toBeUndefined();
  });
});

describe("what cannot be believed is hatched and says why", () => {
  test("a stale series", () => {
    const old = thing({});
    const series = old.datastreams[0];
    if (!series) throw new Error("the sample has a datastream");
    series.stale = true;
    series.why = "No reading for 3 h.";
    const items = mapItems(sources({ things: [old] }));
    expect(items.find((item) => item.kind === "station")?.stale).toBe("No reading for 3 h.");
    expect(markFeatures(items, 0).features[0]?.properties?.icon).toBe("severity-unknown");
  });

  test("a vehicle of a silent feed, or one that has not moved for a beat", () => {
    const silent = {
      "bus-positions": feed({ id: "bus-positions", name: "Bus positions", status: "silent" as const }),
    };
    expect(byId({ feeds: silent }, "vehicle:20240502/T1-2@1#1202")?.stale).toBe(
      "Bus positions has been silent.",
    );
    const old = vehicle({ time: "2024-05-02T03:55:00Z" });
    expect(byId({ vehicles: [old] }, "vehicle:20240502/T1-2@1#1202")?.stale).toBe("No position for 5 min.");
    expect(byId({}, "vehicle:20240502/T1-2@1#1202")?.stale).toBeNull();
  });

  test("a simulated vehicle says so", () => {
    expect(byId({}, "vehicle:20240502/T1-2@1#1202")?.value).toBe("on time, simulated");
  });

  test("a vehicle without a direction is a dot", () => {
    const items = mapItems(sources({ vehicles: [vehicle({ bearing_deg: null })] }));
    expect(vehicleFeatures(items).features[0]?.properties?.icon).toBe("dot");
  });
});

describe("map data", () => {
  test("warned places are outlined once, the whole city never", () => {
    const places = sources({}).places;
    const touches = ["quay", "porto-alegre"];
    const warned = warnedPlaces([warning({ id: "a", touches }), warning({ id: "b", touches })], places);
    expect(zoneFeatures(warned).features.map((zone) => zone.properties?.place)).toEqual(["quay"]);
  });

  test("the selection is one ring, and none without a position", () => {
    const items = mapItems(sources({ alerts: [alert({ id: "x", datastream: null })] }));
    expect(selectedFeatures(items, "thing:1").features).toHaveLength(1);
    expect(selectedFeatures(items, "alert:x").features).toHaveLength(0);
    expect(selectedFeatures(items, null).features).toHaveLength(0);
  });

  test("the style names no address but ours", () => {
    for (const theme of ["night", "paper"] as const) {
      const text = JSON.stringify(styleFor(theme, "http://here"));
      expect(text.match(/https?:\/\/[^/"]+/g)).toEqual(["http://here"]);
      expect(text).not.toContain("glyphs");
    }
  });
});

describe("addresses", () => {
  test("pages, an alert, and what does not exist", () => {
    expect(pageOf("/").name).toBe("desk");
    expect(pageOf("/feeds/").name).toBe("feeds");
    expect(pageOf("/alerts/lake~datastream_1~1714")).toEqual({ name: "alert", id: "lake~datastream_1~1714" });
    expect(pageOf("/alerts/%E0%A4%A").name).toBe("missing");
    expect(pageOf("/nowhere").name).toBe("missing");
  });
});

describe("the charter's text", () => {
  test("headings, numbered clauses with their tests, paragraphs", () => {
    const text =
      "# Charter\nFor all.\n\n1. **It holds none.** See [lock](x).\n   *Test:* `tidy`\n2. Two\n\nLast.";
    expect(blocks(text)).toEqual([
      { kind: "heading", level: 1, text: "Charter" },
      { kind: "paragraph", text: "For all." },
      { kind: "list", numbered: true, items: [["It holds none. See lock.", "Test: tidy"], ["Two"]] },
      { kind: "paragraph", text: "Last." },
    ]);
  });
});
