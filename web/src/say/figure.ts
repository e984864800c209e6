/** UCUM codes that are not written as they are coded. */
const UNITS: Record<string, string> = { Cel: "°C", deg: "°", "m/s": "m/s", "1": "" };
/** Decimals by unit: what the instruments give and a duty officer can use. */
const DECIMALS: Record<string, number> = { m: 2, mm: 1, Cel: 1, "m/s": 1, deg: 0, hPa: 0, "%": 0 };

export function unit(ucum: string): string {
  return UNITS[ucum] ?? ucum;
}

/** A value in its unit: "2.41 m", "18.4 °C", "140°". */
export function figure(value: number, ucum: string): string {
  const number = value.toFixed(DECIMALS[ucum] ?? 1);
  const name = unit(ucum);
  return name === "" || name === "°" ? `${number}${name}` : `${number} ${name}`;
}

/** A change per hour below this many of the last shown digit is no change. */
const STEADY_DIGITS = 1;

function steady(perHour: number, ucum: string): boolean {
  return Math.abs(perHour) < STEADY_DIGITS * 10 ** -(DECIMALS[ucum] ?? 1);
}

/** "↑", "↓", or "→" for steady; nothing when not known. */
export function arrow(perHour: number | null, ucum: string): string {
  if (perHour === null) return "";
  if (steady(perHour, ucum)) return "→";
  return perHour > 0 ? "↑" : "↓";
}

/** "rising 5 cm an hour", "falling 0.4 °C an hour", "steady"; nothing when not known. */
export function trend(perHour: number | null, ucum: string): string {
  if (perHour === null) return "";
  if (steady(perHour, ucum)) return "steady";
  const way = perHour > 0 ? "rising" : "falling";
  const size = Math.abs(perHour);
  if (ucum === "m") return `${way} ${Math.round(size * 100)} cm an hour`;
  return `${way} ${figure(size, ucum)} an hour`;
}

/** Big counts with thin groups: 48,213. */
export function count(n: number): string {
  return n.toLocaleString("en-GB");
}

/** "3.1 %"; "0" when none, and never "0.0 %" for a few. */
export function percent(share: number): string {
  if (share <= 0) return "0 %";
  if (share < 0.001) return "below 0.1 %";
  return `${(share * 100).toFixed(1)} %`;
}

/** A role or reason code in words: "duty_officer" is "Duty officer". */
export function words(code: string): string {
  const text = code.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
