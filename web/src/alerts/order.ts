import type { Alert, Severity } from "../api/types";

/** From what may wait to what may not. Unknown sorts lowest, and never turns into "fine". */
export const SEVERITIES: readonly Severity[] = ["unknown", "info", "minor", "moderate", "severe", "extreme"];

export const severityRank = (severity: Severity) => SEVERITIES.indexOf(severity);

export const unresolved = (alert: Alert) => alert.state !== "resolved";

/** Worst first; of the same severity what nobody has yet, then what has least time left. */
export function byUrgency(a: Alert, b: Alert): number {
  return (
    severityRank(b.severity) - severityRank(a.severity) ||
    Number(a.state === "acknowledged") - Number(b.state === "acknowledged") ||
    Date.parse(a.respond_by) - Date.parse(b.respond_by) ||
    a.id.localeCompare(b.id)
  );
}

/** Newest first. */
export function byOpened(a: Alert, b: Alert): number {
  return Date.parse(b.opened) - Date.parse(a.opened) || a.id.localeCompare(b.id);
}

/** What must be acted on, most urgent first. */
export function actNow(alerts: Alert[]): Alert[] {
  return alerts.filter(unresolved).sort(byUrgency);
}
