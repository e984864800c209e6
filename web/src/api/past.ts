import { ask, send } from "./ask";
import type { Severity } from "./types";

// Rules tried on the past, and what moves with what: crates/townbell/src/tell/rules.rs.

export interface Ring {
  subject: string;
  opened: string;
  severity: Severity;
  worst: Severity;
  title: string;
  saw: string;
  resolved: string | null;
  closed_saw: string | null;
  stood_s: number;
  by_night: boolean;
  flapping: boolean;
  /** In no labelled episode; null where there are none. */
  for_nothing: boolean | null;
}

export interface Episode {
  name: string;
  from: string;
  until: string;
  /** How long before its beginning the alert opened; negative: after. Null: missed. */
  lead_s: number | null;
}

export interface Against {
  caught: number;
  missed: number;
  for_nothing: number;
  episodes: Episode[];
}

export interface Backtest {
  rule: string;
  sentence: string;
  state_bytes_max: number;
  /** Null where there is no history. */
  from: string | null;
  to: string | null;
  days: number;
  entries: number;
  rings_total: number;
  rings_a_day: number;
  /** Calls by night, as on-call, quiet hours and silences have it. */
  pages_by_night: number;
  /** With what follows when nobody takes an alert. */
  pages_by_night_untaken: number;
  /** 0 to 1. */
  blind_share: number;
  rings: Ring[];
  /** Null where no episodes are labelled. */
  against: Against | null;
  /** Milliseconds since the epoch, lowest and highest reading of each hour of the first series. */
  shape: [number, number, number][];
}

export interface Together {
  /** Hours by which it is ahead; negative: behind. */
  lead_h: number;
  rho: number;
  hours: number;
  effective: number;
  q: number;
}

export interface Moves {
  datastream: number;
  from: string;
  to: string;
  method: string;
  series: number;
  compared: number;
  too_short: number;
  tests: number;
  findings: {
    datastream: number;
    name: string;
    best: Together;
    ahead: Together | null;
    draft: string | null;
  }[];
}

export const backtest = (text: string, name: string, days: number) =>
  send<Backtest>("/api/backtest", { text, name, days });

export const askMoves = (datastream: number, from: string) =>
  ask<Moves>(`/api/moves?${new URLSearchParams({ datastream: String(datastream), from })}`);
