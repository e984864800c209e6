import type { Feature, FeatureCollection } from "geojson";
import { severityRank } from "../alerts/order";
import type { Place, Position } from "../api/types";
import type { MapItem } from "./items";

const collection = (features: Feature[]): FeatureCollection => ({ type: "FeatureCollection", features });

function point(position: Position, properties: Record<string, string | number>): Feature {
  const coordinates = [position.longitude, position.latitude];
  return { type: "Feature", geometry: { type: "Point", coordinates }, properties };
}

function vehicleIcon(item: MapItem): string {
  const shape = item.bearingDeg === null ? "dot" : "arrow";
  return item.stale ? `${shape}-stale` : shape;
}

export function vehicleFeatures(items: MapItem[]): FeatureCollection {
  const features = items.flatMap((item) => {
    if (item.kind !== "vehicle" || !item.position) return [];
    return [
      point(item.position, { symbol: item.symbol, icon: vehicleIcon(item), bearing: item.bearingDeg ?? 0 }),
    ];
  });
  return collection(features);
}

function markIcon(item: MapItem): string {
  // What cannot be seen is hatched, unless something must be acted on: then the list says both.
  if (item.severity && !(item.stale && item.kind === "station")) return `severity-${item.severity}`;
  return item.stale ? "severity-unknown" : "station";
}

/**
 * Stations, warnings and alerts: the worst last in `rank`, so that it is drawn on top. Labels of what lies east of
 * `labelsWestOf` stand on its left, so that they do not run out of the map.
 */
export function markFeatures(items: MapItem[], labelsWestOf: number): FeatureCollection {
  const features = items.flatMap((item) => {
    if (item.kind === "vehicle" || !item.onMap || !item.position) return [];
    const side = item.position.longitude > labelsWestOf ? "west" : "east";
    const rank = item.severity ? severityRank(item.severity) : -1;
    return [
      point(item.position, { symbol: item.symbol, icon: markIcon(item), label: item.label, rank, side }),
    ];
  });
  return collection(features);
}

export function zoneFeatures(places: Place[]): FeatureCollection {
  const features = places.flatMap((place): Feature[] => {
    if (!place.outline) return [];
    const ring = place.outline.map((corner) => [corner.longitude, corner.latitude]);
    return [
      {
        type: "Feature",
        geometry: { type: "Polygon", coordinates: [ring] },
        properties: { place: place.id },
      },
    ];
  });
  return collection(features);
}

export function selectedFeatures(items: MapItem[], symbol: string | null): FeatureCollection {
  const item = items.find((candidate) => candidate.symbol === symbol && candidate.position);
  return collection(item?.position ? [point(item.position, {})] : []);
}
