// What a desk does about an alert besides taking it, by keyboard: put off, give, comment, silence. And who is called.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { ask, ORIGIN, openBrowser, STARTED_FOR_TESTS, until, visit } from "./browser.mjs";
import { meter, powerless, startSmallCity } from "./small-city.mjs";

const NESTED = 37;

/** One desk that is called by a webhook. */
const oncall = (url) => `
[calls]
group_wait = "2 s"
group_every = "2 s"
surface_after = "2 s"
tell_resolved = true
[[channel]]
name = "desk"
kind = "webhook"
url = "${url}"
private_network = true
secret_file = "secret"
[[reach]]
role = "duty_officer"
at_least = "info"
channels = ["desk"]
[[escalation]]
at_least = "info"
step = [{ after = "0 s", roles = ["duty_officer"] }]
`;

let b;
before(async () => {
  b = await openBrowser();
});
after(async () => {
  await b?.browser.close();
});

const alertPath = (id) => `/alerts/${encodeURIComponent(id)}`;
const stands = async (id) => (await ask(`/api${alertPath(id)}`)).alert;
const timeline = (page) => page.locator(".timeline").textContent();

/** Opens the dialog of a key and waits until it is gone after `write`. */
async function inDialog(page, key, write) {
  await page.keyboard.press(key);
  await page.waitForSelector("dialog[open]");
  await write();
  await page.waitForSelector("dialog[open]", { state: "detached" });
}

const typed = (page, text) => async () => {
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
};

/** An alert that is open, without waiting for one. */
async function openAlert(t) {
  const { items } = await ask("/api/alerts?state=open&limit=50");
  const found = items.find((alert) => alert.silenced_by === null && alert.snoozed_until === null);
  if (!found && !STARTED_FOR_TESTS) t.skip("no alert is open now");
  else assert.ok(found, "the weather outlook of 29 April keeps an alert open until 2 May");
  return found;
}

test("an alert is put off, given, commented on and silenced by keyboard, and the history says by whom", {
  timeout: 240_000,
}, async (t) => {
  const alert = await openAlert(t);
  if (!alert) return;
  const { page } = b;
  await visit(page, alertPath(alert.id));
  await page.waitForSelector(".timeline li");

  await inDialog(page, "c", typed(page, "Pump at the underpass runs"));
  await until("the comment is in the history", 20_000, async () =>
    /Comment by .+Pump at the underpass runs/.test(await timeline(page)),
  );

  await inDialog(page, "s", typed(page, "Crews on the way"));
  await until("it is put off", 20_000, async () => (await stands(alert.id)).snoozed_until !== null);
  await page.getByText(/^Snoozed until \d\d:\d\d/).waitFor();
  await page.getByRole("button", { name: "Wake it now" }).press("Enter");
  await until("it is woken", 20_000, async () => (await stands(alert.id)).snoozed_until === null);

  await inDialog(page, "e", async () => {
    const to = page.getByLabel("Who gets it");
    await to.selectOption("works_desk");
    await page.getByLabel("Note for that role").press("Enter");
  });
  await until("it is given away", 20_000, async () => (await stands(alert.id)).assigned_to === "works_desk");

  await inDialog(page, "Shift+S", typed(page, "Works at the underpass"));
  await until("it is kept quiet", 20_000, async () => (await stands(alert.id)).silenced_by !== null);
  await visit(page, "/alerts");
  const line = page.locator("table.alerts tr", { has: page.locator(`[data-alert="${alert.id}"]`) });
  await line.waitFor();
  assert.match(await line.textContent(), /silenced/i);
  const above = await page
    .locator("tr.section", { hasText: "Nobody is called for" })
    .getAttribute("aria-rowindex");
  assert.ok(Number(above) < Number(await line.getAttribute("aria-rowindex")), "it stands below what rings");

  await visit(page, "/silences");
  const card = page.locator(".silence:not([data-standing='ended'])", { hasText: "Works at the underpass" });
  await card.waitFor();
  assert.equal(await card.getAttribute("data-standing"), "in force");
  assert.match(await card.textContent(), new RegExp(alert.key.rule));
  await card.getByRole("button", { name: "End it now" }).press("Enter");
  await page
    .locator(".silence[data-standing='ended']", { hasText: "Works at the underpass" })
    .first()
    .waitFor();
  await until("it calls again", 20_000, async () => (await stands(alert.id)).silenced_by === null);

  await visit(page, alertPath(alert.id));
  await page.waitForSelector(".timeline li");
  const words = await timeline(page);
  for (const step of ["Put off until", "Calls again", "Given to works desk by", "Kept quiet by a silence"])
    assert.ok(words.includes(step), `${step}: ${words}`);
  assert.deepEqual(b.faults, []);
});

test("what the server refuses stands at the field that it is about", { timeout: 120_000 }, async (t) => {
  const alert = await openAlert(t);
  if (!alert) return;
  const { page } = b;
  await visit(page, alertPath(alert.id));
  await page.keyboard.press("s");
  await page.waitForSelector("dialog[open]");
  const until = page.getByLabel("Until", { exact: true });
  await until.fill("2031-01-01T00:00");
  await until.press("Enter");
  await page.locator("dialog .refused").waitFor();
  assert.equal(await until.getAttribute("aria-invalid"), "true");
  const told = await until.getAttribute("aria-describedby");
  const refused = await page.locator("dialog .refused").getAttribute("id");
  assert.ok(told.split(" ").includes(refused), "the refusal describes the field");
  assert.equal((await stands(alert.id)).snoozed_until, null);
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
});

test("a silence needs an end and something to hold, and is made by hand in weekly windows", {
  timeout: 120_000,
}, async () => {
  const { page } = b;
  await visit(page, "/silences");
  await page.keyboard.press("n");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.type("Night works on the bridge");
  await page.keyboard.press("Enter");
  const end = page.getByLabel("Until (needed)");
  assert.equal(await end.evaluate((field) => field.validity.valueMissing), true, "no silence without an end");
  const day = (await ask("/health")).now.slice(0, 4);
  await end.fill(`${day}-06-30T06:00`);
  await page.keyboard.press("Enter");
  await page.locator("dialog .refused").waitFor();
  assert.match(await page.locator("dialog .refused").textContent(), /name rules, subjects or feeds/);
  await page.getByRole("checkbox", { name: "bus-positions" }).press("Space");
  await page.locator("dialog .choice input").press("Space");
  await page.getByRole("checkbox", { name: "Monday" }).press("Space");
  await page.locator("dialog button[type=submit]").press("Enter");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  const card = page.locator(".silence:not([data-standing='ended'])", {
    hasText: "Night works on the bridge",
  });
  await card.waitFor();
  assert.match(await card.textContent(), /Tuesdays, Wednesdays, Thursdays and Fridays from 22:00 for 8 h/);
  const { items } = await ask("/api/silences");
  const made = items.find(
    (silence) => silence.reason === "Night works on the bridge" && silence.ended === null,
  );
  assert.deepEqual(made.repeat, { weekdays: 0b0011110, begins_min: 1_320, lasts_min: 480 });
  await card.getByRole("button", { name: "End it now" }).press("Enter");
  await page.locator(".silence[data-standing='ended']", { hasText: "Night works" }).first().waitFor();
});

test("a shift is taken and given back, and the page says who is called", { timeout: 120_000 }, async () => {
  const { page } = b;
  await visit(page, "/on-call");
  const role = page.locator("tr[data-role='emergency_manager']");
  assert.equal(await role.getAttribute("data-called"), "emergency_manager");
  await role.getByRole("button").press("Enter");
  await page.waitForSelector("dialog[open]");
  await page.getByLabel("Who takes them").selectOption("duty_officer");
  await page.getByLabel("Why").press("Enter");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  await page.locator("tr[data-role='emergency_manager'][data-called='duty_officer']").waitFor();
  const cover = page.locator("[data-cover]", { hasText: "Duty officer for emergency manager" });
  await cover.getByRole("button").press("Enter");
  await cover.waitFor({ state: "detached" });
  await page.locator("tr[data-role='emergency_manager'][data-called='emergency_manager']").waitFor();
  const { not_sent } = await ask("/api/notifications?limit=1");
  assert.ok(
    (await page.locator("main").textContent()).includes(not_sent),
    "says why nothing leaves the house",
  );
});

/** Takes the calls of a desk; gives where to send them and what came. */
async function startDesk() {
  const calls = [];
  const server = createServer((asked, response) => {
    let body = "";
    asked.on("data", (chunk) => {
      body += chunk;
    });
    asked.on("end", () => {
      calls.push({ key: asked.headers["webhook-id"], ...JSON.parse(body).data });
      response.end();
    });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { calls, server, url: `http://127.0.0.1:${server.address().port}/` };
}

test("a power failure is one call and one line on the desk, with 37 nested, and each of them resolves", {
  timeout: 180_000,
}, async () => {
  const { page } = b;
  const desk = await startDesk();
  const lamps = Array.from({ length: NESTED }, (_, at) => 101 + at);
  const link = (id) => `[[link]]\nfrom = "thing:14"\nto = "thing:${id}"\nkind = "powers"\n`;
  const city = await startSmallCity(
    meter(14, "Feeder 14") + lamps.map((id) => meter(id, `Crossing ${id}`) + link(id)).join(""),
    {
      "rules/feeder.toml": powerless([14], "severe", "Feeder 14"),
      "rules/crossings.toml": powerless(lamps, "severe", "The crossing"),
      "oncall.toml": oncall(desk.url),
      secret: `whsec_${Buffer.from("a secret of this test, made up").toString("base64")}\n`,
    },
  );
  const alerts = async (state) => (await city.ask(`/api/alerts?state=${state}&limit=200`)).items;
  try {
    // The crossings are heard of before what explains them.
    await city.read(lamps.slice(0, 20), 0);
    await city.read([14, ...lamps.slice(20)], 0);
    await until("the desk is called", 30_000, async () => desk.calls.length > 0);
    await page.goto(`${city.origin}/`);
    await page.locator(".act-now .alert-line").first().waitFor();
    assert.equal(await page.locator(".act-now .alert-line").count(), 1, "one line, not 38");
    assert.match(await page.locator(".act-now").textContent(), /1 open, 0 taken, 37 quiet/);
    assert.match(await page.locator(".act-now .alert-line").textContent(), /Hides 37\./);
    await page.goto(`${city.origin}/alerts`);
    const first = page.locator("table.alerts tbody tr[aria-rowindex]").first();
    await first.waitFor();
    assert.match(await first.textContent(), /Feeder 14/, "it stands above those that it explains");
    assert.equal(await page.locator("tr.nested").count(), 0);
    await page.keyboard.press("j");
    await page.keyboard.press("o");
    await page.locator("tr.nested").first().waitFor();
    const size = await page.locator("table.alerts").getAttribute("aria-rowcount");
    await page.keyboard.press("o");
    await page.locator("tr.nested").first().waitFor({ state: "detached" });
    const folded = await page.locator("table.alerts").getAttribute("aria-rowcount");
    assert.equal(Number(size) - Number(folded), NESTED, "all of them were lines");
    assert.match(await page.locator("tr.group").textContent(), /37 explained by .*Feeder 14/);

    // What is hidden is watched, and resolves by itself.
    await city.read(lamps.slice(0, 7), 230);
    await until("those with power are over", 20_000, async () => (await alerts("resolved")).length === 7);
    const [feeder] = (await alerts("open")).filter((alert) => alert.key.rule === "feeder");
    assert.equal(feeder.hides, NESTED - 7);
    await city.read([14, ...lamps.slice(7)], 230);
    await until("all is over", 20_000, async () => (await alerts("open")).length === 0);
    await until("the desk hears that it is over", 30_000, async () => desk.calls.length >= 2);
    // Longer than what was held back would wait.
    await new Promise((wake) => setTimeout(wake, 6_000));
    const told = desk.calls.map((call) => [call.reason, call.alert]);
    assert.deepEqual(told, [
      ["opened", feeder.id],
      ["resolved", feeder.id],
    ]);
    const { items } = await city.ask("/api/notifications?limit=200");
    assert.equal(items.length, 2, "nothing waits either");
  } finally {
    await city.stop();
    desk.server.close();
  }
});

test("the search asks the server for words, severity, rule and days", { timeout: 120_000 }, async (t) => {
  const { page } = b;
  const [some] = (await ask("/api/alerts?state=all&limit=1")).items;
  if (!some) return t.skip("no alert has opened yet");
  await visit(page, "/alerts");
  await page.keyboard.press("/");
  await page.keyboard.type("no alert says this");
  await page.getByText("No alert matches.").waitFor();
  await page.getByLabel("Words").fill("");
  await page.getByLabel("Rule").fill(some.key.rule);
  await page.getByLabel("At least").selectOption(some.severity);
  const { items } = await ask(`/api/alerts?rule=${some.key.rule}&severity=${some.severity}&limit=200`);
  await until("those of the rule are listed", 20_000, async () => {
    const shown = await page.locator("table.alerts [data-alert]").count();
    return shown === Math.min(items.length, shown || 1) && shown > 0;
  });
  const asked = page.waitForRequest((request) => request.url().includes("to=2020-01-02T03%3A00%3A00.000Z"));
  await page.getByLabel("to", { exact: true }).fill("2020-01-01");
  await asked;
  await page.getByText("No alert matches.").waitFor();
  assert.equal(ORIGIN, new URL(page.url()).origin);
});
