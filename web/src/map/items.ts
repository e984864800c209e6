import { severityRank, unresolved } from "../alerts/order";
import type {
  Alert,
  FeedState,
  Place,
  Position,
  Severity,
  ThingState,
  VehicleState,
  WarningState,
} from "../api/types";
import { arrow, figure, words } from "../say/figure";
import { shortened } from "../say/shortened";
import { span } from "../say/span";
import { milliseconds } from "../say/time";

export type ItemKind = "alert" | "warning" | "station" | "vehicle";

/** One line of the list twin, and, where `onMap` holds, one symbol of the map. The map has nothing that the list has not. */
export interface MapItem {
  id: string;
  kind: ItemKind;
  /** The symbol that shows it: several lines may share one (the series of a station, an alert on a station). */
  symbol: string;
  onMap: boolean;
  name: string;
  value: string;
  /** When it was so, milliseconds since the epoch; null when nothing has come yet. */
  at: number | null;
  position: Position | null;
  /** In place of a distance, for what has no spot: "whole city", "elsewhere". */
  nowhere: string;
  severity: Severity | null;
  bearingDeg: number | null;
  /** Why it cannot be believed any more; null when it can. */
  stale: string | null;
  /** What must be said with it: simulated, moved in time. */
  caveat: string | null;
  /** Short text beside the symbol; "" for none. */
  label: string;
  /** Page of it, where it has one. */
  href: string | null;
  /** Language of the name (BCP 47), where it is not that of the page. */
  language: string | null;
}

export interface Sources {
  feeds: Record<string, FeedState>;
  things: ThingState[];
  vehicles: VehicleState[];
  warnings: WarningState[];
  alerts: Alert[];
  places: Place[];
  now: number;
}

/** What a station says on the map, in this order; the rest is in the list. */
const SPEAKING = ["water_level", "precipitation", "wind_gust", "air_temperature"];
const SPOKEN_MAX = 2;
/** The kind of a place that is the city itself. */
const WHOLE_CITY = "city";
/** Longest label on the map; the whole sentence is in the list. */
const LABEL_CHARS_MAX = 60;

/** Worst unresolved alert by the symbol that it rests on. */
function worstBySymbol(items: MapItem[]): Map<string, Severity> {
  const worst = new Map<string, Severity>();
  for (const item of items) {
    if (!item.severity) continue;
    const known = worst.get(item.symbol);
    if (!known || severityRank(item.severity) > severityRank(known)) worst.set(item.symbol, item.severity);
  }
  return worst;
}

function stationLabel(thing: ThingState, now: number): string {
  const speaking = SPEAKING.flatMap((property) =>
    thing.datastreams.filter((datastream) => datastream.observed_property === property && datastream.latest),
  ).slice(0, SPOKEN_MAX);
  const first = speaking[0];
  if (!first?.latest) return `${thing.name}: nothing yet`;
  if (first.stale) return `${thing.name}: ${span(now - milliseconds(first.latest.phenomenon_time))} old`;
  if (first.observed_property === "water_level") {
    const value = figure(first.latest.result, first.unit_symbol);
    return `${thing.name} ${value} ${arrow(first.trend_per_h, first.unit_symbol)}`.trim();
  }
  const parts = speaking.map((datastream) => {
    const value = figure(datastream.latest?.result ?? 0, datastream.unit_symbol);
    return `${datastream.property_name.toLowerCase()} ${value}`;
  });
  return `${thing.name}: ${parts.join(", ")}`;
}

function stationItems(thing: ThingState, sources: Sources): MapItem[] {
  const label = stationLabel(thing, sources.now);
  const speaker = thing.datastreams.find((datastream) => SPEAKING.includes(datastream.observed_property));
  const drawn = speaker ?? thing.datastreams[0];
  return thing.datastreams.map((datastream) => {
    const latest = datastream.latest;
    const value = latest
      ? `${figure(latest.result, datastream.unit_symbol)} ${arrow(datastream.trend_per_h, datastream.unit_symbol)}`
      : "nothing yet";
    return {
      id: `datastream:${datastream.id}`,
      kind: "station",
      symbol: `thing:${thing.id}`,
      onMap: datastream === drawn,
      name: `${thing.name}: ${datastream.property_name.toLowerCase()}`,
      value: value.trim(),
      at: latest ? milliseconds(latest.phenomenon_time) : null,
      position: thing.position,
      nowhere: "",
      severity: null,
      bearingDeg: null,
      stale: datastream.stale || !latest ? (datastream.why ?? "Nothing has come yet.") : null,
      caveat: sources.feeds[datastream.feed]?.caveat ?? null,
      label: datastream === drawn ? label : "",
      href: null,
      language: null,
    };
  });
}

function vehicleStale(vehicle: VehicleState, feed: FeedState | undefined, now: number): string | null {
  if (feed?.status === "silent") return `${feed.name} has been silent.`;
  const age = now - milliseconds(vehicle.time);
  if (feed && age > feed.beat_s * 1_000) return `No position for ${span(age)}.`;
  return null;
}

function delayWords(delayS: number | null): string {
  if (delayS === null) return "delay not known";
  const minutes = Math.round(Math.abs(delayS) / 60);
  if (minutes === 0) return "on time";
  return `${minutes} min ${delayS > 0 ? "late" : "early"}`;
}

function vehicleItem(vehicle: VehicleState, sources: Sources): MapItem {
  const feed = sources.feeds[vehicle.feed];
  const simulated = vehicle.simulated ? "simulated" : null;
  return {
    id: `vehicle:${vehicle.trip}`,
    kind: "vehicle",
    symbol: `vehicle:${vehicle.trip}`,
    onMap: true,
    name: `${vehicle.route}${vehicle.headsign ? ` to ${vehicle.headsign}` : ""} (${vehicle.mode})`,
    value: [delayWords(vehicle.delay_s), simulated].filter(Boolean).join(", "),
    at: milliseconds(vehicle.time),
    position: { longitude: vehicle.longitude, latitude: vehicle.latitude },
    nowhere: "",
    severity: null,
    bearingDeg: vehicle.bearing_deg,
    stale: vehicleStale(vehicle, feed, sources.now),
    caveat: feed?.caveat ?? simulated,
    label: "",
    href: null,
    language: null,
  };
}

function warningItem(warning: WarningState, places: Map<string, Place>): MapItem {
  const touched = warning.touches.map((id) => places.get(id)).filter((place) => place !== undefined);
  // A warning for the whole city stands on no spot of it: the card over the map and the list have it.
  const spot = touched.find((place) => place.kind !== WHOLE_CITY);
  return {
    id: `warning:${warning.id}`,
    kind: "warning",
    symbol: `warning:${warning.id}`,
    onMap: spot !== undefined,
    name: warning.headline || warning.event,
    value: `${warning.event}, ${warning.sender_name}`,
    at: milliseconds(warning.sent),
    position: spot?.position ?? null,
    nowhere: touched.length > 0 ? "whole city" : "elsewhere",
    severity: warning.severity,
    bearingDeg: null,
    stale: null,
    caveat: warning.caveat,
    label: spot ? shortened(warning.event, LABEL_CHARS_MAX) : "",
    href: null,
    language: warning.language ?? null,
  };
}

function alertItem(alert: Alert, sources: Sources, places: Map<string, Place>): MapItem {
  const thing = sources.things.find((candidate) =>
    candidate.datastreams.some((datastream) => datastream.id === alert.datastream),
  );
  const place = places.get(alert.place ?? "");
  // An alert about the whole city stands on no spot of it, unless it rests on a station.
  const wholeCity = place?.kind === WHOLE_CITY && thing === undefined;
  const position = wholeCity ? null : (alert.position ?? thing?.position ?? place?.position ?? null);
  return {
    id: `alert:${alert.id}`,
    kind: "alert",
    symbol: thing ? `thing:${thing.id}` : `alert:${alert.id}`,
    onMap: position !== null && thing === undefined,
    name: alert.title,
    value: alert.acknowledged_by ? `${words(alert.acknowledged_by)} has it` : "nobody has it",
    at: milliseconds(alert.opened),
    position,
    nowhere: wholeCity ? "whole city" : "no spot",
    severity: alert.severity,
    bearingDeg: null,
    stale: alert.blind?.why ?? null,
    caveat: null,
    label: thing ? "" : shortened(alert.title, LABEL_CHARS_MAX),
    href: `/alerts/${encodeURIComponent(alert.id)}`,
    language: null,
  };
}

/** Everything on the map: alerts worst first, warnings in force, stations, vehicles. */
export function mapItems(sources: Sources): MapItem[] {
  const places = new Map(sources.places.map((place) => [place.id, place]));
  const alerts = sources.alerts
    .filter(unresolved)
    .map((alert) => alertItem(alert, sources, places))
    .sort((a, b) => severityRank(b.severity ?? "unknown") - severityRank(a.severity ?? "unknown"));
  const warnings = sources.warnings.filter((w) => w.in_force).map((warning) => warningItem(warning, places));
  const worst = worstBySymbol(alerts);
  const stations = sources.things
    .flatMap((thing) => stationItems(thing, sources))
    .map((item) => ({ ...item, severity: worst.get(item.symbol) ?? null }));
  const vehicles = sources.vehicles.map((vehicle) => vehicleItem(vehicle, sources));
  // What is warned of elsewhere is no business of this desk: last.
  const here = warnings.filter((item) => item.nowhere !== "elsewhere");
  const elsewhere = warnings.filter((item) => item.nowhere === "elsewhere");
  return [...alerts, ...here, ...stations, ...vehicles, ...elsewhere];
}

/** Outlines of the places that a warning in force touches. The whole city is none: it would tint all of the map. */
export function warnedPlaces(warnings: WarningState[], places: Place[]): Place[] {
  const touched = new Set(
    warnings.filter((warning) => warning.in_force).flatMap((warning) => warning.touches),
  );
  return places.filter(
    (place) => touched.has(place.id) && place.outline !== null && place.kind !== WHOLE_CITY,
  );
}
