/** Times in the city's zone, as a control room writes them: 24 hours, no seconds but on the clock. */

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(options)}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options });
    formatters.set(key, found);
  }
  return found;
}

export type Instant = string | number;

export function milliseconds(at: Instant): number {
  return typeof at === "number" ? at : Date.parse(at);
}

/** "01:12:40" */
export function clock(at: Instant, zone: string): string {
  return formatter(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(milliseconds(at));
}

/** "01:12" */
export function hourMinute(at: Instant, zone: string): string {
  return formatter(zone, { hour: "2-digit", minute: "2-digit" }).format(milliseconds(at));
}

/** "2 May 2024" */
export function date(at: Instant, zone: string): string {
  return formatter(zone, { day: "numeric", month: "long", year: "numeric" }).format(milliseconds(at));
}

/** "2 May" */
export function dayMonth(at: Instant, zone: string): string {
  return formatter(zone, { day: "numeric", month: "short" }).format(milliseconds(at));
}

/** "00:41" on the day of `now`, "1 May 23:50" on another. */
export function when(at: Instant, now: number, zone: string): string {
  const day = dayMonth(at, zone);
  return day === dayMonth(now, zone) ? hourMinute(at, zone) : `${day} ${hourMinute(at, zone)}`;
}
