// A rule is written, refused with its line, tried on the past, and drafted from what moves with what.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openBrowser, visit } from "./browser.mjs";

/** A trial goes over what the demo has stored by then; with an unoptimised binary it takes its time. */
const TRIAL_MS = 90_000;
const RULE = readFileSync(
  fileURLToPath(new URL("../../demo/rules/lake-above-2-5m.toml", import.meta.url)),
  "utf8",
);

let b;
before(async () => {
  b = await openBrowser();
});
after(async () => {
  await b?.browser.close();
});

test("a rule that does not load says why, and a press leads to the line", { timeout: 180_000 }, async () => {
  const { page } = b;
  await visit(page, "/rules/try");
  const text = page.getByLabel("The rule");
  await text.fill(RULE.replace('severity = "moderate"', 'severity = "loud"'));
  await text.press("Control+Enter");
  const fault = page.locator(".refused button.turn").first();
  await fault.waitFor({ timeout: TRIAL_MS });
  const words = await fault.textContent();
  await fault.press("Enter");
  const line = await text.evaluate((field) => field.value.slice(0, field.selectionStart).split("\n").length);
  assert.equal(line, Number(words.match(/:(\d+):\d+:/)[1]));
  assert.match(RULE.split("\n")[line - 1], /severity/);
});

test("a rule is tried on the past: how often it rings, whom it wakes, what it saw", {
  timeout: 240_000,
}, async () => {
  const { page } = b;
  await visit(page, "/rules/try");
  await page
    .getByLabel("The rule")
    .fill(
      RULE.replace("above = 2.5", "above = 0.5")
        .replace("below = 2.3", "below = 0.3")
        .replace('"30 min"', '"1 min"'),
    );
  const answered = page.waitForResponse("**/api/backtest", { timeout: TRIAL_MS });
  await page.getByLabel("The rule").press("Control+Enter");
  const told = await (await answered).json();
  assert.ok(told.rings_total > 0, "the lake stands above half a metre at the start of the demo");
  const outcome = page.locator(".outcome");
  await outcome.waitFor();
  assert.equal(await outcome.getAttribute("data-rings"), String(told.rings_total));
  assert.ok((await outcome.textContent()).includes(told.sentence));
  const marks = await page.locator(".past line").count();
  assert.equal(marks, told.rings.length, "a mark for each ring");
  assert.deepEqual(b.faults, []);
});

test("what goes before a series becomes a draft that is tried at once", { timeout: 240_000 }, async () => {
  const { page } = b;
  // The demo has not the weeks that a finding needs: the answer is written, its form is the server's.
  const together = { lead_h: 6, rho: 0.72, hours: 700, effective: 90, q: 0.0004 };
  await page.route("**/api/moves?*", (route) =>
    route.fulfill({
      json: {
        datastream: 1,
        from: "2024-04-01T00:00:00Z",
        to: "2024-05-01T00:00:00Z",
        method: "Hourly means.",
        series: 2,
        compared: 2,
        too_short: 0,
        tests: 194,
        findings: [
          { datastream: 3, name: "Rain in the hour", best: together, ahead: together, draft: RULE },
          {
            datastream: 6,
            name: "Wind gust",
            best: { ...together, lead_h: -2, rho: -0.4 },
            ahead: null,
            draft: null,
          },
        ],
      },
    }),
  );
  await visit(page, "/rules/moves");
  await page.getByRole("button", { name: "Compare" }).press("Enter");
  const rows = page.locator("table.moves tbody tr");
  await rows.first().waitFor();
  assert.match(await rows.nth(0).textContent(), /6 h before.*rises with it, 0\.72.*below 0\.001/);
  assert.match(
    await rows.nth(1).textContent(),
    /2 h after.*falls as it rises, -0\.40.*none: it does not go before/,
  );
  const tried = page.waitForRequest("**/api/backtest");
  await rows.nth(0).getByRole("button").press("Enter");
  const sent = (await tried).postDataJSON();
  assert.equal(sent.text, RULE);
  assert.equal(sent.name, "after-rain-in-the-hour");
  await page.locator(".outcome, .try-outcome .refused").first().waitFor({ timeout: TRIAL_MS });
  await page.unroute("**/api/moves?*");
});
