import type { Position } from "../api/health";

const HOUR_MS = 3_600_000;

/** One clock hour and the alerts that opened in it. */
export interface Hour {
  at: number;
  count: number;
}

/** Alerts of some positions by clock hour; hours without one are left out, as the server leaves them out. */
export function hoursOf(positions: Position[]): Hour[] {
  const sums = new Map<number, number>();
  for (const { by_hour } of positions) {
    for (const [at, count] of by_hour) sums.set(at, (sums.get(at) ?? 0) + count);
  }
  return [...sums].map(([at, count]) => ({ at, count })).sort((a, b) => a.at - b.at);
}

/** A bar of the plot, in shares of its width and height. */
export interface Bar {
  left: number;
  width: number;
  height: number;
  above: boolean;
}

/** How high the plot reaches: the busiest hour or the bar of the standard, with some room. */
export const topOf = (hours: Hour[], bar: number) => Math.max(bar, ...hours.map((hour) => hour.count)) * 1.1;

/** The bars of the hours between two instants. An hour that began before the first is cut there. */
export function barsOf(hours: Hour[], from: number, to: number, bar: number): Bar[] {
  const all = to - from;
  const top = topOf(hours, bar);
  return hours.flatMap(({ at, count }) => {
    const begins = Math.max(at, from);
    const ends = Math.min(at + HOUR_MS, to);
    if (ends <= begins) return [];
    return [
      {
        left: (begins - from) / all,
        width: (ends - begins) / all,
        height: count / top,
        above: count > bar,
      },
    ];
  });
}

/** "7.2", "0.04", "0": a rate with as many digits as tell it from none. */
export function rate(value: number): string {
  if (value === 0) return "0";
  if (value >= 10) return value.toFixed(0);
  return value >= 0.95 ? value.toFixed(1) : value.toFixed(2);
}
