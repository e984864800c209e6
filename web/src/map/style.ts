import type { ExpressionSpecification, StyleSpecification } from "maplibre-gl";

export type Theme = "night" | "paper";

export interface Palette {
  paper: string;
  water: string;
  shore: string;
  /** Roads from the broadest class to the narrowest. */
  broad: string;
  middle: string;
  narrow: string;
  rail: string;
  ink: string;
  dim: string;
  accent: string;
  vehicle: string;
  /** What is not known: its ground and its hatching. */
  unknown: string;
  unknownHatch: string;
  zoneLine: string;
  zoneFill: string;
}

export const PALETTES: Record<Theme, Palette> = {
  night: {
    paper: "#11161c",
    water: "#1b2c3d",
    shore: "#24384c",
    broad: "#55636f",
    middle: "#36424d",
    narrow: "#232c35",
    rail: "#4c5a67",
    ink: "#e9edf2",
    dim: "#9aa7b5",
    accent: "#8fb8de",
    vehicle: "#d5dde6",
    unknown: "#2a323b",
    unknownHatch: "#6d7a87",
    zoneLine: "#8fb8de",
    zoneFill: "rgba(143,184,222,0.10)",
  },
  paper: {
    paper: "#f4f2ec",
    water: "#cfe0ec",
    shore: "#b9d0e0",
    broad: "#c3bda9",
    middle: "#d6d1c2",
    narrow: "#e5e2d8",
    rail: "#b3ae9f",
    ink: "#15202b",
    dim: "#51606f",
    accent: "#1f5f99",
    vehicle: "#3b4855",
    unknown: "#e9e6de",
    unknownHatch: "#a9a699",
    zoneLine: "#b3261e",
    zoneFill: "rgba(179,38,30,0.10)",
  },
};

/** Families that the page itself serves. The first name is none: MapLibre reads the weight out of it. */
const LABEL_FONT = ["Inter Semibold", "Inter Variable"];

const width = (z11: number, z15: number): ExpressionSpecification => [
  "interpolate",
  ["exponential", 1.6],
  ["zoom"],
  11,
  z11,
  15,
  z15,
];

const roadClass = (...classes: string[]): ExpressionSpecification => [
  "in",
  ["get", "class"],
  ["literal", classes],
];

function road(id: string, classes: string[], colour: string, thin: number, thick: number, minzoom = 9) {
  return {
    id,
    type: "line" as const,
    source: "base",
    "source-layer": "road",
    minzoom,
    filter: roadClass(...classes),
    layout: { "line-cap": "round" as const, "line-join": "round" as const },
    paint: { "line-color": colour, "line-width": width(thin, thick) },
  };
}

function baseLayers(palette: Palette): StyleSpecification["layers"] {
  return [
    { id: "paper", type: "background", paint: { "background-color": palette.paper } },
    {
      id: "water",
      type: "fill",
      source: "base",
      "source-layer": "water",
      paint: { "fill-color": palette.water, "fill-outline-color": palette.shore },
    },
    road("path", ["path"], palette.narrow, 0.3, 0.9, 13),
    road("residential", ["residential"], palette.narrow, 0.5, 3),
    road("secondary", ["secondary"], palette.middle, 0.9, 5),
    road("primary", ["primary"], palette.broad, 1.2, 6.5),
    road("motorway", ["motorway"], palette.broad, 1.8, 8),
    {
      id: "rail",
      type: "line",
      source: "base",
      "source-layer": "road",
      filter: roadClass("rail"),
      paint: { "line-color": palette.rail, "line-width": width(0.8, 2), "line-dasharray": [3, 2.5] },
    },
  ];
}

function itemLayers(palette: Palette): StyleSpecification["layers"] {
  return [
    { id: "zone", type: "fill", source: "zones", paint: { "fill-color": palette.zoneFill } },
    {
      id: "zone-line",
      type: "line",
      source: "zones",
      paint: { "line-color": palette.zoneLine, "line-width": 1.5, "line-dasharray": [4, 3] },
    },
    {
      id: "vehicle",
      type: "symbol",
      source: "vehicles",
      layout: {
        "icon-image": ["get", "icon"],
        "icon-size": ["interpolate", ["linear"], ["zoom"], 11, 0.65, 12.5, 0.95, 15, 1.1],
        "icon-rotate": ["get", "bearing"],
        "icon-rotation-alignment": "map",
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    },
    {
      id: "selected",
      type: "circle",
      source: "selected",
      paint: {
        "circle-radius": 19,
        "circle-color": "rgba(0,0,0,0)",
        "circle-stroke-color": palette.accent,
        "circle-stroke-width": 2,
      },
    },
    {
      id: "mark",
      type: "symbol",
      source: "marks",
      layout: {
        "icon-image": ["get", "icon"],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "symbol-sort-key": ["get", "rank"],
        "text-field": ["get", "label"],
        "text-font": LABEL_FONT,
        "text-size": 14.5,
        "text-max-width": 16,
        "text-justify": "auto",
        "text-variable-anchor-offset": [
          "match",
          ["get", "side"],
          "west",
          ["literal", ["right", [-1.25, 0], "top", [0, 1.2], "bottom", [0, -1.2], "left", [1.25, 0]]],
          ["literal", ["left", [1.25, 0], "top", [0, 1.2], "bottom", [0, -1.2], "right", [-1.25, 0]]],
        ],
        "text-optional": true,
      },
      paint: {
        "text-color": palette.ink,
        "text-halo-color": palette.paper,
        "text-halo-width": 1.6,
      },
    },
  ];
}

const nothing = { type: "FeatureCollection" as const, features: [] };

/** The whole style. It names no address but our own tiles: fonts are the page's, symbols are drawn here. */
export function styleFor(theme: Theme, origin: string): StyleSpecification {
  const palette = PALETTES[theme];
  return {
    version: 8,
    sources: {
      base: { type: "vector", tiles: [`${origin}/tiles/{z}/{x}/{y}.mvt`], minzoom: 9, maxzoom: 15 },
      zones: { type: "geojson", data: nothing },
      vehicles: { type: "geojson", data: nothing },
      marks: { type: "geojson", data: nothing },
      selected: { type: "geojson", data: nothing },
    },
    layers: [...baseLayers(palette), ...itemLayers(palette)],
  };
}
