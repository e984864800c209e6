import type {
  Alert,
  CityState,
  DatastreamState,
  FeedState,
  LiveEvent,
  ThingState,
  VehicleState,
  WarningState,
} from "../api/types";

/** What this screen knows of the city. Records by id, so that one event changes one entry. */
export interface Picture {
  /** The city's time by the last event; null before the first. */
  now: string | null;
  /** City seconds per second. */
  speed: number | null;
  feeds: Record<string, FeedState>;
  things: Record<number, ThingState>;
  /** The thing of each datastream: a city has thousands, and hears of many of them every second. */
  thingOf: Map<number, number>;
  vehicles: Record<string, VehicleState>;
  warnings: Record<string, WarningState>;
  /**
   * A Map and not a record: a store does not look into it, so that 50,000 alerts cost no 50,000 watchers. Whoever
   * shows alerts reads them through `alerts()`, which says when they changed.
   */
  alerts: Map<string, Alert>;
}

export function emptyPicture(): Picture {
  return {
    now: null,
    speed: null,
    feeds: {},
    things: {},
    thingOf: new Map(),
    vehicles: {},
    warnings: {},
    alerts: new Map(),
  };
}

/** Resolved alerts leave the screen after this long; the history page asks the server for older ones. */
export const RESOLVED_SHOWN_MS = 24 * 3_600_000;

function byKey<T>(items: T[], key: (item: T) => string | number): Record<string, T> {
  return Object.fromEntries(items.map((item) => [key(item), item]));
}

function foldSnapshot(picture: Picture, state: CityState): void {
  picture.now = state.now;
  picture.feeds = byKey(state.feeds, (feed) => feed.id);
  picture.things = byKey(state.things, (thing) => thing.id);
  picture.thingOf = new Map();
  for (const thing of state.things) noteThing(picture, thing);
  picture.vehicles = byKey(state.vehicles, (vehicle) => vehicle.trip);
  picture.warnings = byKey(state.warnings, (warning) => warning.id);
  picture.alerts = new Map(state.alerts.map((alert) => [alert.id, alert]));
}

function noteThing(picture: Picture, thing: ThingState) {
  for (const datastream of thing.datastreams) picture.thingOf.set(datastream.id, thing.id);
}

/** A datastream with the thing that it is of. */
export function findDatastream(
  picture: Picture,
  id: number,
): { thing: ThingState; datastream: DatastreamState } | undefined {
  const thing = picture.things[picture.thingOf.get(id) ?? Number.NaN];
  const datastream = thing?.datastreams.find((candidate) => candidate.id === id);
  return thing && datastream ? { thing, datastream } : undefined;
}

function foldObservation(
  picture: Picture,
  seen: { datastream: number; phenomenon_time: string; result: number },
) {
  const datastream = findDatastream(picture, seen.datastream)?.datastream;
  // A late arrival does not replace what is newer.
  if (!datastream || (datastream.latest && datastream.latest.phenomenon_time > seen.phenomenon_time)) return;
  datastream.latest = { phenomenon_time: seen.phenomenon_time, result: seen.result };
  datastream.stale = false;
  datastream.why = null;
}

function dropOldAlerts(picture: Picture): void {
  if (!picture.now) return;
  const oldest = Date.parse(picture.now) - RESOLVED_SHOWN_MS;
  for (const alert of picture.alerts.values()) {
    if (alert.resolved && Date.parse(alert.resolved) < oldest) picture.alerts.delete(alert.id);
  }
}

/** Changes the picture by one event. Pure but for the picture it is given. */
export function fold(picture: Picture, event: LiveEvent): void {
  switch (event.kind) {
    case "snapshot":
      foldSnapshot(picture, event.data);
      break;
    case "clock":
      picture.now = event.data.now;
      picture.speed = event.data.speed;
      dropOldAlerts(picture);
      break;
    case "vehicles":
      for (const vehicle of event.data.upsert) picture.vehicles[vehicle.trip] = vehicle;
      for (const trip of event.data.remove) delete picture.vehicles[trip];
      break;
    case "observations":
      for (const observation of event.data) foldObservation(picture, observation);
      break;
    case "things":
      for (const thing of event.data) {
        picture.things[thing.id] = thing;
        noteThing(picture, thing);
      }
      break;
    case "feed":
      picture.feeds[event.data.id] = event.data;
      break;
    case "warning":
      picture.warnings[event.data.id] = event.data;
      break;
    case "alert":
      picture.alerts.set(event.data.alert.id, event.data.alert);
      break;
  }
}
