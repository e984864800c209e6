import { ask } from "./ask";

// Whether people can answer what rings: crates/townbell/src/tell/health.rs.

/** A figure with its bar; `right`: it is not above. */
export interface Figure {
  value: number;
  bar: number;
  right: boolean;
}

/** The load of one operator position: a role. */
export interface Position {
  role: string;
  opened: number;
  hourly: Figure;
  hourly_max: Figure;
  /** Milliseconds since the epoch at which a clock hour of UTC began, and the alerts in it; none are left out. */
  by_hour: [at: number, count: number][];
  floods: number;
  /** 0 to 1. */
  flood_share: Figure;
  chattering: Figure;
  stale: Figure;
  never_acted_on: number;
  resolved: number;
  /** Shares of low, high and emergency alerts, 0 to 1. */
  mix: [number, number, number];
  mix_bar: [number, number, number];
}

export interface RuleHealth {
  rule: string;
  opened: number;
  /** 0 to 1. */
  share: number;
  never_acted_on: number;
  chattering: number;
  stale: number;
}

export interface AlarmHealth {
  from: string;
  to: string;
  positions: Position[];
  worst: RuleHealth[];
}

export const askAlarmHealth = (from: number, to: number) =>
  ask<AlarmHealth>(
    `/api/alarm-health?${new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })}`,
  );
