import type { AlertSearch } from "../api/ask";
import { sentOf } from "../say/wall";

const DAY_MS = 86_400_000;

/** What the form says; empty is any. Dates are days of the city. */
export interface Wanted {
  text: string;
  state: "" | "open" | "acknowledged" | "resolved";
  severity: string;
  owner: string;
  rule: string;
  from: string;
  to: string;
}

export const ANY: Wanted = { text: "", state: "", severity: "", owner: "", rule: "", from: "", to: "" };

export const isSearch = (wanted: Wanted) => Object.values(wanted).some((value) => value.trim() !== "");

/** The question to the server: the last day counts whole. */
export function searchOf(wanted: Wanted, zone: string): AlertSearch {
  const dayAfter = (day: string) => new Date(Date.parse(`${day}T00:00Z`) + DAY_MS).toISOString().slice(0, 10);
  const { text, state, severity, owner, rule, from, to } = wanted;
  return {
    state: state || "all",
    text: text.trim(),
    severity,
    owner,
    rule: rule.trim(),
    from: (from && sentOf(`${from}T00:00`, zone)) || "",
    to: (to && sentOf(`${dayAfter(to)}T00:00`, zone)) || "",
  };
}
