import { createMemo, createSignal, For, Show } from "solid-js";
import type { AlarmHealth } from "../api/health";
import { zone } from "../city/city";
import { count, words } from "../say/figure";
import { date, dayMonth, hourMinute, milliseconds } from "../say/time";
import { Field } from "../shell/field";
import { barsOf, hoursOf, topOf } from "./hours";

const BOX = { width: 1_000, height: 160 };
/** An hour of the longest span is a pixel or two wide; thinner is not seen. */
const WIDTH_MIN = 1.5;
/** Hours that the table lists: the busiest. */
const LISTED_MAX = 50;

/** Alerts an hour as bars beside what one position can manage, and the same as a table. */
export function HoursPlot(props: { health: AlarmHealth }) {
  const [role, setRole] = createSignal("");
  const chosen = () => {
    const found = props.health.positions.filter((one) => one.role === role());
    return found.length > 0 ? found : props.health.positions;
  };
  const bar = () => props.health.positions[0]?.hourly_max.bar ?? 0;
  const hours = createMemo(() => hoursOf(chosen()));
  const [from, to] = [() => milliseconds(props.health.from), () => milliseconds(props.health.to)];
  const bars = createMemo(() => barsOf(hours(), from(), to(), bar()));
  const level = () => BOX.height - (bar() / topOf(hours(), bar())) * BOX.height;
  const above = () => hours().filter((hour) => hour.count > bar()).length;
  const busiest = () => [...hours()].sort((a, b) => b.count - a.count || a.at - b.at).slice(0, LISTED_MAX);
  const label = () =>
    `Alerts an hour. ${count(hours().length)} hours with one; in ${count(above())} more than ${bar()} opened.`;
  return (
    <section class="card" aria-labelledby="hours-title">
      <h2 id="hours-title" class="card-title">
        Alerts an hour
      </h2>
      <Show when={props.health.positions.length > 1}>
        <div class="search">
          <Field label="Of">
            {(tied) => (
              <select {...tied} onChange={(event) => setRole(event.currentTarget.value)}>
                <option value="">all positions</option>
                <For each={props.health.positions}>
                  {(one) => (
                    <option value={one.role} selected={one.role === role()}>
                      {words(one.role)}
                    </option>
                  )}
                </For>
              </select>
            )}
          </Field>
        </div>
      </Show>
      <Show when={hours().length > 0} fallback={<p class="empty">Nothing that rang called anybody.</p>}>
        <figure class="past">
          <svg
            class="chart hours"
            viewBox={`0 0 ${BOX.width} ${BOX.height}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={label()}
          >
            <For each={bars()}>
              {(one) => (
                <rect
                  class={one.above ? "hour-above" : "hour"}
                  x={one.left * BOX.width}
                  width={Math.max(WIDTH_MIN, one.width * BOX.width)}
                  y={BOX.height - one.height * BOX.height}
                  height={one.height * BOX.height}
                />
              )}
            </For>
            <line class="chart-level" x1="0" x2={BOX.width} y1={level()} y2={level()} />
          </svg>
          <figcaption>
            <p class="chart-foot faint">
              <span>{date(props.health.from, zone())}</span>
              <span>
                Dashed: {bar()} an hour, the most that one position can manage
                {above() > 0 ? `; ${count(above())} above` : ""}
              </span>
              <span>{date(props.health.to, zone())}</span>
            </p>
          </figcaption>
        </figure>
        <details class="nested">
          <summary>The {hours().length > LISTED_MAX ? `${LISTED_MAX} busiest ` : ""}hours as a table</summary>
          <table class="plain hours-twin">
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col" class="number">
                  Alerts
                </th>
                <th scope="col">Beside {bar()}</th>
              </tr>
            </thead>
            <tbody>
              <For each={busiest()}>
                {(hour) => (
                  <tr>
                    <th scope="row" class="figure">
                      {dayMonth(hour.at, zone())} {hourMinute(hour.at, zone())}
                    </th>
                    <td class="number">{count(hour.count)}</td>
                    <td>{hour.count > bar() ? <strong class="over">above</strong> : "within"}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </details>
      </Show>
    </section>
  );
}
