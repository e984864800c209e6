import type { Alert, AlertChange, City, FeedState, Forecast, LogEntry, Rule, Series } from "./types";

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

async function ask<T>(path: string, request?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { headers: { accept: "application/json" }, ...request });
  } catch {
    throw new Refusal(0, "No answer", "The server cannot be reached.");
  }
  if (!response.ok) throw await refusalOf(response);
  return (await response.json()) as T;
}

function send<T>(path: string, body: unknown): Promise<T> {
  return ask(path, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });
}

export const askCity = () => ask<City>("/api/city");
export const askFeeds = () => ask<{ items: FeedState[] }>("/api/feeds");
export const askRules = () => ask<{ items: Rule[] }>("/api/rules");
export const askForecast = (datastream: number) => ask<Forecast>(`/api/forecast/${datastream}`);
export const askLog = (limit: number) => ask<{ items: LogEntry[] }>(`/api/log?limit=${limit}`);
export const writeLog = (role: string, text: string) => send<LogEntry>("/api/log", { role, text });

export const askAlerts = (state: "open" | "acknowledged" | "resolved" | "all", limit: number) =>
  ask<{ items: Alert[] }>(`/api/alerts?state=${state}&limit=${limit}`);

export const askAlert = (id: string) =>
  ask<{ alert: Alert; history: AlertChange[] }>(`/api/alerts/${encodeURIComponent(id)}`);

export const acknowledge = (id: string, role: string, note: string) =>
  send<Alert>(`/api/alerts/${encodeURIComponent(id)}/acknowledge`, { role, note });

export function askSeries(datastream: number, from: Date, to: Date, points: number): Promise<Series> {
  const query = new URLSearchParams({
    from: from.toISOString(),
    to: to.toISOString(),
    points: String(points),
  });
  return ask(`/api/series/${datastream}?${query}`);
}
