import { createMemo, For } from "solid-js";
import type { Backtest } from "../api/past";
import { band, type Frame, x } from "../chart/frame";
import { zone } from "../city/city";
import { count } from "../say/figure";
import { date, milliseconds } from "../say/time";
import { thinned } from "./thinned";

const BOX = { width: 1_000, height: 200 };
/** More points than pixels are drawn as lowest and highest of each pixel. */
const POINTS_MAX = 1_000;

/** What the first series did, and a mark for each time the rule would have rung. */
export function PastPlot(props: { done: Backtest }) {
  const hours = createMemo(() => thinned(props.done.shape, POINTS_MAX));
  const frame = createMemo((): Frame => {
    const [from, to] = [milliseconds(props.done.from ?? 0), milliseconds(props.done.to ?? 0)];
    const lows = hours().map((hour) => hour[1]);
    const highs = hours().map((hour) => hour[2]);
    const [low, high] = hours().length > 0 ? [Math.min(...lows), Math.max(...highs)] : [0, 1];
    const padding = (high - low || 1) * 0.1;
    return { from, to: Math.max(to, from + 1), low: low - padding, high: high + padding };
  });
  const extent = () => {
    if (hours().length === 0) return "no reading of its first series";
    const low = Math.min(...hours().map((hour) => hour[1]));
    const high = Math.max(...hours().map((hour) => hour[2]));
    return `${low.toFixed(2)} to ${high.toFixed(2)}, each hour's lowest and highest`;
  };
  const label = () =>
    `What the rule's first series did, and ${count(props.done.rings_total)} marks where it would have rung.`;
  return (
    <figure class="past">
      <svg
        class="chart"
        viewBox={`0 0 ${BOX.width} ${BOX.height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label()}
      >
        <For each={props.done.rings}>
          {(ring) => (
            <line
              class={ring.by_night ? "mark-night" : "mark"}
              x1={x(milliseconds(ring.opened), frame(), BOX)}
              x2={x(milliseconds(ring.opened), frame(), BOX)}
              y1="0"
              y2={BOX.height}
            />
          )}
        </For>
        <path
          class="past-band"
          d={band(
            hours().map(([at, low, high]) => [at, low, low, high]),
            frame(),
            BOX,
          )}
        />
      </svg>
      <figcaption>
        <p class="chart-foot faint">
          <span>{date(props.done.from ?? 0, zone())}</span>
          <span>{extent()}</span>
          <span>{date(props.done.to ?? 0, zone())}</span>
        </p>
        <p class="faint">Solid mark: it rings. Dashed: it calls somebody between 22:00 and 06:00.</p>
      </figcaption>
    </figure>
  );
}
