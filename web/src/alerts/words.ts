import type { Alert, AlertChangeKind } from "../api/types";
import { count, words } from "../say/figure";
import { shortened } from "../say/shortened";
import { left, span } from "../say/span";
import { milliseconds, when } from "../say/time";

/** Who has an alert: "Nobody has it.", "Water desk has it." */
export function holder(alert: Alert): string {
  return alert.acknowledged_by ? `${words(alert.acknowledged_by)} has it.` : "Nobody has it.";
}

/** What is left to do it in: "12 min left"; once taken, who has it; once over, "closed". */
export function remaining(alert: Alert, now: number): string {
  if (alert.state === "resolved") return "closed";
  if (alert.state === "acknowledged") return alert.acknowledged_by ? words(alert.acknowledged_by) : "taken";
  return left(milliseconds(alert.respond_by), now);
}

/** Whether nobody took it in time. */
export function overdue(alert: Alert, now: number): boolean {
  return alert.state === "open" && milliseconds(alert.respond_by) < now;
}

/** "since 00:41", or for a closed one how long it lasted. */
export function lasting(alert: Alert, now: number, zone: string): string {
  if (!alert.resolved) return `since ${when(alert.opened, now, zone)}`;
  return `lasted ${span(milliseconds(alert.resolved) - milliseconds(alert.opened))}`;
}

/** Characters on one line of an alert on the night desk. */
const LINE_CHARS = 53;
/** A detail cut below this says nothing: then it is left to the alert's page. */
const DETAIL_CHARS_MIN = 24;

/** The detail as far as there is room beside what to do first and who has it, which are never cut. */
export function brief(alert: Alert, lines: number): string {
  const room =
    lines * LINE_CHARS - sentence(alert.first_action).length - holder(alert).length - "First: ".length;
  return room < DETAIL_CHARS_MIN ? "" : sentence(shortened(sentence(alert.detail), room));
}

/** Ends a text like a sentence, for texts that come without. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" || /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** What happened to an alert, as its history says it. */
export const HAPPENED: Record<AlertChangeKind, string> = {
  opened: "Opened",
  acknowledged: "Taken",
  updated: "Changed",
  blinded: "Can no longer be seen",
  sighted: "Can be seen again",
  resolved: "Closed by its own condition",
  assigned: "Given away",
  snoozed: "Put off",
  woken: "Calls again",
  commented: "Comment",
  hidden: "Explained by another alert: nobody is called for it",
  surfaced: "What explained it is over: it calls for itself",
  regrouped: "Explains more, or fewer, alerts than before",
  silenced: "Kept quiet by a silence",
  unsilenced: "No silence keeps it quiet any more",
  escalated: "Nobody took it in time, or could be reached: the next role is called",
  flapping: "Opens and closes again and again: held open until it is calm",
  amended: "A reading came late, for a time at which it was open",
  unreached: "A role could not be reached",
};

/** What keeps an open alert from calling anybody; null where nothing does. */
export type Quiet = "hidden" | "silenced" | "snoozed";

export function quiet(alert: Alert): Quiet | null {
  if (alert.state === "resolved") return null;
  if (alert.cause !== null) return "hidden";
  if (alert.silenced_by !== null) return "silenced";
  return alert.snoozed_until === null ? null : "snoozed";
}

/** Open, nobody has it, and nothing keeps it quiet. */
export const rings = (alert: Alert) => alert.state === "open" && quiet(alert) === null;

/** What stands beside an alert besides its figures: "hides 37", "snoozed until 04:10", "flapping". */
export function marks(alert: Alert, now: number, zone: string): string[] {
  const given = alert.assigned_to && alert.assigned_to !== alert.acknowledged_by ? alert.assigned_to : null;
  const found = [
    alert.hides > 0 && `hides ${count(alert.hides)}`,
    alert.cause !== null && "explained by another alert",
    alert.silenced_by !== null && "silenced",
    alert.snoozed_until !== null && `snoozed until ${when(alert.snoozed_until, now, zone)}`,
    given && `given to ${words(given).toLowerCase()}`,
    alert.flapping && "flapping",
    alert.late > 0 && `${count(alert.late)} ${alert.late === 1 ? "reading" : "readings"} came late`,
  ];
  return found.filter((mark) => typeof mark === "string");
}

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
