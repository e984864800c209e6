import { createEffect, createMemo, createSignal, onCleanup } from "solid-js";
import { askForecast, askRules, askSeries, Refusal } from "../api/ask";
import type { DatastreamState, Forecast, ForecastPoint, Rule, SeriesPoint } from "../api/types";
import { city, cityNow } from "../city/city";
import { levelIn } from "./frame";

/** Pause between two questions to the server, however fast a replay brings new readings. */
const ASK_EVERY_MS = 5_000;
const POINTS = 200;
const HOUR_MS = 3_600_000;

/** What a chart draws. */
export interface Answer {
  measured: SeriesPoint[];
  forecast: Forecast | null;
  /** Why there is no forecast, in the server's words. */
  refused: string | null;
}

/** Why there is no forecast; throws where nobody answered, so that what is drawn stays. */
function refusalOf(error: unknown): string {
  if (error instanceof Refusal && error.status !== 0) return error.detail;
  throw error;
}

async function ask(datastream: number, now: number, hoursBack: number): Promise<Answer> {
  const from = new Date(now - hoursBack * HOUR_MS);
  const [series, next] = await Promise.all([
    askSeries(datastream, from, new Date(now), POINTS),
    askForecast(datastream).catch(refusalOf),
  ]);
  const refused = typeof next === "string" ? next : null;
  return { measured: series.points, forecast: typeof next === "string" ? null : next, refused };
}

/** Asks for a series and its forecast, again whenever a newer reading has come, at most every [`ASK_EVERY_MS`]. */
export function createAnswer(series: () => DatastreamState | undefined, hoursBack: number) {
  const [answer, setAnswer] = createSignal<Answer | null>(null);
  // A connection that came back has missed what was measured meanwhile.
  const reading = createMemo(
    () => `${series()?.id} ${series()?.latest?.phenomenon_time} ${city.connection() === "lost"}`,
  );
  let asked = 0;
  let due: ReturnType<typeof setTimeout> | undefined;
  const askNow = async () => {
    due = undefined;
    const datastream = series()?.id;
    if (datastream === undefined) return;
    asked = Date.now();
    const got = await ask(datastream, cityNow(), hoursBack).catch(() => null);
    if (got) setAnswer(got);
  };
  createEffect(() => {
    reading();
    due ??= setTimeout(askNow, Math.max(0, asked + ASK_EVERY_MS - Date.now()));
  });
  onCleanup(() => clearTimeout(due));
  return answer;
}

/** The level that matters for a water level: the forecast's own, or the highest that a rule about the water names. */
export function createLevel(series: () => DatastreamState | undefined, answer: () => Answer | null) {
  const [rules, setRules] = createSignal<Rule[]>([]);
  askRules().then(
    (page) => setRules(page.items),
    () => setRules([]),
  );
  return createMemo(() => {
    const told = answer()?.forecast?.level;
    if (told !== undefined && told !== null) return told;
    const current = series();
    // A rain rule names the sum of a day, which is no line for the hours.
    if (current?.observed_property !== "water_level") return null;
    const water = rules().filter((rule) => /lake|water|level|river/i.test(rule.sentence));
    const levels = water.map((rule) => levelIn(rule.sentence, current.unit_symbol));
    const named = levels.filter((level) => level !== null);
    return named.length > 0 ? Math.max(...named) : null;
  });
}

/** The forecast from the newest reading on, so that the curve goes on where the measured one ends. */
export function aheadOf(answer: Answer | null): ForecastPoint[] {
  const points = answer?.forecast?.points ?? [];
  const last = answer?.measured.at(-1);
  const first = points[0];
  if (!last || !first || last[0] >= first[0]) return points;
  return [[last[0], last[1], last[1], last[1]], ...points];
}

/** The skill against persistence: "skill +38 %", or the server's words where there is no number. */
export function skillWords(forecast: Forecast): string {
  if (forecast.skill === null) return forecast.words;
  const percent = Math.round(forecast.skill * 100);
  return `skill ${percent > 0 ? "+" : ""}${percent} %`;
}
