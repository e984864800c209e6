import { byUrgency, first, severityRank, unresolved } from "../alerts/order";
import type { Alert, WarningState } from "../api/types";

/** What the public page leads with. */
export type Lead =
  | { kind: "alert"; alert: Alert }
  | { kind: "warning"; warning: WarningState }
  | { kind: "calm" };

/** Alerts about the centre's own eyes (a silent feed) are no news for a resident. */
const isNews = (alert: Alert) => !alert.key.subject.startsWith("feed:") && severityRank(alert.severity) >= 2;

/** The worst open alert that concerns the city; else the worst warning that touches it; else nothing. */
export function lead(alerts: Alert[], warnings: WarningState[]): Lead {
  // A silence keeps a desk from being called, and changes nothing for residents.
  const alert = first(
    alerts.filter((one) => unresolved(one) && isNews(one)),
    1,
    (a, b) => severityRank(b.severity) - severityRank(a.severity) || byUrgency(a, b),
  )[0];
  const warning = warnings
    .filter((one) => one.in_force && one.touches.length > 0)
    .sort((a, b) => severityRank(b.severity) - severityRank(a.severity) || b.sent.localeCompare(a.sent))[0];
  if (alert && (!warning || severityRank(alert.severity) >= severityRank(warning.severity))) {
    return { kind: "alert", alert };
  }
  return warning ? { kind: "warning", warning } : { kind: "calm" };
}

/** Sentences of an instruction as steps; at most `max`. */
export function steps(instruction: string, max: number): string[] {
  return instruction
    .split(/(?<=[.!])\s+|\n+/)
    .map((step) => step.trim())
    .filter((step) => step.length > 2)
    .slice(0, max);
}
