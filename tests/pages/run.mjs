// Runs the page tests against a demo of its own:
//   TOWNBELL_BIN=target/debug/townbell node tests/pages/run.mjs [file.test.mjs ...]
// The replay starts ten minutes before the state civil defence warned Porto Alegre of a storm (30 April 2024, 21:00,
// over at 21:10), so that an alert opens from recorded data and resolves while the tests look on.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const binary = resolve(process.env.TOWNBELL_BIN ?? join(root, "target/debug/townbell"));
const speed = process.env.TOWNBELL_SPEED ?? "12";
const from = process.env.TOWNBELL_FROM ?? "2024-04-30T20:50:00-03:00";
/** A first start draws the map and reads the timetables; unoptimised that takes most of a minute. */
const START_MS = 240_000;
const STOP_MS = 15_000;
const FIRST = "alert-life.test.mjs";

function freePort() {
  return new Promise((found, failed) => {
    const server = createServer().on("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

async function healthy(origin, demo) {
  const end = Date.now() + START_MS;
  while (Date.now() < end) {
    if (demo.exitCode !== null) throw new Error(`the demo ended with ${demo.exitCode} before it was up`);
    const up = await fetch(`${origin}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) return;
    await new Promise((wake) => setTimeout(wake, 250));
  }
  throw new Error(`the demo did not answer ${origin}/health within ${START_MS / 1000} s`);
}

function ended(child) {
  return new Promise((done) => (child.exitCode === null ? child.once("exit", done) : done(child.exitCode)));
}

async function stop(demo) {
  demo.kill("SIGINT");
  const timer = setTimeout(() => demo.kill("SIGKILL"), STOP_MS);
  await ended(demo);
  clearTimeout(timer);
}

function runTests(origin) {
  const wanted = process.argv.slice(2);
  const all = readdirSync(here).filter((name) => name.endsWith(".test.mjs"));
  // The warning comes ten minutes after the start: who waits for it must be there first.
  const inOrder = all.sort((a, b) => Number(b === FIRST) - Number(a === FIRST) || a.localeCompare(b));
  const files = wanted.length > 0 ? wanted : inOrder;
  const paths = files.map((name) => join(here, name));
  // One after the other: two browsers with software graphics do not fit two cores.
  const args = ["--test", "--test-concurrency=1", "--test-reporter=spec", ...paths];
  const env = { ...process.env, TOWNBELL_URL: origin, TOWNBELL_PAGES_RUN: "1" };
  return ended(spawn(process.execPath, args, { stdio: "inherit", env }));
}

const folder = mkdtempSync(join(tmpdir(), "townbell-pages-"));
const origin = `http://127.0.0.1:${await freePort()}`;
const args = [
  "demo",
  "--speed",
  speed,
  "--from",
  from,
  "--data",
  join(folder, "data"),
  "--listen",
  origin.slice(7),
];
// What the demo says is kept back and shown only when the tests fail.
let said = "";
const demo = spawn(binary, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
const keep = (chunk) => {
  said = (said + chunk).slice(-4_000);
};
demo.stdout.on("data", keep);
demo.stderr.on("data", keep);
demo.on("error", (error) => {
  said += error.message;
});

let failed = 1;
try {
  await healthy(origin, demo);
  failed = await runTests(origin);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
} finally {
  await stop(demo);
  rmSync(folder, { recursive: true, force: true });
}
if (failed !== 0) process.stderr.write(`\nLast words of the demo:\n${said}\n`);
process.exit(failed);
