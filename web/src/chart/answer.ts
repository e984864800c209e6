import { createEffect, createMemo, createSignal, onCleanup } from "solid-js";
import { askForecast, askRules, askSeries, Refusal } from "../api/ask";
import type { DatastreamState, Forecast, Rule, SeriesPoint } from "../api/types";
import { cityNow } from "../city/city";
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

async function ask(datastream: number, now: number, hoursBack: number): Promise<Answer> {
  const from = new Date(now - hoursBack * HOUR_MS);
  const series = askSeries(datastream, from, new Date(now), POINTS).catch(() => null);
  const forecast = askForecast(datastream).catch((error: unknown) =>
    error instanceof Refusal ? error.detail : "The forecast cannot be read.",
  );
  const [points, next] = await Promise.all([series, forecast]);
  const refused = typeof next === "string" ? next : null;
  return { measured: points?.points ?? [], forecast: typeof next === "string" ? null : next, refused };
}

/** Asks for a series and its forecast, again whenever a newer reading has come, at most every [`ASK_EVERY_MS`]. */
export function createAnswer(series: () => DatastreamState | undefined, hoursBack: number) {
  const [answer, setAnswer] = createSignal<Answer | null>(null);
  const reading = createMemo(() => `${series()?.id} ${series()?.latest?.phenomenon_time}`);
  let asked = 0;
  let due: ReturnType<typeof setTimeout> | undefined;
  const askNow = async () => {
    due = undefined;
    asked = Date.now();
    const datastream = series()?.id;
    if (datastream !== undefined) setAnswer(await ask(datastream, cityNow(), hoursBack));
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

/** The skill against persistence: "skill +38 %", or the server's words where there is no number. */
export function skillWords(forecast: Forecast): string {
  if (forecast.skill === null) return forecast.words;
  const percent = Math.round(forecast.skill * 100);
  return `skill ${percent > 0 ? "+" : ""}${percent} %`;
}
