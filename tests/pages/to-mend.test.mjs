// What somebody has to mend stands where it is looked for: a rule and an on-call file that do not load, a call that
// does not get through.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, until } from "./browser.mjs";
import { meter, powerless, startSmallCity } from "./small-city.mjs";

const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}\n`;

let b;
let gateway;
const cities = [];
before(async () => {
  b = await openBrowser();
  gateway = createServer((_, answer) => answer.writeHead(403).end("no"));
  await new Promise((done) => gateway.listen(0, "127.0.0.1", done));
});
after(async () => {
  await b?.browser.close();
  for (const city of cities) await city.stop();
  gateway?.close();
});

async function start(files) {
  const city = await startSmallCity(meter(1, "Pump house"), files);
  cities.push(city);
  return city;
}

async function look(city, path) {
  await b.page.goto(city.origin + path, { waitUntil: "load" });
  await b.page.waitForSelector("h1", { state: "attached" });
}

/** A picture for whoever looks at it, where one is asked for. */
async function picture(name) {
  if (process.env.TO_MEND_PICTURES)
    await b.page.screenshot({ path: join(process.env.TO_MEND_PICTURES, `${name}.png`) });
}

test("a call that does not get through and a rule that does not load are on the night desk", {
  timeout: 180_000,
}, async () => {
  const { page } = b;
  const url = `http://127.0.0.1:${gateway.address().port}/`;
  const city = await start({
    "oncall.toml": `
[calls]
group_wait = "0 s"
[[channel]]
name = "duty-gateway"
kind = "webhook"
url = "${url}"
private_network = true
secret_file = "webhook"
[[reach]]
role = "duty_officer"
at_least = "info"
channels = ["duty-gateway"]
[[escalation]]
at_least = "info"
step = [{ after = "0 s", roles = ["duty_officer"] }, { after = "24 h", roles = ["duty_officer"] }]
`,
    webhook: SECRET,
    "rules/power.toml": powerless([1], "severe", "The pump house"),
    "rules/other.toml": powerless([1], "loud", "The pump house"),
  });
  await look(city, "/");
  const line = page.locator(".to-mend");
  await line.waitFor();
  assert.match(await line.textContent(), /To mend: 1 mistake in the rules' folder$/);
  await city.read([1], 0);
  await until("the call has failed", 60_000, async () => (await city.ask("/health")).degraded.length === 2);
  await look(city, "/");
  await line.getByText("and 1 more").waitFor();
  assert.equal(
    await page.evaluate(() => document.documentElement.scrollHeight <= window.innerHeight),
    true,
    "the night desk does not scroll",
  );
  await picture("night-desk");

  const { items } = await city.ask("/api/alerts");
  await look(city, `/alerts/${encodeURIComponent(items[0].id)}`);
  await page.getByText("A role could not be reached").first().waitFor();
  const told = await page.locator(".timeline").textContent();
  assert.match(told, /Duty officer by duty-gateway: refused\./);
  assert.match(told, /Nobody took it in time, or could be reached: the next role is called/);
  await picture("alert");

  await look(city, "/rules");
  await page.locator(".rules-mistakes", { hasText: "other.toml, line 7" }).waitFor();
  assert.equal((await city.ask("/api/rules")).items.length, 1);
  await picture("rules");
});

test("an on-call file that does not load is said on its page", { timeout: 120_000 }, async () => {
  const city = await start({
    "oncall.toml": "[calls]\ngroup_wait = 5\n",
    "rules/power.toml": powerless([1], "severe", "The pump house"),
  });
  await look(city, "/on-call");
  const said = b.page.locator("[role=alert]", { hasText: "oncall.toml did not load at the start" });
  await said.waitFor();
  assert.match(await said.textContent(), /oncall\.toml, line 2, column/);
  await picture("on-call");
});
