import type { Position } from "../api/types";

/** Mean radius of the Earth in metres (IUGG). */
const EARTH_RADIUS_M = 6_371_008.8;
const POINTS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"] as const;
const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Great-circle distance in metres (haversine). */
export function distanceM(a: Position, b: Position): number {
  const halfLat = radians(b.latitude - a.latitude) / 2;
  const halfLon = radians(b.longitude - a.longitude) / 2;
  const across = Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude));
  const h = Math.sin(halfLat) ** 2 + across * Math.sin(halfLon) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Initial bearing from `a` to `b` in degrees clockwise from north, 0 to 360. */
export function bearingDeg(a: Position, b: Position): number {
  const lon = radians(b.longitude - a.longitude);
  const y = Math.sin(lon) * Math.cos(radians(b.latitude));
  const x =
    Math.cos(radians(a.latitude)) * Math.sin(radians(b.latitude)) -
    Math.sin(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.cos(lon);
  return ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360;
}

/** One of eight points of the compass. */
export function compass(degrees: number): string {
  return POINTS[Math.round(degrees / 45) % 8] ?? "N";
}

/** "0.8 km NE"; "here" within 50 m. */
export function whereFrom(from: Position, to: Position): string {
  const metres = distanceM(from, to);
  if (metres < 50) return "here";
  return `${(metres / 1_000).toFixed(1)} km ${compass(bearingDeg(from, to))}`;
}
