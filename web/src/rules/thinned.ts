type Hour = [at: number, low: number, high: number];

/** At most `most` spans, each with the lowest and highest of what is in it. */
export function thinned(shape: Hour[], most: number): Hour[] {
  const each = Math.ceil(shape.length / most);
  if (each <= 1) return shape;
  const spans: Hour[] = [];
  for (let from = 0; from < shape.length; from += each) {
    const part = shape.slice(from, from + each);
    const low = part.reduce((least, hour) => Math.min(least, hour[1]), Number.POSITIVE_INFINITY);
    const high = part.reduce((most, hour) => Math.max(most, hour[2]), Number.NEGATIVE_INFINITY);
    spans.push([part[0]?.[0] ?? 0, low, high]);
  }
  return spans;
}
