// Runs the page tests against a demo of its own:
//   TOWNBELL_BIN=target/debug/townbell node tests/pages/run.mjs [file.test.mjs ...]
// With KEEP_PICTURES=1 it takes the pictures for the documentation instead: of 2 May at noon, an hour before the lake
// reaches the quay.
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
const pictures = process.env.KEEP_PICTURES === "1";
const PICTURED_AT = "2024-05-02T12:00:00-03:00";
/** 60 hours of the city as fast as it goes: minutes, some more of them unoptimised. */
const PREPARE_MS = 1_800_000;

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
  const wanted = pictures ? ["pictures.test.mjs"] : process.argv.slice(2);
  // Node runs files by name. alert-life comes first by that: it waits for a warning that is ten minutes ahead at the
  // start, and must be looking on when it comes.
  const files = wanted.length > 0 ? wanted : readdirSync(here).filter((name) => name.endsWith(".test.mjs"));
  const paths = files.map((name) => join(here, name));
  // One after the other: two browsers with software graphics do not fit two cores.
  const args = ["--test", "--test-concurrency=1", "--test-reporter=spec", ...paths];
  const env = { ...process.env, TOWNBELL_URL: origin, TOWNBELL_BIN: binary, TOWNBELL_PAGES_RUN: "1" };
  return ended(spawn(process.execPath, args, { stdio: "inherit", env }));
}

/** Replays the demo, as fast as it goes, up to the moment that the pictures show. */
async function prepareForPictures(data) {
  const origin = `http://127.0.0.1:${await freePort()}`;
  const preparing = startDemo(["--speed", "0", "--to", PICTURED_AT, "--data", data], origin);
  try {
    await healthy(origin, preparing.demo);
    const end = Date.now() + PREPARE_MS;
    while (Date.now() < end) {
      const { now } = await fetch(`${origin}/health`).then((answer) => answer.json());
      if (Date.parse(now) >= Date.parse(PICTURED_AT)) return;
      await new Promise((wake) => setTimeout(wake, 1_000));
    }
    throw new Error(`the replay did not reach ${PICTURED_AT} within ${PREPARE_MS / 60_000} min`);
  } finally {
    await stop(preparing.demo);
  }
}

/** Starts a demo; what it says is kept back and shown only when something fails. */
function startDemo(args, origin) {
  const demo = spawn(binary, ["demo", "--listen", origin.slice("http://".length), ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { words: "" };
  const keep = (chunk) => {
    said.words = (said.words + chunk).slice(-4_000);
  };
  demo.stdout.on("data", keep);
  demo.stderr.on("data", keep);
  demo.on("error", (error) => keep(error.message));
  return { demo, said };
}

const folder = mkdtempSync(join(tmpdir(), "townbell-pages-"));
const data = join(folder, "data");
const origin = `http://127.0.0.1:${await freePort()}`;
let failed = 1;
let started;
try {
  if (pictures) await prepareForPictures(data);
  const when = pictures ? ["--speed", "60"] : ["--speed", speed, "--from", from];
  started = startDemo([...when, "--data", data], origin);
  await healthy(origin, started.demo);
  failed = await runTests(origin);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
} finally {
  if (started) await stop(started.demo);
  rmSync(folder, { recursive: true, force: true });
}
if (failed !== 0 && started) process.stderr.write(`\nLast words of the demo:\n${started.said.words}\n`);
process.exit(failed);
