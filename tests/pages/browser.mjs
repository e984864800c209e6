// The browser of the page tests: Debian's Chromium under playwright-core, with nothing that talks to the outside.
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const web = createRequire(join(here, "../../web/package.json"));
const { chromium } = web("playwright-core");

export const AXE = web.resolve("axe-core/axe.min.js");
export const ORIGIN = (process.env.TOWNBELL_URL ?? "http://127.0.0.1:8080").replace(/\/$/, "");
/** Set by run.mjs: the demo was started for these tests, at the moment that they need. */
export const STARTED_FOR_TESTS = process.env.TOWNBELL_PAGES_RUN === "1";
/** What one step on the page may take on two busy cores with software graphics. */
export const STEP_MS = 30_000;

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--disable-background-networking",
  "--no-first-run",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];

/** Folder for pictures: kept in docs when asked, else thrown away with the test's other output. */
export function pictureFolder() {
  const folder = process.env.KEEP_PICTURES === "1" ? join(here, "../../docs/pictures") : join(here, "out");
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * A browser with one page of 1366 by 768. `faults` collects what no page may do: throw, break the content security
 * policy, or ask anybody but our own server.
 */
export async function openBrowser(moreFlags = []) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...moreFlags] });
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "en-GB" });
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(`threw: ${error.message}`));
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) faults.push(`policy: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = request.url();
    const ours = url.startsWith(`${ORIGIN}/`) || url.startsWith("data:") || url.startsWith(`blob:${ORIGIN}/`);
    if (!ours) faults.push(`asked ${url}`);
  });
  return { browser, context, page, faults };
}

/** Asks the API. */
export async function ask(path) {
  const response = await fetch(ORIGIN + path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** Asks again until `found` gives something, or fails with `what` after `ms`. */
export async function until(what, ms, found) {
  const end = Date.now() + ms;
  let last;
  while (Date.now() < end) {
    try {
      const value = await found();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((wake) => setTimeout(wake, 250));
  }
  throw new Error(`${what}: not within ${ms / 1000} s${last ? ` (${last.message})` : ""}`);
}

/** Opens a path and waits for the first picture of the city. */
export async function visit(page, path) {
  await page.goto(ORIGIN + path, { waitUntil: "load" });
  await page.waitForSelector("h1", { state: "attached" });
  if (path !== "/public" && path !== "/charter") {
    await page.waitForFunction(() =>
      /\d\d:\d\d:\d\d/.test(document.querySelector(".clock")?.textContent ?? ""),
    );
  }
}

/** Waits for the map to have drawn its tiles and symbols. */
export async function mapIsDrawn(page) {
  await page.waitForSelector(".map-canvas[data-ready='yes']");
}
