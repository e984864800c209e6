import { createMemo, Show } from "solid-js";
import { cityNow } from "../city/city";
import { type Answer, aheadOf } from "./answer";
import { type Box, band, curve, frameOf, type Hours, x, y } from "./frame";

interface Props {
  answer: Answer | null;
  level: number | null;
  hours: Hours;
  box: Box;
  /** The chart in words. */
  label: string;
}

/** Solid: measured. Dotted with a band: forecast. Dashed: the level that matters. */
export function SeriesChart(props: Props) {
  const measured = () => props.answer?.measured ?? [];
  const ahead = () => aheadOf(props.answer);
  const frame = createMemo(() => frameOf(measured(), ahead(), props.level, cityNow(), props.hours));
  const now = () => x(cityNow(), frame(), props.box);
  const solid = () => measured().map(([at, mean]): [number, number] => [at, mean]);
  const dotted = () => ahead().map(([at, value]): [number, number] => [at, value]);
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${props.box.width} ${props.box.height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={props.label}
    >
      <path class="chart-band" d={band(ahead(), frame(), props.box)} />
      <Show when={props.level !== null}>
        <line
          class="chart-level"
          x1="0"
          x2={props.box.width}
          y1={y(props.level ?? 0, frame(), props.box)}
          y2={y(props.level ?? 0, frame(), props.box)}
        />
      </Show>
      <line class="chart-now" x1={now()} x2={now()} y1="0" y2={props.box.height} />
      <path class="chart-measured" d={curve(solid(), frame(), props.box)} />
      <path class="chart-forecast" d={curve(dotted(), frame(), props.box)} />
    </svg>
  );
}
