/** A hidden tab draws no frames; what comes meanwhile waits at most this long. */
const HIDDEN_MS = 1_000;

/** Hands on what came since the last frame, in order and all at once. */
export function byFrame<T>(take: (all: T[]) => void): (one: T) => void {
  let waiting: T[] = [];
  let frame: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const handOn = () => {
    if (frame !== undefined) cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = timer = undefined;
    const all = waiting;
    waiting = [];
    take(all);
  };
  return (one) => {
    waiting.push(one);
    if (timer !== undefined) return;
    frame = requestAnimationFrame(handOn);
    timer = setTimeout(handOn, HIDDEN_MS);
  };
}

/** Runs at once where the last run is long enough ago, else when it is: never lost, never more often. */
export function atMostEvery(pause: () => number, run: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const now = () => {
    timer = undefined;
    last = performance.now();
    run();
  };
  return () => {
    if (timer !== undefined) return;
    const wait = last + pause() - performance.now();
    if (wait <= 0) now();
    else timer = setTimeout(now, wait);
  };
}
