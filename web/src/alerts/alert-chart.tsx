import { Show } from "solid-js";
import type { DatastreamState, ThingState } from "../api/types";
import { createAnswer, createLevel, skillWords } from "../chart/answer";
import { SeriesChart } from "../chart/series-chart";
import { cityNow } from "../city/city";
import { figure, unit } from "../say/figure";
import { age } from "../say/span";
import { milliseconds } from "../say/time";
import { StaleSign } from "./severity-sign";

const BOX = { width: 640, height: 170 };
const HOURS = { back: 24, ahead: 6 };

/** The series that an alert rests on: the last day, and the next hours where there is a forecast. */
export function AlertChart(props: { thing: ThingState; datastream: DatastreamState }) {
  const series = () => props.datastream;
  const answer = createAnswer(series, HOURS.back);
  const level = createLevel(series, answer);
  const nowWords = () => {
    const latest = series().latest;
    if (!latest) return "nothing measured yet";
    return `${figure(latest.result, series().unit_symbol)}, ${age(cityNow() - milliseconds(latest.phenomenon_time))}`;
  };
  const skill = () => {
    const forecast = answer()?.forecast;
    return forecast ? skillWords(forecast) : (answer()?.refused ?? "");
  };
  const dashed = () => {
    const value = level();
    return value === null ? "" : `dashed: ${value.toFixed(1)} ${unit(series().unit_symbol)}`;
  };
  const title = () => `${props.thing.name}: ${series().property_name.toLowerCase()}, one day`;
  return (
    <section class="card alert-chart" classList={{ stale: series().stale }} aria-labelledby="series-title">
      <header class="card-head">
        <h2 id="series-title" class="card-title">
          {title()}
        </h2>
        <span class="faint">{skill()}</span>
      </header>
      <SeriesChart
        answer={answer()}
        level={level()}
        hours={HOURS}
        box={BOX}
        label={`${title()}. Now ${nowWords()}. ${dashed()}`}
      />
      <p class="chart-foot">
        <span class="faint">−24 h</span>
        <span>{nowWords()}</span>
        <span>{dashed()}</span>
        <span class="faint">+6 h</span>
      </p>
      <Show when={series().stale}>
        <p class="chart-why">
          <StaleSign size={15} /> {series().why}
        </p>
      </Show>
    </section>
  );
}
