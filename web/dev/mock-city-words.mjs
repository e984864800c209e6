// The invented part of the mock city: feeds, rules, warnings, alerts. See README.md beside this file.
const iso = (ms) => new Date(ms).toISOString();
const MINUTE = 60e3;

function feed(id, name, kind, status, ageS, received, refused, more = {}) {
  return (now) => ({
    id,
    name,
    kind,
    owner: "Agency",
    licence: "open data",
    purpose: "to see a flood come in time to close the gates",
    beat_s: 2700,
    retention_s: 315_360_000,
    caveat: null,
    status,
    last_good: iso(now - ageS * 1000),
    last_asked: iso(now - 5000),
    lag_s: 120,
    tally: {
      received,
      stored: received - refused - 4,
      duplicate: 4,
      rejected: refused ? { not_in_service: refused } : {},
      fields_dropped: 12,
    },
    reject_share: refused / received,
    ...more,
  });
}

const simulated = { caveat: "Simulated from the timetable: no recording exists.", beat_s: 180 };
const usual = [
  feed("water", "Level of Lake Guaíba", "sensor_things", "on_time", 130, 412, 0),
  feed("weather", "Weather at Jardim Botânico", "sensor_things", "on_time", 1300, 217, 3),
  feed("civil-defence", "Warnings of the state civil defence", "cap_atom", "on_time", 90, 22, 1, {
    beat_s: 1200,
  }),
  feed("bus-timetable", "Bus timetable", "gtfs", "on_time", 30_000, 136_000, 0),
  feed("rail-timetable", "Train timetable", "gtfs", "on_time", 30_000, 16_000, 0),
  feed(
    "bus-positions",
    "Bus positions",
    "gtfs_rt_vehicle_positions",
    "on_time",
    12,
    84_112,
    1_401,
    simulated,
  ),
  feed("rail-positions", "Train positions", "gtfs_rt_vehicle_positions", "on_time", 12, 9_112, 0, simulated),
  feed("bus-updates", "Bus delays", "gtfs_rt_trip_updates", "on_time", 12, 84_112, 0, simulated),
];

export function FEEDS(now, state) {
  const silent = feed(
    "rail-updates",
    "Train delays",
    "gtfs_rt_trip_updates",
    "silent",
    3 * 3600,
    9_112,
    0,
    simulated,
  );
  const fine = feed(
    "rail-updates",
    "Train delays",
    "gtfs_rt_trip_updates",
    "on_time",
    12,
    9_112,
    0,
    simulated,
  );
  return [...usual, state === "calm" ? fine : silent].map((make) => make(now));
}

export const RULES = [
  {
    id: "lake-rise",
    kind: "time_to_level",
    sentence:
      "When Lake Guaíba at Cais Mauá rises so that it reaches 3.0 m within 18 h, the water desk must act within 30 min.",
    owner: "water_desk",
    severity: "severe",
    consequence: "Above 3.0 m water reaches the harbour and Navegantes.",
    first_action: "start plan “Close the dyke gates”",
    respond_within_s: 1800,
    purpose: "time to close fourteen gates",
    version: "3f9a1c22b7d0",
    file: "rules/lake-rise.toml",
  },
  {
    id: "feed-silent",
    kind: "absence",
    sentence: "When any feed is silent for longer than its beat, the duty officer must look within 15 min.",
    owner: "duty_officer",
    severity: "minor",
    consequence: "What rests on it is unknown.",
    first_action: "call the agency's desk",
    respond_within_s: 900,
    purpose: "a quiet screen must mean that it is quiet",
    version: "91d2aa01c3ef",
    file: "rules/feed-silent.toml",
  },
];

export function WARNINGS(now) {
  return [
    {
      id: "dcrs-1",
      event: "Tempestade com vento",
      severity: "moderate",
      language: "pt-BR",
      headline: "Defesa Civil alerta: condição de ATENÇÃO para rajadas de vento na região de Porto Alegre",
      description: "",
      instruction: "Evite áreas de risco. Emergência ligue 190/193.",
      sender_name: "Defesa Civil RS",
      sent: iso(now - 100 * MINUTE),
      onset: iso(now - 100 * MINUTE),
      expires: iso(now + 300 * MINUTE),
      areas: ["Porto Alegre"],
      touches: ["porto-alegre"],
      in_force: true,
      feed: "civil-defence",
      caveat: "Recorded in August 2026 and moved back by 828 days.",
    },
  ];
}

const begin = Date.parse("2024-05-02T04:12:40Z");

function alert(id, severity, title, detail, first, owner, ageMin, leftMin, more = {}) {
  return {
    id,
    key: { rule: id.split("~")[0], subject: "datastream:1", episode: iso(begin) },
    rule_version: "3f9a1c22b7d0",
    state: "open",
    severity,
    title,
    detail,
    consequence: "Above 3.0 m water reaches the harbour, Navegantes and parts of Menino Deus.",
    first_action: first,
    owner,
    opened: iso(begin - ageMin * MINUTE),
    respond_by: iso(begin + leftMin * MINUTE),
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
    ...more,
  };
}

const taken = {
  state: "acknowledged",
  acknowledged: iso(begin - 5 * MINUTE),
  acknowledged_by: "duty_officer",
  note: "Gates crew called.",
};
const some = [
  alert(
    "lake-rise~datastream_1~1",
    "severe",
    "Lake Guaíba will pass 3.0 m about 13:00",
    "2.41 m, rising 5 cm an hour.",
    "start plan “Close the dyke gates”",
    "water_desk",
    31,
    600,
    { datastream: 1, expected: "2024-05-02T16:00:00Z", ...taken },
  ),
  alert(
    "trip-late~trip_1~1",
    "moderate",
    "Trensurb: no train past São Pedro for 24 min",
    "Planned every 10 min.",
    "replacement bus from Farrapos",
    "transit_desk",
    15,
    45,
    { position: { longitude: -51.2, latitude: -30.008 } },
  ),
  alert(
    "feed-silent~feed_rail~1",
    "minor",
    "Train delays silent for 3 h",
    "Beat 3 min.",
    "call Trensurb's control desk",
    "duty_officer",
    170,
    9000,
    { feed: "rail-updates" },
  ),
];
const more = [
  alert(
    "storm~warning_1~1",
    "moderate",
    "Civil defence warns of gusts that touch Porto Alegre",
    "Until 06:00.",
    "secure the works at the quay",
    "works_desk",
    100,
    -20,
    { place: "porto-alegre" },
  ),
  alert(
    "rain~datastream_3~1",
    "extreme",
    "80 mm of rain in six hours at Jardim Botânico",
    "81.4 mm.",
    "pumps 1 to 22 on full",
    "water_desk",
    12,
    18,
    { datastream: 3, blind: { since: iso(begin - 4 * MINUTE), why: "Weather has been silent for 3 h" } },
  ),
  alert(
    "x~1~1",
    "info",
    "Timetable changes at midnight",
    "Sunday service.",
    "tell the depots",
    "transit_desk",
    12,
    400,
  ),
];

/** Alerts of the invented city: none, three, or more than fit. */
export function alertsAt(_now, state) {
  if (state === "calm") return [];
  return state === "busy" ? [...some, ...more] : some;
}
