import type { AlertChange } from "../api/types";
import { count, words } from "../say/figure";
import { glued } from "../say/glued";
import { when } from "../say/time";
import { HAPPENED, sentence } from "./words";

/** The note with a gift: the journal has the role that gets it before it. */
function afterRole(words: string, role: string): string {
  return words.startsWith(role) ? words.slice(role.length).replace(/^[:,.]?\s*/, "") : words;
}

/** What was said with a step, or what the alert said after it. */
export function said(change: AlertChange): string {
  switch (change.kind) {
    case "acknowledged":
      return change.words ?? change.alert.note ?? "";
    case "blinded":
      return change.alert.blind?.why ?? "";
    case "regrouped":
      return `Hides ${count(change.alert.hides)} now.`;
    case "opened":
    case "updated":
    case "sighted":
    case "resolved":
      return glued(`${sentence(change.alert.title)} ${change.alert.detail}`);
    case "assigned":
      return afterRole(change.words ?? "", change.alert.assigned_to ?? "");
    case "escalated":
      return change.words ? `To ${change.words.replaceAll("_", " ")}.` : "";
    case "unreached": {
      // The role, then the channel as oncall.toml names it.
      const [role, rest] = (change.words ?? "").split(" by ", 2);
      return rest ? `${words(role ?? "")} by ${rest}.` : (change.words ?? "");
    }
    default:
      return change.words ?? "";
  }
}

/** What happened, and which role did it. */
export function happened(change: AlertChange, now: number, zone: string): string {
  const by = change.by ?? (change.kind === "acknowledged" ? change.alert.acknowledged_by : null);
  const role = by ? words(by).toLowerCase() : null;
  const { assigned_to, snoozed_until } = change.alert;
  if (change.kind === "assigned" && assigned_to) {
    return `Given to ${words(assigned_to).toLowerCase()}${role ? ` by ${role}` : ""}`;
  }
  if (change.kind === "snoozed" && snoozed_until) {
    return `Put off until ${when(snoozed_until, now, zone)}${role ? ` by ${role}` : ""}`;
  }
  return role ? `${HAPPENED[change.kind]} by ${role}` : HAPPENED[change.kind];
}
