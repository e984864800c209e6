// Pictures of the main pages at 1366 by 768, for the documentation (KEEP_PICTURES=1) or to look at (tests/pages/out).
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ask, mapIsDrawn, ORIGIN, openBrowser, pictureFolder, visit } from "./browser.mjs";

/** Software graphics need a moment for the tiles after the map says that it is loaded. */
const TILES_MS = 5_000;
/** A blank page of this size is far smaller. */
const BYTES_MIN = 20_000;

const PICTURES = [
  { name: "night-desk", path: "/", map: true, height: 768 },
  { name: "map", path: "/map", map: true, height: 768 },
  { name: "feeds", path: "/feeds", map: false, height: 768 },
  { name: "public-page", path: "/public", map: true, height: 900 },
];

/** The desks have taken the worst alerts by then, as they would have on the day. */
async function takeTheWorst() {
  const { items } = await ask("/api/alerts?state=open&limit=50");
  const notes = {
    "lake-will-pass-3m": "Gates crew on the way, pumps start",
    "heavy-rain": "Crews at the underpasses",
  };
  for (const alert of items) {
    const note = notes[alert.key.rule];
    if (!note) continue;
    const answer = await fetch(`${ORIGIN}/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ role: alert.owner, note }),
    });
    assert.equal(answer.status, 200, `${alert.key.rule} is taken`);
  }
}

let b;
before(async () => {
  b = await openBrowser();
  if (process.env.KEEP_PICTURES === "1") await takeTheWorst();
});
after(async () => {
  await b?.browser.close();
});

for (const { name, path, map, height } of PICTURES) {
  test(`a picture of ${path}`, { timeout: 120_000 }, async () => {
    await b.page.setViewportSize({ width: 1366, height });
    await visit(b.page, path);
    if (map) {
      await mapIsDrawn(b.page);
      await b.page.waitForTimeout(TILES_MS);
    }
    const file = join(pictureFolder(), `${name}.png`);
    await b.page.screenshot({ path: file });
    assert.ok(statSync(file).size > BYTES_MIN, `${file} is more than a blank page`);
    assert.deepEqual(b.faults, []);
  });
}
