/** Lines beyond the edge of the screen that are there already, so that j and k and a turn of the wheel find them. */
const BEYOND = 12;

export interface Window {
  from: number;
  to: number;
}

/** Which of `size` lines of one height are drawn, where `above` pixels of the list are beyond the upper edge. */
export function windowOf(above: number, screenPx: number, linePx: number, size: number): Window {
  const first = Math.floor(Math.max(0, above) / linePx);
  const last = Math.ceil((Math.max(0, above) + screenPx) / linePx);
  const from = Math.max(0, Math.min(first - BEYOND, size));
  return { from, to: Math.max(from, Math.min(last + BEYOND, size)) };
}
