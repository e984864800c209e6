import { createEffect, createMemo, createSignal, onCleanup, Show } from "solid-js";
import { StaleSign } from "../alerts/severity-sign";
import { askForecast, askRules, askSeries, Refusal } from "../api/ask";
import type { DatastreamState, Forecast, Rule, SeriesPoint, ThingState } from "../api/types";
import { cityNow, things } from "../city/city";
import { figure, unit } from "../say/figure";
import { oldness } from "../say/span";
import { milliseconds } from "../say/time";
import { type Box, band, curve, frameOf, levelIn, x, y } from "./chart";

const BOX: Box = { width: 262, height: 92 };
const HOURS_MS = 6 * 3_600_000;
/** Pause between two questions to the server, however fast a replay brings new readings. */
const ASK_EVERY_MS = 5_000;
const POINTS = 200;

/** The series of the chart: the first water level of the city. */
function gauge(): { thing: ThingState; datastream: DatastreamState } | undefined {
  for (const thing of things()) {
    const datastream = thing.datastreams.find((one) => one.observed_property === "water_level");
    if (datastream) return { thing, datastream };
  }
  return undefined;
}

interface Answer {
  measured: SeriesPoint[];
  forecast: Forecast | null;
  refused: string | null;
}

async function ask(datastream: number, now: number): Promise<Answer> {
  const series = askSeries(datastream, new Date(now - HOURS_MS), new Date(now), POINTS).catch(() => null);
  const forecast = askForecast(datastream).catch((error: unknown) =>
    error instanceof Refusal ? error.detail : "The forecast cannot be read.",
  );
  const [points, next] = await Promise.all([series, forecast]);
  const refused = typeof next === "string" ? next : null;
  return { measured: points?.points ?? [], forecast: typeof next === "string" ? null : next, refused };
}

/** Asks again whenever a newer reading has come, at most every [`ASK_EVERY_MS`]. */
function createAnswer() {
  const [answer, setAnswer] = createSignal<Answer | null>(null);
  const reading = createMemo(
    () => `${gauge()?.datastream.id} ${gauge()?.datastream.latest?.phenomenon_time}`,
  );
  let asked = 0;
  let due: ReturnType<typeof setTimeout> | undefined;
  const askNow = async () => {
    due = undefined;
    asked = Date.now();
    const datastream = gauge()?.datastream.id;
    if (datastream !== undefined) setAnswer(await ask(datastream, cityNow()));
  };
  createEffect(() => {
    reading();
    due ??= setTimeout(askNow, Math.max(0, asked + ASK_EVERY_MS - Date.now()));
  });
  onCleanup(() => clearTimeout(due));
  return answer;
}

/** The level that matters: the forecast's own, or the one named by the rule that forecasts the water. */
function createLevel(answer: () => Answer | null) {
  const [rules, setRules] = createSignal<Rule[]>([]);
  askRules().then(
    (page) => setRules(page.items),
    () => setRules([]),
  );
  return createMemo(() => {
    const told = answer()?.forecast?.level;
    if (told !== undefined && told !== null) return told;
    const ucum = gauge()?.datastream.unit_symbol ?? "m";
    const water = rules().filter((rule) => /lake|water|level|river/i.test(rule.sentence));
    const worst = water.map((rule) => levelIn(rule.sentence, ucum)).filter((level) => level !== null);
    return worst.length > 0 ? Math.max(...worst) : null;
  });
}

function skillWords(forecast: Forecast): string {
  if (forecast.skill === null) return forecast.words;
  const percent = Math.round(forecast.skill * 100);
  return `skill ${percent > 0 ? "+" : ""}${percent} %`;
}

/** What comes: six hours measured, six hours forecast with its band, and the level that matters. */
export function NextHours() {
  const answer = createAnswer();
  const level = createLevel(answer);
  const ahead = () => answer()?.forecast?.points ?? [];
  const frame = createMemo(() => frameOf(answer()?.measured ?? [], ahead(), level(), cityNow()));
  const latest = () => gauge()?.datastream.latest;
  const ucum = () => gauge()?.datastream.unit_symbol ?? "m";
  const last = () => ahead().findLast((point) => point[0] <= frame().to);
  const measured = () => (answer()?.measured ?? []).map(([at, mean]): [number, number] => [at, mean]);
  const predicted = () => ahead().map(([at, value]): [number, number] => [at, value]);
  const nowWords = () => {
    const value = latest();
    if (!value) return "nothing measured yet";
    return `now ${figure(value.result, ucum())}`;
  };
  const endWords = () => {
    const point = last();
    if (!point) return "no forecast";
    return `+6 h: ${point[2].toFixed(2)} to ${figure(point[3], ucum())}`;
  };
  /** Age of the newest reading, the level that matters, and what was refused: the small print of the chart. */
  const notes = () => {
    const value = latest();
    const threshold = level();
    const old = value ? oldness(cityNow() - milliseconds(value.phenomenon_time)) : "";
    const dashed = threshold === null ? "" : `dashed: ${threshold.toFixed(1)} ${unit(ucum())}`;
    return [old, dashed, answer()?.refused ?? ""].filter(Boolean).join(" · ");
  };
  const summary = () => `${gauge()?.thing.name ?? "Water level"}: ${nowWords()}; ${endWords()}.`;

  return (
    <section
      class="card next"
      aria-labelledby="next-title"
      classList={{ stale: gauge()?.datastream.stale === true }}
    >
      <header class="card-head">
        <h2 id="next-title" class="card-title">
          Next 6 h, {gauge()?.thing.name ?? "water level"}
        </h2>
        <span class="faint" title={answer()?.forecast?.words}>
          {answer()?.forecast ? skillWords(answer()?.forecast as Forecast) : ""}
        </span>
      </header>
      <svg
        class="chart"
        viewBox={`0 0 ${BOX.width} ${BOX.height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summary()}
      >
        <path class="chart-band" d={band(ahead(), frame(), BOX)} />
        <Show when={level()}>
          {(value) => (
            <line
              class="chart-level"
              x1="0"
              x2={BOX.width}
              y1={y(value(), frame(), BOX)}
              y2={y(value(), frame(), BOX)}
            />
          )}
        </Show>
        <line
          class="chart-now"
          x1={x(cityNow(), frame(), BOX)}
          x2={x(cityNow(), frame(), BOX)}
          y1="0"
          y2={BOX.height}
        />
        <path class="chart-measured" d={curve(measured(), frame(), BOX)} />
        <path class="chart-forecast" d={curve(predicted(), frame(), BOX)} />
      </svg>
      <Show when={gauge()?.datastream.stale}>
        <p class="chart-why">
          <StaleSign size={15} /> {gauge()?.datastream.why}
        </p>
      </Show>
      <p class="chart-foot">
        <span class="faint">−6 h</span>
        <span>{nowWords()}</span>
        <span>{endWords()}</span>
      </p>
      <p class="chart-notes faint">{notes()}</p>
    </section>
  );
}
