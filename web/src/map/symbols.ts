import type { Map as MapLibre } from "maplibre-gl";
import { SEVERITIES } from "../alerts/order";
import { SIGN_BOX, SIGNS } from "../alerts/shapes";
import { PALETTES, type Palette, type Theme } from "./style";

/** Drawn at twice the size that they are shown at, for sharp edges on dense screens. */
const RATIO = 2;
const VEHICLE_BOX = 16;
const STATION_BOX = 18;
/** An arrow that points north. */
const ARROW = "M8 1.5L13 13.5L8 10.6L3 13.5z";
/** A vehicle whose direction is not known. */
const DOT = "M8 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8z";
const RING = "M9 3a6 6 0 1 1 0 12 6 6 0 0 1 0-12z";

type Draw = (context: CanvasRenderingContext2D) => void;

function picture(box: number, draw: Draw): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = box * RATIO;
  canvas.height = box * RATIO;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser draws no canvas");
  context.scale(RATIO, RATIO);
  draw(context);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

function hatch(context: CanvasRenderingContext2D, outline: Path2D, box: number, colour: string): void {
  context.save();
  context.clip(outline);
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = -box; x < box * 2; x += 5) {
    context.moveTo(x, box);
    context.lineTo(x + box, 0);
  }
  context.stroke();
  context.restore();
}

function sign(severity: (typeof SEVERITIES)[number], palette: Palette): ImageData {
  const { outline, fill, ink, letter, baseline, letterSize } = SIGNS[severity];
  return picture(SIGN_BOX, (context) => {
    const path = new Path2D(outline);
    context.fillStyle = severity === "unknown" ? palette.unknown : fill;
    context.fill(path);
    if (severity === "unknown") hatch(context, path, SIGN_BOX, palette.unknownHatch);
    context.lineWidth = 1;
    context.strokeStyle = palette.ink;
    context.stroke(path);
    context.fillStyle = severity === "unknown" ? palette.ink : ink;
    context.textAlign = "center";
    context.font = `700 ${letterSize}px "Inter Variable", sans-serif`;
    context.fillText(letter, SIGN_BOX / 2, baseline);
  });
}

function shape(path: string, box: number, palette: Palette, fill: string, stale: boolean): ImageData {
  return picture(box, (context) => {
    const outline = new Path2D(path);
    context.fillStyle = stale ? palette.paper : fill;
    context.fill(outline);
    if (stale) hatch(context, outline, box, palette.dim);
    context.lineWidth = 1;
    context.strokeStyle = stale ? palette.dim : palette.paper;
    context.stroke(outline);
  });
}

function station(palette: Palette): ImageData {
  return picture(STATION_BOX, (context) => {
    const ring = new Path2D(RING);
    context.fillStyle = palette.paper;
    context.fill(ring);
    context.lineWidth = 2.5;
    context.strokeStyle = palette.ink;
    context.stroke(ring);
  });
}

/** Gives the map its symbols. The letter needs its font: call when the page's fonts are ready. */
export function addSymbols(map: MapLibre, theme: Theme): void {
  const palette = PALETTES[theme];
  const options = { pixelRatio: RATIO };
  for (const severity of SEVERITIES) map.addImage(`severity-${severity}`, sign(severity, palette), options);
  for (const [name, path] of [
    ["arrow", ARROW],
    ["dot", DOT],
  ] as const) {
    map.addImage(name, shape(path, VEHICLE_BOX, palette, palette.vehicle, false), options);
    map.addImage(`${name}-stale`, shape(path, VEHICLE_BOX, palette, palette.vehicle, true), options);
  }
  map.addImage("station", station(palette), options);
}
