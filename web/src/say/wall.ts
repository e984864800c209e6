const MINUTE_MS = 60_000;

function partsOf(at: number, zone: string): Record<string, string> {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
}

/** What the city's clocks show, for a field of the browser: "2024-05-02T01:12". */
export function wallOf(at: number, zone: string): string {
  const { year, month, day, hour, minute } = partsOf(at, zone);
  return `${year}-${month}-${day}T${hour}:${minute}`;
}

/**
 * When the city's clocks show this; null where the text is no time. Of a minute that comes twice the first; for a
 * minute that the clocks skip, as long after they skip as it lies after the last minute before.
 */
export function instantOf(wall: string, zone: string): number | null {
  const asUtc = Date.parse(`${wall}Z`);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(wall) || Number.isNaN(asUtc)) return null;
  const offset = (at: number) => Date.parse(`${wallOf(at, zone)}Z`) - Math.floor(at / MINUTE_MS) * MINUTE_MS;
  // The offsets of the day before and after are all that this minute can have.
  const day = 24 * 60 * MINUTE_MS;
  const before = asUtc - offset(asUtc - day);
  const after = asUtc - offset(asUtc + day);
  const right = [before, after].filter((at) => wallOf(at, zone) === wall.slice(0, 16));
  return right.length > 0 ? Math.min(...right) : before;
}

/** For the server: RFC 3339; null where the text is no time. */
export function sentOf(wall: string, zone: string): string | null {
  const at = instantOf(wall, zone);
  return at === null ? null : new Date(at).toISOString();
}
