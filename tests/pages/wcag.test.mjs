// axe-core on every page: no serious or critical violation, in each state that the demo offers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { AXE, ask, mapIsDrawn, openBrowser, visit } from "./browser.mjs";

const source = readFileSync(AXE, "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let b;
before(async () => {
  b = await openBrowser();
});
after(async () => {
  await b?.browser.close();
});

/** Serious and critical violations, in words. The page's policy allows no script of ours to be injected, the tools' channel does. */
async function violations(page) {
  await page.evaluate(source);
  const found = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), RULES);
  return found.violations
    .filter((violation) => ["serious", "critical"].includes(violation.impact))
    .map(
      (violation) => `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 140)).join(" | ")}`,
    );
}

const PAGES = [
  "/",
  "/map",
  "/feeds",
  "/alerts",
  "/silences",
  "/on-call",
  "/alarm-health",
  "/rules",
  "/rules/lake-above-2-5m",
  "/rules/try",
  "/rules/moves",
  "/public",
  "/charter",
  "/nowhere",
];
for (const path of PAGES) {
  test(`axe finds nothing serious on ${path}`, { timeout: 120_000 }, async () => {
    await visit(b.page, path);
    if (path === "/" || path === "/map") await mapIsDrawn(b.page);
    await b.page.waitForTimeout(1_000);
    assert.deepEqual(await violations(b.page), []);
    assert.deepEqual(b.faults, []);
  });
}

test("axe finds nothing serious on an alert, its dialog and the list of keys", {
  timeout: 120_000,
}, async (t) => {
  const { page } = b;
  const alert = (await ask("/api/alerts?state=all&limit=1")).items[0];
  if (!alert) return t.skip("no alert has opened yet");
  await visit(page, `/alerts/${encodeURIComponent(alert.id)}`);
  await page.waitForSelector(".timeline li");
  assert.deepEqual(await violations(page), []);
  // What is over can only be commented on.
  const keys =
    alert.state === "resolved" ? ["c"] : ["e", "s", "c", "S", ...(alert.state === "open" ? ["a"] : [])];
  for (const key of keys) {
    await page.keyboard.press(key);
    await page.waitForSelector("dialog[open]");
    if (key === "S") await page.locator("dialog .choice input").check();
    assert.deepEqual(await violations(page), [], `the dialog of ${key}`);
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
  }
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  assert.deepEqual(await violations(page), []);
});

test("axe finds nothing serious where a rule is saved or taken away", { timeout: 120_000 }, async () => {
  const { page } = b;
  await visit(page, "/rules/lake-above-2-5m");
  await page.getByRole("button", { name: "Take it away" }).press("Enter");
  await page.waitForSelector("dialog[open]");
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  await page.keyboard.press("e");
  await page.getByLabel("The rule").waitFor();
  await page.keyboard.press("w");
  await page.waitForSelector("dialog[open]");
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
});

test("axe finds nothing serious on a night desk with an open list", { timeout: 120_000 }, async () => {
  await visit(b.page, "/");
  await b.page.keyboard.press("l");
  await b.page.waitForSelector(".twin tbody tr");
  assert.deepEqual(await violations(b.page), []);
});
