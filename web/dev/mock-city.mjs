// A stand-in for the server while the screens are worked on. See README.md beside this file. Nothing but screens may rely on it.
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { alertsAt, FEEDS, RULES, WARNINGS } from "./mock-city-words.mjs";
import { streets, tiles } from "./mock-tiles.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const demo = join(here, "../../demo/data");
const dist = join(here, "../dist");
const port = Number(process.env.PORT ?? 8090);
const state = process.env.STATE ?? "usual";
const speed = 60;
const start = Date.parse("2024-05-02T04:12:40Z");
const began = Date.now();
const cityNow = () => start + (Date.now() - began) * speed;
const iso = (ms) => new Date(ms).toISOString();

const gauge = readFileSync(join(demo, "water/guaiba_cais_maua_15min.csv"), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(","))
  .map(([at, level]) => [Date.parse(at), Number(level)]);
const roads = streets(join(demo, "osm/poa_roads.osm.pbf"));
const tile = tiles(roads, join(demo, "lake.geojson"));
const lines = roads.filter((road) => ["primary", "secondary"].includes(road.properties.class));
const routes = lines.filter((road) => road.geometry.coordinates.length > 12).slice(0, 90);

const city = {
  name: "Porto Alegre",
  timezone: "America/Sao_Paulo",
  bbox: { west: -51.2664, south: -30.1133, east: -51.1322, north: -29.9876 },
  centre: { longitude: -51.218, latitude: -30.036 },
  attribution: [
    "Streets © OpenStreetMap contributors (ODbL 1.0)",
    "Lake level: ANA/SGB; TideSat/UFRGS",
    "Weather: INMET",
  ],
  mode: "replay",
  replay: { from: iso(start), to: iso(start + 864e5), speed, label: "Replay of 2 May 2024, 60 times" },
  notice: "Stand-in for the server: only the streets, the lake and its level are real.",
  places: [
    {
      id: "porto-alegre",
      name: "Porto Alegre",
      kind: "city",
      position: { longitude: -51.2287, latitude: -30.028 },
      outline: null,
      geocodes: [],
    },
    {
      id: "public-market",
      name: "Public Market",
      kind: "market",
      position: { longitude: -51.2278, latitude: -30.0276 },
      outline: null,
      geocodes: [],
    },
  ],
  roles: ["duty_officer", "water_desk", "transit_desk", "works_desk"],
};

function levelAt(now) {
  const past = gauge.filter(([at]) => at <= now);
  const [at, result] = past.at(-1) ?? gauge[0];
  const before = past.at(-13)?.[1] ?? result;
  return { latest: { phenomenon_time: iso(at), result }, trend: (result - before) / 3 };
}

function series(id, name, property, words, unit, feed, result, now, extra = {}) {
  const latest = { phenomenon_time: iso(now - 20 * 60e3), result };
  return {
    id,
    name,
    observed_property: property,
    property_name: words,
    unit_symbol: unit,
    beat_s: 9000,
    feed,
    latest,
    stale: false,
    why: null,
    trend_per_h: null,
    ...extra,
  };
}

function thingsAt(now) {
  const level = levelAt(now);
  const at = (longitude, latitude) => ({ longitude, latitude });
  const old = {
    stale: true,
    why: "No reading for 3 h; its beat is 30 min.",
    latest: { phenomenon_time: iso(now - 3 * 36e5), result: 2.29 },
  };
  const water = series(1, "Lake Guaíba at Cais Mauá", "water_level", "Water level", "m", "water", 0, now, {
    latest: level.latest,
    trend_per_h: level.trend,
  });
  const sph4 = series(
    2,
    "Lake Guaíba at SPH4",
    "water_level",
    "Water level",
    "m",
    "water",
    2.38,
    now,
    state === "calm" ? {} : old,
  );
  const sky = [
    series(3, "Rain in the hour", "precipitation", "Precipitation", "mm", "weather", 8.4, now),
    series(4, "Air temperature", "air_temperature", "Air temperature", "Cel", "weather", 18.4, now, {
      trend_per_h: -0.4,
    }),
    series(6, "Wind gust", "wind_gust", "Wind gust", "m/s", "weather", 9.1, now),
  ];
  return [
    {
      id: 1,
      name: "Cais Mauá gauge",
      description: "",
      position: at(-51.2316, -30.027),
      datastreams: [water],
    },
    {
      id: 2,
      name: "SPH4 reflectometer",
      description: "",
      position: at(-51.2429, -30.0476),
      datastreams: [sph4],
    },
    {
      id: 3,
      name: "INMET A801 Jardim Botânico",
      description: "",
      position: at(-51.1748, -30.0536),
      datastreams: sky,
    },
  ];
}

function vehiclesAt(now) {
  return routes.map((road, n) => {
    const points = road.geometry.coordinates;
    const along = ((now / 60e3) * 0.6 + n * 3) % (points.length - 1);
    const [a, b] = [points[Math.floor(along)], points[Math.floor(along) + 1]];
    const share = along % 1;
    const rail = n % 9 === 0;
    return {
      trip: `20240502/T${n}-1@1#0100`,
      feed: rail ? "rail-positions" : "bus-positions",
      route: rail ? "TRENSURB" : `T${n}`,
      route_name: "",
      mode: rail ? "rail" : "bus",
      headsign: rail ? "Novo Hamburgo" : "Centro",
      longitude: a[0] + (b[0] - a[0]) * share,
      latitude: a[1] + (b[1] - a[1]) * share,
      bearing_deg: ((Math.atan2((b[0] - a[0]) * 0.866, b[1] - a[1]) * 180) / Math.PI + 360) % 360,
      time: iso(now - 20e3),
      delay_s: (n * 37) % 500,
      simulated: true,
    };
  });
}

let acknowledged = {};
const alerts = (now) => alertsAt(now, state).map((alert) => ({ ...alert, ...acknowledged[alert.id] }));
const feedsAt = (now) => FEEDS(now, state);
const stateAt = (now) => ({
  now: iso(now),
  started: iso(start),
  journal_seq: 1,
  feeds: feedsAt(now),
  things: thingsAt(now),
  vehicles: vehiclesAt(now),
  warnings: state === "calm" ? [] : WARNINGS(now),
  alerts: alerts(now),
});

function forecastAt(now) {
  const level = levelAt(now);
  const points = Array.from({ length: 25 }, (_, i) => {
    const value = level.latest.result + level.trend * (i / 4);
    return [now + i * 15 * 60e3, value, value - i * 0.008, value + i * 0.008];
  });
  return {
    datastream: 1,
    issued: iso(now),
    horizon_h: 6,
    method: "damped trend",
    points,
    skill: 0.38,
    words: "38 % better than persistence at 6 h",
  };
}

function seriesBetween(query) {
  const [from, to] = [Date.parse(query.get("from")), Date.parse(query.get("to"))];
  const points = gauge.filter(([at]) => at >= from && at <= to).map(([at, v]) => [at, v, v, v]);
  return { datastream: 1, from: iso(from), to: iso(to), unit_symbol: "m", points };
}

const json = (response, status, body) => {
  response.writeHead(status, {
    "content-type": status < 400 ? "application/json" : "application/problem+json",
  });
  response.end(JSON.stringify(body));
};
const problem = (response, status, title, detail) =>
  json(response, status, { type: "about:blank", title, status, detail });

function live(response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  let number = 0;
  const send = (kind, data) =>
    response.write(`id: 1-${++number}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
  send("snapshot", stateAt(cityNow()));
  const timer = setInterval(() => {
    const now = cityNow();
    send("clock", { now: iso(now), speed });
    send("vehicles", { now: iso(now), upsert: vehiclesAt(now), remove: [] });
    const level = levelAt(now);
    send("observation", { datastream: 1, ...level.latest, stale: false });
    for (const feed of feedsAt(now)) send("feed", feed);
    for (const alert of alerts(now))
      if (acknowledged[alert.id]) send("alert", { at: iso(now), kind: "acknowledged", alert });
  }, 1000);
  response.on("close", () => clearInterval(timer));
}

async function take(request, response, id) {
  const body = JSON.parse(await new Response(request).text());
  const alert = alerts(cityNow()).find((one) => one.id === id);
  if (!alert) return problem(response, 404, "No such alert", "There is no alert with this id.");
  if (/\d{7,}/.test(body.note))
    return problem(
      response,
      422,
      "Refused",
      "The note holds what looks like a telephone number. Say what is being done, not who.",
    );
  acknowledged = {
    ...acknowledged,
    [id]: {
      state: "acknowledged",
      acknowledged: iso(cityNow()),
      acknowledged_by: body.role,
      note: body.note,
    },
  };
  return json(response, 200, { ...alert, ...acknowledged[id] });
}

function api(request, response, url) {
  const now = cityNow();
  const alertId = url.pathname.match(/^\/api\/alerts\/([^/]+)(\/acknowledge)?$/);
  if (alertId?.[2]) return take(request, response, decodeURIComponent(alertId[1]));
  if (alertId) {
    const alert = alerts(now).find((one) => one.id === decodeURIComponent(alertId[1]));
    if (!alert) return problem(response, 404, "No such alert", "There is no alert with this id.");
    return json(response, 200, { alert, history: [{ at: alert.opened, kind: "opened", alert }] });
  }
  if (url.pathname === "/api/live") return live(response);
  if (url.pathname.startsWith("/api/series/")) return json(response, 200, seriesBetween(url.searchParams));
  if (url.pathname.startsWith("/api/forecast/")) return json(response, 200, forecastAt(now));
  const answers = {
    "/api/city": city,
    "/api/state": stateAt(now),
    "/api/alerts": { items: alerts(now) },
    "/api/feeds": { items: feedsAt(now) },
    "/api/rules": { items: RULES },
  };
  const answer = answers[url.pathname];
  return answer
    ? json(response, 200, answer)
    : problem(response, 404, "Not here", "The stand-in has no such answer.");
}

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};
const POLICY =
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

function file(response, path) {
  const wanted = join(dist, normalize(path));
  const found =
    wanted.startsWith(dist) && statSync(wanted, { throwIfNoEntry: false })?.isFile()
      ? wanted
      : join(dist, "index.html");
  response.writeHead(200, {
    "content-type": TYPES[extname(found)] ?? "application/octet-stream",
    "content-security-policy": POLICY,
  });
  response.end(readFileSync(found));
}

createServer((request, response) => {
  const url = new URL(request.url, `http://${request.headers.host}`);
  const wanted = url.pathname.match(/^\/tiles\/(\d+)\/(\d+)\/(\d+)\.mvt$/);
  if (wanted) {
    response.writeHead(200, { "content-type": "application/vnd.mapbox-vector-tile" });
    response.end(tile(...wanted.slice(1).map(Number)));
  } else if (url.pathname.startsWith("/api/")) api(request, response, url);
  else file(response, url.pathname);
}).listen(port, "127.0.0.1", () =>
  process.stdout.write(`stand-in city (${state}) at http://127.0.0.1:${port}\n`),
);
