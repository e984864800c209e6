const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A length of time in one unit, rounded down: "40 s", "4 min", "3 h", "2 days". Negative lengths count as none. */
export function span(ms: number): string {
  const length = Math.max(0, ms);
  if (length < 90 * SECOND_MS) return `${Math.floor(length / SECOND_MS)} s`;
  if (length < 120 * MINUTE_MS) return `${Math.floor(length / MINUTE_MS)} min`;
  if (length < 48 * HOUR_MS) return `${Math.floor(length / HOUR_MS)} h`;
  return `${Math.floor(length / DAY_MS)} days`;
}

/** How old something is: "now" within the minute, "4 min ago" after it. */
export function age(ms: number): string {
  return ms < MINUTE_MS ? "now" : `${span(ms)} ago`;
}

/** How old, for the end of a line: "4 min old"; nothing for what is of this minute. */
export function oldness(ms: number): string {
  return ms < MINUTE_MS ? "" : `${span(ms)} old`;
}

/** Time left until `until`: "11 h left", or "8 min over" once it has passed. */
export function left(until: number, now: number): string {
  return until >= now ? `${span(until - now)} left` : `${span(now - until)} over`;
}

/** A time to act in, or a retention: "10 min", "30 days", "5 years". */
export function length(s: number): string {
  const days = s / 86_400;
  if (days >= 730) return `${Math.round(days / 365)} years`;
  return span(s * SECOND_MS);
}
