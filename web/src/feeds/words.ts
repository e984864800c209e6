import type { FeedState } from "../api/types";

const KINDS: Record<string, string> = {
  gtfs: "GTFS",
  gtfs_rt_vehicle_positions: "GTFS-RT positions",
  gtfs_rt_trip_updates: "GTFS-RT trip updates",
  gtfs_rt_alerts: "GTFS-RT alerts",
  sensor_things: "SensorThings 1.1",
  cap_atom: "CAP 1.2, Atom",
  cap_files: "CAP 1.2, files",
  control_room: "Control room",
  open311: "Open311 GeoReport v2",
};

/** The standard that a feed speaks. */
export function standard(kind: string): string {
  return KINDS[kind] ?? kind;
}

const STATUS: Record<FeedState["status"], string> = {
  on_time: "on time",
  late: "late",
  silent: "silent",
  waiting: "waiting",
};

export function statusWord(status: FeedState["status"]): string {
  return STATUS[status];
}

/** Why what rests on a feed is hatched; null while it can be believed. */
export function doubt(feed: FeedState): string | null {
  if (feed.status === "silent") return "Past its beat: everything that rests on it is shown as unknown.";
  if (feed.status === "late") return "Past half of its beat: what it told last is still believed.";
  return null;
}

const REASONS: Record<string, string> = {
  malformed: "not the format, or cut off",
  too_large: "larger than its limit",
  missing_field: "a required field is missing",
  out_of_range: "a number out of its range",
  bad_time: "a time without a zone, or impossible",
  bad_id: "an id of the wrong shape",
  unknown_reference: "refers to something unknown",
  unsupported: "in the standard, but not taken here",
  not_allowed: "the line: not on the list of what may enter",
  not_in_service: "no trip in service, or in a depot",
  personal_text: "text that could be about a person",
  stale: "older than what is known",
  not_actual: "a test or a draft",
};

/** A reason to refuse, in words. */
export function reason(code: string): string {
  return REASONS[code] ?? code.replaceAll("_", " ");
}

export function rejected(feed: FeedState): number {
  return Object.values(feed.tally.rejected).reduce((sum, count) => sum + count, 0);
}

/** Whether the account of a feed adds up. The server holds it to that; a screen that sees otherwise says so. */
export function balances(feed: FeedState): boolean {
  return feed.tally.received === feed.tally.stored + feed.tally.duplicate + rejected(feed);
}
