// A small city of a test's own in the real program: gauges that the test reads out, the rules on them, who is called.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A start with ten thousand series, unoptimised, on a busy machine. */
const START_MS = 60_000;
const STOP_MS = 15_000;

const CITY = `
[city]
name = "Small Town"
timezone = "America/Sao_Paulo"
languages = ["en"]
roles = ["duty_officer"]
[city.bbox]
west = -51.3
south = -30.1
east = -51.1
north = -29.9
[[place]]
id = "centre"
name = "Centre"
kind = "city"
longitude = -51.2
latitude = -30.0
outline = [[-51.3, -30.1], [-51.1, -30.1], [-51.1, -29.9], [-51.3, -29.9]]
[[observed_property]]
id = "voltage"
name = "Voltage"
definition = "http://qudt.org/vocab/quantitykind/Voltage"
description = "Root mean square between line and neutral."
unit_name = "volt"
unit_symbol = "V"
min = 0.0
max = 500.0
[[feed]]
id = "grid"
name = "The grid"
kind = "sensor_things"
owner = "Small Town"
licence = "none"
purpose = "to test"
beat = "1 h"
retention = "30 days"
[[purpose]]
id = "to_test"
words = "To test"
roles = ["duty_officer"]
feeds = ["grid"]
`;

/** A thing with one series of the same number. */
export const meter = (id, name) => `
[[thing]]
id = ${id}
name = "${name}"
description = "A meter."
longitude = -51.2
latitude = -30.0
[[datastream]]
id = ${id}
name = "${name}"
thing = ${id}
observed_property = "voltage"
feed = "grid"
beat = "1 h"
`;

/** A rule that rings when a meter shows less than 100 V, and is over above 200 V. */
export const powerless = (ids, severity, what) => `
kind = "threshold"
what = "${what}"
datastreams = [${ids.join(", ")}]
statistic = "last"
owner = "duty_officer"
severity = "${severity}"
consequence = "It stands still."
first_action = "Send a crew."
respond_within = "15 min"
purpose = "to_test"
[open]
below = 100.0
[close]
above = 200.0
`;

function freePort() {
  return new Promise((found, failed) => {
    const server = createServer().on("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

/** Starts it. `more` is what `city.toml` has besides, `files` what lies beside it, by path. */
export async function startSmallCity(more, files) {
  const folder = mkdtempSync(join(tmpdir(), "townbell-small-"));
  const city = join(folder, "city");
  mkdirSync(join(city, "rules"), { recursive: true });
  writeFileSync(join(city, "city.toml"), CITY + more);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(city, path), text, { mode: 0o600 });
  const origin = `http://127.0.0.1:${await freePort()}`;
  const data = join(folder, "data");
  const words = ["serve", "--listen", origin.slice("http://".length), city, "--data", data];
  const child = spawn(process.env.TOWNBELL_BIN, words, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      said = (said + chunk).slice(-4_000);
    });
  const gone = new Promise((done) => child.once("exit", done));
  const stop = async () => {
    child.kill("SIGINT");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await gone;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  };
  const ask = async (path) => (await fetch(origin + path)).json();
  /** Readings of some meters, all of now; on the disk when this returns. */
  const read = async (ids, volts) => {
    const now = new Date().toISOString();
    const body = ids.map((id) => ({
      Datastream: { "@iot.id": id },
      components: ["phenomenonTime", "result"],
      dataArray: [[now, volts]],
    }));
    const answer = await fetch(`${origin}/v1.1/CreateObservations`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const told = await answer.text();
    if (answer.status !== 201 || told.includes("error"))
      throw new Error(`${answer.status} ${told.slice(0, 300)}`);
  };
  const end = Date.now() + START_MS;
  while (
    !(await fetch(`${origin}/health`).then(
      (answer) => answer.ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > end) {
      await stop();
      throw new Error(`the small city did not start: ${said}`);
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
  return { origin, ask, read, stop, memoryMib: () => memoryMib(child.pid) };
}

/** The most memory that a process ever had (`VmHWM` of proc(5)). */
function memoryMib(pid) {
  const line = readFileSync(`/proc/${pid}/status`, "utf8").match(/VmHWM:\s+(\d+) kB/);
  return Math.round(Number(line?.[1] ?? 0) / 1_024);
}
