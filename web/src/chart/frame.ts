import type { ForecastPoint, SeriesPoint } from "../api/types";

export interface Box {
  width: number;
  height: number;
}

export interface Frame {
  from: number;
  to: number;
  low: number;
  high: number;
}

/** Room above and below the curves, as a share of what they span. */
const HEADROOM = 0.12;
/** Even a still lake gets this much of the scale, in the unit, so that its ripples do not look like waves. */
const SPAN_MIN = 0.2;

/** How far a chart looks. */
export interface Hours {
  back: number;
  ahead: number;
}

const HOUR_MS = 3_600_000;

/** The part of time and level that the chart shows: everything measured, forecast and the level that matters. */
export function frameOf(
  measured: SeriesPoint[],
  forecast: ForecastPoint[],
  level: number | null,
  now: number,
  hours: Hours,
): Frame {
  const [from, to] = [now - hours.back * HOUR_MS, now + hours.ahead * HOUR_MS];
  const values = [
    ...measured.map((point) => point[1]),
    ...forecast.filter(([at]) => at <= to).flatMap((point) => [point[2], point[3]]),
    ...(level === null ? [] : [level]),
  ];
  const low = values.length > 0 ? Math.min(...values) : 0;
  const high = values.length > 0 ? Math.max(...values) : 1;
  const padding = Math.max(high - low, SPAN_MIN) * HEADROOM;
  return { from, to, low: low - padding, high: high + padding };
}

export function x(at: number, frame: Frame, box: Box): number {
  return ((at - frame.from) / (frame.to - frame.from)) * box.width;
}

export function y(value: number, frame: Frame, box: Box): number {
  return box.height - ((value - frame.low) / (frame.high - frame.low)) * box.height;
}

const place = (at: number, value: number, frame: Frame, box: Box) =>
  `${x(at, frame, box).toFixed(1)} ${y(value, frame, box).toFixed(1)}`;

/** SVG path of a curve through (time, value) pairs that lie in the frame; "" for none. */
export function curve(points: [number, number][], frame: Frame, box: Box): string {
  const inside = points.filter(([at]) => at >= frame.from && at <= frame.to);
  if (inside.length === 0) return "";
  return `M${inside.map(([at, value]) => place(at, value, frame, box)).join("L")}`;
}

/** SVG path of the band between low and high. */
export function band(points: ForecastPoint[], frame: Frame, box: Box): string {
  const inside = points.filter(([at]) => at >= frame.from && at <= frame.to);
  if (inside.length < 2) return "";
  const upper = inside.map(([at, , , high]) => place(at, high, frame, box));
  const lower = [...inside].reverse().map(([at, , low]) => place(at, low, frame, box));
  return `M${[...upper, ...lower].join("L")}Z`;
}

/** The level that matters in a rule's own sentence: "reaches 3.0 m" gives 3; null where there is none. */
export function levelIn(sentence: string, unit: string): number | null {
  const escaped = unit.replace(/[^\w]/g, "\\$&");
  const found = sentence.match(new RegExp(`(\\d+(?:\\.\\d+)?)\\s*${escaped}(?![\\w/²])`));
  return found ? Number(found[1]) : null;
}
