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

const LAKE = readFileSync(
  fileURLToPath(new URL("../../demo/rules/lake-will-pass-3m.toml", import.meta.url)),
  "utf8",
);

test("a trial is held against labelled episodes: caught, missed, for nothing, and how long before", {
  timeout: 240_000,
}, async () => {
  const { page } = b;
  await visit(page, "/rules/try");
  const fill = async (name, text) => {
    await page.getByLabel("Name of its file, without .toml").fill(name);
    await page.getByRole("textbox", { name: "The rule" }).fill(text);
    const answered = page.waitForResponse("**/api/backtest", { timeout: TRIAL_MS });
    await page.getByRole("textbox", { name: "The rule" }).press("Control+Enter");
    return (await answered).json();
  };
  // As the server tells it: the demo has labelled floods, which lie after what it has stored by now.
  const told = await fill("lake-will-pass-3m", LAKE);
  assert.deepEqual([told.against.caught, told.against.missed], [0, 0]);
  assert.equal(typeof told.pages_by_night, "number");
  await page.locator(".against").waitFor();
  assert.match(await page.locator(".against").textContent(), /No labelled episode lies in that time/);
  const bare = await fill("lake-without-labels", LAKE);
  assert.equal(bare.against, null);
  assert.match(
    await page.locator('[data-against="none"]').textContent(),
    /label episodes in lake-without-labels\.episodes\.toml/,
  );

  // The same answer with a year behind it; its form is the server's.
  const episode = (name, lead_s) => ({
    name,
    from: "2024-05-02T16:15:00Z",
    until: "2024-06-01T03:00:00Z",
    lead_s,
  });
  await page.route("**/api/backtest", async (route) => {
    const answer = await (await route.fetch()).json();
    const against = {
      caught: 2,
      missed: 1,
      for_nothing: 3,
      episodes: [
        episode("First flood", 66_600),
        episode("Second flood", null),
        episode("Third flood", -2_400),
      ],
    };
    await route.fulfill({ json: { ...answer, pages_by_night: 2, pages_by_night_untaken: 9, against } });
  });
  await fill("lake-will-pass-3m", LAKE);
  const against = page.locator(".against");
  await against.locator("table").waitFor();
  assert.match(
    await against.textContent(),
    /It would have caught 2 of 3 episodes, and rung 3 times for nothing\./,
  );
  const rows = await against.locator("tbody tr").allTextContents();
  assert.match(rows[0], /Second flood.*missed.*nothing rang/);
  assert.match(rows[1], /First flood.*caught.*18 h before it began/);
  assert.match(rows[2], /Third flood.*caught.*40 min after it began/);
  assert.match(
    await page.locator(".outcome .sums").textContent(),
    /Pages by night.*2.*9 if nobody takes them/,
  );
  await page.unroute("**/api/backtest");
  assert.deepEqual(b.faults, []);
});

test("a rule says what it makes of now, and since when nobody can see it", { timeout: 120_000 }, async () => {
  const { page } = b;
  const told = await (await page.request.get(new URL("/api/rules", page.url()).href)).json();
  assert.ok(
    told.items.every((rule) => rule.truth !== null),
    "every rule in force was looked at",
  );
  await visit(page, "/rules");
  const rule = page.locator('[data-rule="lake-above-2-5m"]');
  await rule.waitFor();
  assert.match(await rule.locator(".truth").textContent(), /^Now: it is (not )?so\./);
  // The demo's gauges speak; the silence is written, its form is the server's.
  const since = new Date(Date.parse(told.items.length > 0 ? "2024-04-30T06:12:00Z" : 0)).toISOString();
  await page.route("**/api/rules", async (route) => {
    const answer = await (await route.fetch()).json();
    const unseen = [{ name: "Lake Guaíba at Cais Mauá", since, why: "the feed Water levels is silent" }];
    for (const one of answer.items) one.truth = { true: 0, false: 0, unknown: 1, unseen };
    await route.fulfill({ json: answer });
  });
  await visit(page, "/rules");
  await rule.waitFor();
  assert.match(
    await rule.locator(".truth").textContent(),
    /it cannot be seen\..*Lake Guaíba at Cais Mauá cannot be seen since .*03:12: the feed Water levels is silent\./,
  );
  await page.unroute("**/api/rules");
  assert.deepEqual(b.faults, []);
});
