import { ask, send } from "./ask";
import type { Mistake, Severity } from "./types";

// What is kept quiet, who is called, and what was sent: crates/townbell/src/tell/{calls,notifications}.rs.

/** A window that recurs by the calendar of the city. */
export interface Repeat {
  /** Days on which it begins; Monday is bit 0. */
  weekdays: number;
  /** Minutes after midnight on the city's clocks. */
  begins_min: number;
  lasts_min: number;
}

export interface SilenceScope {
  rules: string[];
  subjects: string[];
  feeds: string[];
  /** What is worse rings all the same. */
  severity_at_most: Severity;
}

export interface Silence {
  id: string;
  reason: string;
  scope: SilenceScope;
  from: string;
  until: string;
  repeat: Repeat | null;
  owner: string;
  /** Until when it keeps quiet without a break; null while it does not. */
  quiet_until: string | null;
  ended: string | null;
  would_have_rung: number;
  missed: { alert: string; at: string; severity: Severity; title: string }[];
}

export interface SilenceRequest {
  role: string;
  reason: string;
  scope: SilenceScope;
  from: string | null;
  until: string;
  repeat: Repeat | null;
}

export interface Cover {
  id: string;
  of: string;
  by: string;
  from: string;
  until: string;
  note: string;
}

export interface Chain {
  /** Empty: any owner. */
  owners: string[];
  at_least: Severity;
  /** Roles of a step; empty: the owner. */
  steps: { after_s: number; roles: string[] }[];
  remind_every_s: number | null;
}

export interface OnCall {
  roles: { role: string; called: string; channels: string[] }[];
  covers: Cover[];
  chains: Chain[];
  /** What keeps oncall.toml from loading since the start. */
  mistakes: Mistake[];
}

export type Delivery = "waiting" | "delivered" | "failed";

export type NotificationReason =
  | "opened"
  | "reminded"
  | "escalated"
  | "worsened"
  | "surfaced"
  | "assigned"
  | "woken"
  | "resolved"
  | "silence_ending"
  | "blind";

export interface Notification {
  key: string;
  alert: string | null;
  reason: NotificationReason;
  role: string;
  channel: string;
  at: string;
  step: number;
  severity: Severity;
  title: string;
  text: string;
}

export interface KeptNotification extends Notification {
  state: Delivery;
  attempts: number;
  next: string | null;
  settled: string | null;
  receipt: string | null;
}

export interface Channel {
  name: string;
  kind: string | null;
  waiting: number;
  waiting_since: string | null;
  delivered_24h: number;
  failed_24h: number;
}

export interface Notifications {
  /** Why nothing leaves the house here; null where it does. */
  not_sent: string | null;
  items: KeptNotification[];
  channels: Channel[];
}

export const askSilences = () => ask<{ items: Silence[] }>("/api/silences");
export const makeSilence = (asked: SilenceRequest) => send<{ id: string }>("/api/silences", asked);
export const endSilence = (id: string, role: string) =>
  send<{ id: string }>(`/api/silences/${encodeURIComponent(id)}/end`, { role });

export const askOnCall = () => ask<OnCall>("/api/on-call");
export const makeCover = (asked: Omit<Cover, "id" | "from"> & { role: string; from: string | null }) =>
  send<{ id: string }>("/api/covers", asked);
export const endCover = (id: string, role: string) =>
  send<{ id: string }>(`/api/covers/${encodeURIComponent(id)}/end`, { role });

export const askNotifications = (limit: number) => ask<Notifications>(`/api/notifications?limit=${limit}`);
export const askNotificationsOf = (alert: string) =>
  ask<Notifications>(`/api/notifications?${new URLSearchParams({ alert, limit: "50" })}`);
