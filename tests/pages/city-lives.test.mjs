// The city on the screen moves: vehicles, the clock, feeds, and what happens when the connection goes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, mapIsDrawn, openBrowser, until, visit } from "./browser.mjs";

/** A simulated bus is polled every 30 s of the city's time. */
const MOVES_MS = 90_000;
const FEEDS_MS = 120_000;
const LIVE_FEEDS = [
  "water",
  "civil-defence",
  "bus-positions",
  "rail-positions",
  "bus-updates",
  "rail-updates",
];

let b;
before(async () => {
  b = await openBrowser();
});
after(async () => {
  await b?.browser.close();
});

/** Where the list twin says that each vehicle is. */
function whereabouts(page) {
  return page.evaluate(() => {
    const lines = [...document.querySelectorAll(".twin tbody tr")];
    const vehicles = lines.filter((line) => line.cells[0].textContent.trim() === "vehicle");
    return Object.fromEntries(vehicles.map((line) => [line.dataset.symbol, line.cells[4].textContent]));
  });
}

test("vehicles move, on the API and on the screen", { timeout: 240_000 }, async () => {
  const { page } = b;
  await until("a vehicle is in service", MOVES_MS, async () => (await ask("/api/state")).vehicles.length > 0);
  const positions = (state) => new Map(state.vehicles.map((v) => [v.trip, `${v.longitude} ${v.latitude}`]));
  const first = positions(await ask("/api/state"));
  await visit(page, "/map");
  await until(
    "the list names a vehicle",
    MOVES_MS,
    async () => Object.keys(await whereabouts(page)).length > 0,
  );
  const seen = await whereabouts(page);

  await until("a vehicle moves", MOVES_MS, async () => {
    const now = positions(await ask("/api/state"));
    return [...now].some(([trip, at]) => first.has(trip) && first.get(trip) !== at);
  });
  await until("the list shows it", MOVES_MS, async () => {
    const now = await whereabouts(page);
    return Object.entries(now).some(([trip, where]) => trip in seen && seen[trip] !== where);
  });
  await mapIsDrawn(page);
  assert.match(
    await page.locator(".map-credit").textContent(),
    /simulated from the timetable.*OpenStreetMap/s,
  );
  assert.deepEqual(b.faults, []);
});

test("feeds are on time, and the console's account adds up", { timeout: 240_000 }, async () => {
  const { page } = b;
  await until("the live feeds are on time", FEEDS_MS, async () => {
    const { items } = await ask("/api/feeds");
    const status = Object.fromEntries(items.map((feed) => [feed.id, feed.status]));
    return LIVE_FEEDS.every((id) => status[id] === "on_time");
  });
  await visit(page, "/feeds");
  for (const id of LIVE_FEEDS) await page.waitForSelector(`[data-feed="${id}"][data-status="on_time"]`);
  for (const button of await page.locator(".feed-name").all()) await button.press("Enter");
  const text = await page.locator("table.feeds").textContent();
  assert.doesNotMatch(text, /does not add up/);
  assert.match(text, /Licence/);
  const { items } = await ask("/api/feeds");
  for (const feed of items) {
    const refused = Object.values(feed.tally.rejected).reduce((a, c) => a + c, 0);
    assert.equal(feed.tally.received, feed.tally.stored + feed.tally.duplicate + refused, feed.id);
  }
});

test("the night desk needs no scrolling at 1366 by 768, and its clock runs", {
  timeout: 120_000,
}, async () => {
  const { page } = b;
  await visit(page, "/");
  const size = await page.evaluate(() => {
    const left = document.querySelector(".desk-left");
    return [document.documentElement.scrollHeight, innerHeight, left.scrollHeight, left.clientHeight];
  });
  assert.ok(
    size[0] <= size[1] && size[2] <= size[3],
    `page ${size[0]} of ${size[1]}, cards ${size[2]} of ${size[3]}`,
  );
  const clock = () => page.locator(".clock strong").textContent();
  const first = await clock();
  await until("the clock moves", 30_000, async () => (await clock()) !== first);
  assert.match(await page.locator(".replay").textContent(), /REPLAY 30 April 2024/);
});

test("without a connection the screen says since when, and comes back by itself", {
  timeout: 120_000,
}, async () => {
  const { page, context } = b;
  await visit(page, "/");
  await context.setOffline(true);
  await page.waitForSelector(".old-banner");
  assert.match(
    await page.locator(".old-banner").textContent(),
    /Not connected since .*figures below are old/,
  );
  assert.equal(await page.locator(".room.old").count(), 1, "everything is hatched");
  await context.setOffline(false);
  await page.waitForSelector(".old-banner", { state: "detached" });
});

test("without WebGL the list takes the place of the map, and says why", { timeout: 120_000 }, async () => {
  const plain = await openBrowser(["--disable-webgl", "--disable-webgl2", "--disable-3d-apis"]);
  try {
    await visit(plain.page, "/");
    await plain.page.waitForSelector(".desk-right .twin tbody tr");
    assert.match(await plain.page.locator(".twin .notice").textContent(), /cannot draw the map/);
    assert.equal(await plain.page.locator(".map-canvas").count(), 0);
    assert.deepEqual(plain.faults, []);
  } finally {
    await plain.browser.close();
  }
});
