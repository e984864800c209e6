import type { Delivery, Notification } from "./calls";

// The server's answers, as api/openapi.json describes them. Times are RFC 3339 in UTC; names carry their units.

export type Severity = "unknown" | "info" | "minor" | "moderate" | "severe" | "extreme";
export type AlertState = "open" | "acknowledged" | "resolved";
export type FeedStatus = "on_time" | "late" | "silent" | "waiting";

export interface Position {
  longitude: number;
  latitude: number;
}

export interface Place {
  id: string;
  name: string;
  kind: string;
  position: Position;
  outline: Position[] | null;
  geocodes: string[];
}

export interface City {
  name: string;
  timezone: string;
  bbox: { west: number; south: number; east: number; north: number };
  centre: Position;
  attribution: string[];
  mode: "replay" | "live" | "sandbox";
  replay: { from: string; to: string; speed: number; label: string } | null;
  /** What every page must say: what is simulated or moved in time. */
  notice: string | null;
  places: Place[];
  roles: string[];
}

export interface Tally {
  received: number;
  stored: number;
  duplicate: number;
  rejected: Record<string, number>;
  fields_dropped: number;
}

export interface FeedState {
  id: string;
  name: string;
  kind: string;
  owner: string;
  licence: string;
  purpose: string;
  beat_s: number;
  retention_s: number;
  caveat: string | null;
  status: FeedStatus;
  last_good: string | null;
  last_asked: string | null;
  lag_s: number | null;
  tally: Tally;
  reject_share: number;
}

export interface DatastreamState {
  id: number;
  name: string;
  observed_property: string;
  property_name: string;
  unit_symbol: string;
  beat_s: number;
  feed: string;
  latest: { phenomenon_time: string; result: number } | null;
  stale: boolean;
  why: string | null;
  trend_per_h: number | null;
}

export interface ThingState {
  id: number;
  name: string;
  description: string;
  position: Position;
  datastreams: DatastreamState[];
}

/** A public vehicle, keyed by the trip that it runs. */
export interface VehicleState {
  trip: string;
  feed: string;
  route: string;
  route_name: string;
  mode: string;
  headsign: string;
  longitude: number;
  latitude: number;
  bearing_deg: number | null;
  time: string;
  delay_s: number | null;
  simulated: boolean;
}

export interface WarningState {
  id: string;
  event: string;
  severity: Severity;
  headline: string;
  description: string;
  instruction: string;
  sender_name: string;
  sent: string;
  onset: string;
  expires: string | null;
  areas: string[];
  touches: string[];
  in_force: boolean;
  feed: string;
  caveat: string | null;
  /** Language of the text (BCP 47), where the server tells it. */
  language?: string | null;
}

/** Why the watcher cannot see what it would need to judge an alert. */
export interface Blindness {
  since: string;
  why: string;
}

export interface Alert {
  id: string;
  key: { rule: string; subject: string; episode: string };
  rule_version: string;
  state: AlertState;
  severity: Severity;
  title: string;
  detail: string;
  consequence: string;
  first_action: string;
  owner: string;
  opened: string;
  respond_by: string;
  acknowledged: string | null;
  acknowledged_by: string | null;
  note: string | null;
  /** The role that works on it, where that is not its owner. */
  assigned_to: string | null;
  snoozed_until: string | null;
  /** It opened and closed again and again, and is held open. */
  flapping: boolean;
  /** The open alert that explains this one: nobody is called for it. */
  cause: string | null;
  /** How many open alerts this one explains. */
  hides: number;
  silenced_by: string | null;
  /** Readings that came after it had closed, for a time at which it was open. */
  late: number;
  resolved: string | null;
  expected: string | null;
  blind: Blindness | null;
  datastream: number | null;
  feed: string | null;
  place: string | null;
  position: Position | null;
}

export type AlertChangeKind =
  | "opened"
  | "acknowledged"
  | "updated"
  | "blinded"
  | "sighted"
  | "resolved"
  | "assigned"
  | "snoozed"
  | "woken"
  | "commented"
  | "hidden"
  | "surfaced"
  | "regrouped"
  | "silenced"
  | "unsilenced"
  | "escalated"
  | "flapping"
  | "amended"
  | "unreached";

export interface AlertChange {
  at: string;
  kind: AlertChangeKind;
  alert: Alert;
  /** The role that did it; null: the watch itself. */
  by: string | null;
  /** What was said with it. */
  words: string | null;
}

export interface CityState {
  now: string;
  started: string;
  journal_seq: number;
  feeds: FeedState[];
  things: ThingState[];
  vehicles: VehicleState[];
  warnings: WarningState[];
  alerts: Alert[];
}

export interface Rule {
  id: string;
  kind: string;
  sentence: string;
  owner: string;
  severity: Severity;
  consequence: string;
  first_action: string;
  respond_within_s: number;
  purpose: string;
  version: string;
  file: string;
  /** Where its condition holds now; null until it was looked at once. */
  truth: TruthNow | null;
}

/** By subject, before any timer; and the longest unseen. */
export interface TruthNow {
  true: number;
  false: number;
  unknown: number;
  unseen: Unseen[];
}

export interface Unseen {
  name: string;
  /** Null: too little of it has been read yet. */
  since: string | null;
  why: string;
}

/** A mistake in a file of the rules' folder. */
export interface Mistake {
  file: string;
  line: number;
  column: number;
  message: string;
}

export interface Rules {
  /** In force. */
  items: Rule[];
  /** What keeps the folder from loading as it is now; the rules before stay in force. */
  mistakes: Mistake[];
}

/** A rule as it lies in the city's folder. */
export interface RuleText {
  name: string;
  /** null: something in it could be of a person. */
  text: string | null;
  version: string;
  in_force: boolean;
  tests: string | null;
  /** What is not shown of the two. */
  withheld: Mistake[];
}

/** Milliseconds since the epoch, mean, min, max. */
export type SeriesPoint = [number, number, number, number];

export interface Series {
  datastream: number;
  from: string;
  to: string;
  unit_symbol: string;
  points: SeriesPoint[];
}

/** Milliseconds since the epoch, value, low, high. */
export type ForecastPoint = [number, number, number, number];

export interface Forecast {
  datastream: number;
  issued: string;
  horizon_h: number;
  method: string;
  points: ForecastPoint[];
  /** Share of the error of persistence that it saves at 6 h; null when not known. */
  skill: number | null;
  words: string;
  /** The level that matters, in the unit of the datastream, where the server tells it. */
  level?: number | null;
}

export interface LogEntry {
  at: string;
  role: string;
  text: string;
}

export type LiveEvent =
  | { kind: "snapshot"; data: CityState }
  | { kind: "clock"; data: { now: string; speed: number } }
  | { kind: "vehicles"; data: { now: string; upsert: VehicleState[]; remove: string[] } }
  | {
      kind: "observations";
      data: { datastream: number; phenomenon_time: string; result: number; stale: boolean }[];
    }
  | { kind: "things"; data: ThingState[] }
  | { kind: "feed"; data: FeedState }
  | { kind: "warning"; data: WarningState }
  | { kind: "alert"; data: AlertChange }
  | { kind: "call"; data: Notification }
  | { kind: "notification"; data: { key: string; state: Delivery; at: string; receipt: string | null } }
  | { kind: "rules"; data: { rules: number; mistakes: number } }
  | { kind: "blind"; data: { since: string; until: string | null; title: string; text: string } };

export type LiveEventKind = LiveEvent["kind"];
