import { Show } from "solid-js";
import { StaleSign } from "../alerts/severity-sign";
import type { DatastreamState, Forecast, ThingState } from "../api/types";
import { createAnswer, createLevel, skillWords } from "../chart/answer";
import { SeriesChart } from "../chart/series-chart";
import { cityNow, things } from "../city/city";
import { figure, unit } from "../say/figure";
import { oldness } from "../say/span";
import { milliseconds } from "../say/time";

const BOX = { width: 262, height: 92 };
const HOURS = { back: 6, ahead: 6 };

/** The series of the chart: the first water level of the city. */
function gauge(): { thing: ThingState; datastream: DatastreamState } | undefined {
  for (const thing of things()) {
    const datastream = thing.datastreams.find((one) => one.observed_property === "water_level");
    if (datastream) return { thing, datastream };
  }
  return undefined;
}

/** What comes: six hours measured, six hours forecast with its band, and the level that matters. */
export function NextHours() {
  const series = () => gauge()?.datastream;
  const answer = createAnswer(series, HOURS.back);
  const level = createLevel(series, answer);
  const latest = () => gauge()?.datastream.latest;
  const ucum = () => gauge()?.datastream.unit_symbol ?? "m";
  const last = () => answer()?.forecast?.points.findLast(([at]) => at <= cityNow() + HOURS.ahead * 3_600_000);
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
      <SeriesChart answer={answer()} level={level()} hours={HOURS} box={BOX} label={summary()} />
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
