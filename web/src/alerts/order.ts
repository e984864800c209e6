import type { Alert, Severity } from "../api/types";
import { quiet } from "./words";

/** From what may wait to what may not. Unknown sorts lowest, and never turns into "fine". */
export const SEVERITIES: readonly Severity[] = ["unknown", "info", "minor", "moderate", "severe", "extreme"];

export const severityRank = (severity: Severity) => SEVERITIES.indexOf(severity);

export const unresolved = (alert: Alert) => alert.state !== "resolved";

/** More milliseconds than any time of our calendar has: what stands before the time in [`urgency`]. */
const TIME_ROOM = 2 ** 43;

/**
 * A number that is lower the more urgent an alert is: what rings before what is kept quiet, worst first, then what
 * nobody has yet, then what has least time left. A number, since a storm is put in order every second.
 */
function urgency(alert: Alert): number {
  const kept = quiet(alert) === null ? 0 : 1;
  const milder = SEVERITIES.length - severityRank(alert.severity);
  const taken = alert.state === "acknowledged" ? 1 : 0;
  return ((kept * (SEVERITIES.length + 1) + milder) * 2 + taken) * TIME_ROOM + Date.parse(alert.respond_by);
}

const byId = (a: Alert, b: Alert) => (a.id < b.id ? -1 : Number(a.id > b.id));

/** Most urgent first. For a few: [`urgent`] is for many. */
export const byUrgency = (a: Alert, b: Alert): number => urgency(a) - urgency(b) || byId(a, b);

/** Puts many in order, each looked at once. */
function sorted(alerts: Alert[], key: (alert: Alert) => number): Alert[] {
  const keyed = alerts.map((alert) => ({ alert, key: key(alert) }));
  keyed.sort((a, b) => a.key - b.key || byId(a.alert, b.alert));
  return keyed.map(({ alert }) => alert);
}

export const urgent = (alerts: Alert[]) => sorted(alerts, urgency);

/** Newest first. */
export const newest = (alerts: Alert[]) => sorted(alerts, (alert) => -Date.parse(alert.opened));

/** What must be acted on, most urgent first. */
export function actNow(alerts: Alert[]): Alert[] {
  return urgent(alerts.filter(unresolved));
}

/** The first `most` of what `order` would give, without putting the rest in order. */
export function first<T>(all: Iterable<T>, most: number, order: (a: T, b: T) => number): T[] {
  const kept: T[] = [];
  for (const one of all) {
    const last = kept[most - 1];
    if (last !== undefined && order(one, last) >= 0) continue;
    const at = kept.findIndex((other) => order(one, other) < 0);
    kept.splice(at < 0 ? kept.length : at, 0, one);
    kept.length = Math.min(kept.length, most);
  }
  return kept;
}

/** Not over, and nothing keeps it quiet. */
export const callsFor = (alert: Alert) => unresolved(alert) && quiet(alert) === null;

export interface Tally {
  /** Ring: nobody has them. */
  open: number;
  taken: number;
  /** Not over, and hidden, silenced or snoozed. */
  quiet: number;
  closed: number;
}

export function tallyOf(alerts: Iterable<Alert>): Tally {
  const tally = { open: 0, taken: 0, quiet: 0, closed: 0 };
  for (const alert of alerts) {
    if (alert.state === "resolved") tally.closed += 1;
    else if (quiet(alert) !== null) tally.quiet += 1;
    else if (alert.state === "acknowledged") tally.taken += 1;
    else tally.open += 1;
  }
  return tally;
}
