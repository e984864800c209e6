// A city for tests in front of the demo: everything is the demo's but the live stream, which the test writes.
import { createServer, request } from "node:http";
import { ask, ORIGIN } from "./browser.mjs";

/** How often the clock of the city ticks on the stream, as the server's does. */
const TICK_MS = 1_000;

/** An open alert as the server would tell it; `some` is what matters to the test. */
export function alertOf(number, now, some = {}) {
  const rule = some.rule ?? `storm-${number % 20}`;
  const opened = new Date(now).toISOString();
  return {
    id: `${rule}~thing_${number}~${now}`,
    key: { rule, subject: `thing:${number}`, episode: opened },
    rule_version: "3f9a1c22b7d0",
    state: "open",
    severity: "minor",
    title: `Pump ${number} has stopped`,
    detail: "No current for 3 min.",
    consequence: "The underpass fills.",
    first_action: "Send a crew.",
    owner: "works_desk",
    opened,
    respond_by: new Date(now + 3_600_000).toISOString(),
    acknowledged: null,
    acknowledged_by: null,
    note: null,
    assigned_to: null,
    snoozed_until: null,
    flapping: false,
    cause: null,
    hides: 0,
    silenced_by: null,
    late: 0,
    resolved: null,
    expected: null,
    blind: null,
    datastream: null,
    feed: null,
    place: null,
    position: null,
    ...some,
  };
}

/** Starts it. `send` writes an event to every page that listens. `first` are the alerts of its first picture. */
export async function startStormCity(first) {
  const state = await ask("/api/state");
  const listening = new Set();
  let number = 0;
  const write = (response, kind, data) => {
    number += 1;
    response.write(`id: 1-${number}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  // A page that comes back is given all that stands, as the server would.
  const standing = new Map();
  let listened = 0;
  const send = (kind, data) => {
    if (kind === "alert") standing.set(data.alert.id, data.alert);
    for (const response of listening) write(response, kind, data);
  };
  const now = () => Date.parse(state.now);
  const live = (asked, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    write(response, "snapshot", { ...state, alerts: [...first(now()), ...standing.values()] });
    listened += 1;
    listening.add(response);
    asked.on("close", () => listening.delete(response));
  };
  const server = createServer((asked, response) => {
    if (asked.url === "/api/live") return live(asked, response);
    const { host: _, ...headers } = asked.headers;
    const passed = request(ORIGIN + asked.url, { method: asked.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    asked.pipe(passed);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const clock = setInterval(() => send("clock", { now: state.now, speed: 1 }), TICK_MS);
  const stop = () => {
    clearInterval(clock);
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, now, send, stop, listened: () => listened };
}
