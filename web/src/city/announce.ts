import { severityRank } from "../alerts/order";
import { HAPPENED, rings } from "../alerts/words";
import type { AlertChange, LiveEvent } from "../api/types";

/** What a screen reader is not told: figures that change, and marks of the grouping. */
const UNSPOKEN = new Set<AlertChange["kind"]>(["updated", "regrouped"]);

/**
 * What is spoken of the changes of one frame. What opened and rings is loud, the worst of it by name and the rest
 * as a number; of anything else the last is spoken when there is a pause.
 */
export function announcement(events: LiveEvent[]): { loud: string; quiet: string } {
  const changes = events.flatMap((event) => (event.kind === "alert" ? [event.data] : []));
  const calls = changes.filter((change) => change.kind === "opened" && rings(change.alert));
  const others = changes.filter((change) => change.kind !== "opened" && !UNSPOKEN.has(change.kind));
  const rank = (change: AlertChange) => severityRank(change.alert.severity);
  const worst = calls.reduce<AlertChange | undefined>(
    (most, change) => (!most || rank(change) > rank(most) ? change : most),
    undefined,
  );
  const last = others.at(-1);
  const more = calls.length > 1 ? ` And ${calls.length - 1} more.` : "";
  return {
    loud: worst
      ? `Act now, ${worst.alert.severity}: ${worst.alert.title}. First: ${worst.alert.first_action}${more}`
      : "",
    quiet: last ? `${last.alert.title}: ${HAPPENED[last.kind].toLowerCase()}.` : "",
  };
}
