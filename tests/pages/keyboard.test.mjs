// Every page and everything on it is reached without a mouse, and single keys can be turned off.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, until, visit } from "./browser.mjs";

let b;
before(async () => {
  b = await openBrowser();
});
after(async () => {
  await b?.browser.close();
});

const heading = (page) => page.locator("h1").first().textContent();
const path = (page) => page.evaluate(() => location.pathname);

test("g and a letter go to every page", { timeout: 120_000 }, async () => {
  const { page } = b;
  await visit(page, "/");
  const pages = [
    ["m", "/map"],
    ["f", "/feeds"],
    ["a", "/alerts"],
    ["r", "/rules"],
    ["s", "/silences"],
    ["o", "/on-call"],
    ["n", "/"],
  ];
  for (const [key, expected] of pages) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await until(`g ${key} goes to ${expected}`, 10_000, async () => (await path(page)) === expected);
    assert.ok(await heading(page));
  }
});

test("l turns the map into its list, / filters it, j and k walk it with a visible focus", {
  timeout: 120_000,
}, async () => {
  const { page } = b;
  await visit(page, "/map");
  await page.waitForSelector(".twin tbody tr");
  await page.keyboard.press("/");
  await page.keyboard.type("gauge");
  await until("the filter leaves only gauges", 10_000, async () => {
    const names = await page.locator(".twin tbody tr").allInnerTexts();
    return names.length > 0 && names.every((name) => /gauge/i.test(name));
  });
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  const line = page.locator(".twin tbody tr:focus");
  assert.equal(await line.count(), 1);
  const outline = await line.evaluate(
    (element) => getComputedStyle(element).outlineStyle + getComputedStyle(element).outlineWidth,
  );
  assert.equal(outline, "solid2px");
  assert.match(await page.locator(".map-detail").textContent(), /gauge/i, "the map shows what is chosen");
  await page.keyboard.press("l");
  await page.waitForSelector(".twin", { state: "detached" });
  await page.keyboard.press("l");
  await page.waitForSelector(".twin");
});

test("? lists the keys, Esc closes, and the switch turns single keys off", { timeout: 120_000 }, async () => {
  const { page } = b;
  await visit(page, "/feeds");
  await page.keyboard.press("?");
  const dialog = page.locator("dialog[open]");
  await dialog.waitFor();
  const text = await dialog.textContent();
  for (const words of ["next line", "night desk", "public page", "these keys"])
    assert.ok(text.includes(words), words);
  await page.locator(".switch input").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.keyboard.press("m");
  await page.waitForTimeout(500);
  assert.equal(await path(page), "/feeds", "m does nothing while keys are off");
  await page.reload();
  await page.keyboard.press("m");
  await page.waitForTimeout(500);
  assert.equal(await path(page), "/feeds", "and stays off for this browser");
  await page.getByRole("button", { name: /all keys/ }).focus();
  await page.keyboard.press("Enter");
  await page.locator(".switch input").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Escape");
  await page.keyboard.press("m");
  await until("m goes to the map again", 10_000, async () => (await path(page)) === "/map");
});

test("Tab reaches every link and button of the night desk, each with a visible focus", {
  timeout: 180_000,
}, async () => {
  const { page } = b;
  await visit(page, "/");
  const wanted = await page.evaluate(() => {
    const visible = (element) => element.getClientRects().length > 0 && !element.disabled;
    return [...document.querySelectorAll("a[href], button, input")].filter(visible).length;
  });
  const reached = new Set();
  for (let step = 0; step < wanted + 12; step += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      const all = [...document.querySelectorAll("*")];
      const style = getComputedStyle(element);
      return {
        index: all.indexOf(element),
        name: element.outerHTML.slice(0, 80),
        outline: style.outlineStyle,
        tag: element.tagName,
      };
    });
    if (at.tag === "BODY") continue;
    reached.add(at.name);
    assert.notEqual(at.outline, "none", `focus is visible on ${at.name}`);
  }
  assert.ok(reached.size >= wanted - 2, `${reached.size} of ${wanted} reached`);
});
