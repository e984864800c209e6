import type { Severity } from "../api/types";

/** A severity's sign: shape, letter and colour, drawn in a 26 by 26 box. The same on list, map and public page. */
export interface Sign {
  word: string;
  letter: string;
  /** SVG path data of the outline. */
  outline: string;
  fill: string;
  ink: string;
  /** Baseline of the letter. */
  baseline: number;
  letterSize: number;
}

export const SIGN_BOX = 26;

export const SIGNS: Record<Severity, Sign> = {
  extreme: {
    word: "Extreme",
    letter: "X",
    outline: "M8.2 1.5h9.6l6.7 6.7v9.6l-6.7 6.7H8.2l-6.7-6.7V8.2z",
    fill: "#4A0A3C",
    ink: "#FFFFFF",
    baseline: 17.6,
    letterSize: 13,
  },
  severe: {
    word: "Severe",
    letter: "S",
    outline: "M13 1.8L25 23.8H1z",
    fill: "#B3261E",
    ink: "#FFFFFF",
    baseline: 20.4,
    letterSize: 11.5,
  },
  moderate: {
    word: "Moderate",
    letter: "M",
    outline: "M13 .8L25.2 13 13 25.2.8 13z",
    fill: "#E07B00",
    ink: "#15202B",
    baseline: 17,
    letterSize: 11.5,
  },
  minor: {
    word: "Minor",
    letter: "m",
    outline: "M3.5 3.5h19v19h-19z",
    fill: "#F2D13C",
    ink: "#15202B",
    baseline: 17,
    letterSize: 12.5,
  },
  info: {
    word: "Information",
    letter: "i",
    outline: "M13 2a11 11 0 1 1 0 22 11 11 0 0 1 0-22z",
    fill: "#5B7FA6",
    ink: "#FFFFFF",
    baseline: 17.6,
    letterSize: 13,
  },
  unknown: {
    word: "Unknown",
    letter: "?",
    outline: "M3.5 3.5h19v19h-19z",
    fill: "#2A323B",
    ink: "#E9EDF2",
    baseline: 17.6,
    letterSize: 13,
  },
};
