import type { Alert, AlertChange, City, FeedState, Forecast, LogEntry, Rules, Series } from "./types";

/** A refusal of the server (RFC 9457), or no answer at all (status 0). */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
  }
}

async function refusalOf(response: Response): Promise<Refusal> {
  const problem = await response.json().catch(() => ({}));
  const title = typeof problem.title === "string" ? problem.title : response.statusText;
  const detail =
    typeof problem.detail === "string" ? problem.detail : `The server answered ${response.status}.`;
  return new Refusal(response.status, title, detail);
}

export async function ask<T>(path: string, request?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { headers: { accept: "application/json" }, ...request });
  } catch {
    throw new Refusal(0, "No answer", "The server cannot be reached.");
  }
  if (!response.ok) throw await refusalOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export function send<T>(path: string, body: unknown): Promise<T> {
  return ask(path, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });
}

export const askCity = () => ask<City>("/api/city");
export const askFeeds = () => ask<{ items: FeedState[] }>("/api/feeds");
export const askRules = () => ask<Rules>("/api/rules");
export const askForecast = (datastream: number) => ask<Forecast>(`/api/forecast/${datastream}`);
export const askLog = (limit: number) => ask<{ items: LogEntry[] }>(`/api/log?limit=${limit}`);
export const writeLog = (role: string, text: string) => send<LogEntry>("/api/log", { role, text });

/** Which alerts; every part that is given must fit. Times are RFC 3339. */
export interface AlertSearch {
  state?: "open" | "acknowledged" | "resolved" | "all";
  rule?: string;
  owner?: string;
  severity?: string;
  from?: string;
  to?: string;
  text?: string;
  /** Go on after this alert, the last of the page before. */
  after?: string;
}

export function askAlerts(search: AlertSearch, limit: number): Promise<{ items: Alert[] }> {
  const given = Object.entries(search).filter(([, value]) => value);
  return ask(`/api/alerts?${new URLSearchParams([...given, ["limit", String(limit)]])}`);
}

export const askAlert = (id: string) =>
  ask<{ alert: Alert; history: AlertChange[] }>(`/api/alerts/${encodeURIComponent(id)}`);

const onAlert = (id: string, what: string, body: unknown) =>
  send<Alert>(`/api/alerts/${encodeURIComponent(id)}/${what}`, body);

export const acknowledge = (id: string, role: string, note: string) =>
  onAlert(id, "acknowledge", { role, note });
export const assign = (id: string, role: string, to: string, note: string) =>
  onAlert(id, "assign", { role, to, note });
export const snooze = (id: string, role: string, until: string, note: string) =>
  onAlert(id, "snooze", { role, until, note });
export const wake = (id: string, role: string) => onAlert(id, "wake", { role });
export const comment = (id: string, role: string, text: string) => onAlert(id, "comment", { role, text });

export function askSeries(datastream: number, from: Date, to: Date, points: number): Promise<Series> {
  const query = new URLSearchParams({
    from: from.toISOString(),
    to: to.toISOString(),
    points: String(points),
  });
  return ask(`/api/series/${datastream}?${query}`);
}
