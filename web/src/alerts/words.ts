import type { Alert } from "../api/types";
import { words } from "../say/figure";
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
