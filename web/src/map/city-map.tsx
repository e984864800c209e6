import {
  type GeoJSONSource,
  Map as MapLibre,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
// MapLibre finds its worker by an address at run time, which the bundler does not see.
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { createEffect, createSignal, onCleanup, onMount } from "solid-js";
import type { City, Place } from "../api/types";
import { markFeatures, selectedFeatures, vehicleFeatures, zoneFeatures } from "./features";
import type { MapItem } from "./items";
import { styleFor, type Theme } from "./style";
import { addSymbols } from "./symbols";

setWorkerUrl(workerUrl);

/** Degrees around the city that may still be panned to. */
const MARGIN_DEG = 0.08;
/** Pixels around a click in which a symbol counts as hit: fingers are wider than arrows. */
const HIT_PX = 10;

/** From this share of the way from the centre to the eastern edge on, labels stand left of their symbol. */
const EAST_SHARE = 0.3;

interface Props {
  about: City;
  items: MapItem[];
  zones: Place[];
  selected: string | null;
  theme: Theme;
  /** Buttons to zoom, for those who have neither a wheel nor the keys. */
  buttons: boolean;
  zoom: number;
  onSelect(symbol: string | null): void;
  onFailed(): void;
}

function open(container: HTMLElement, props: Props): MapLibre {
  const { west, south, east, north } = props.about.bbox;
  return new MapLibre({
    container,
    style: styleFor(props.theme, location.origin),
    center: [props.about.centre.longitude, props.about.centre.latitude],
    zoom: props.zoom,
    minZoom: 10,
    maxZoom: 17,
    maxBounds: [west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG],
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0,
    locale: { "Map.Title": `Map of ${props.about.name}. Everything on it is in the list: key l.` },
  });
}

function setData(map: MapLibre, source: string, data: GeoJSON.FeatureCollection): void {
  (map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
}

/** The map. It shows what it is given and knows nothing of where that comes from. */
export default function CityMap(props: Props) {
  let container!: HTMLDivElement;
  const { east } = props.about.bbox;
  const labelsWestOf = props.about.centre.longitude + (east - props.about.centre.longitude) * EAST_SHARE;
  const [ready, setReady] = createSignal<MapLibre | null>(null);

  onMount(async () => {
    let map: MapLibre;
    try {
      // Symbols carry letters, so the font has to be there before they are drawn.
      await document.fonts.load('700 13px "Inter Variable"');
      map = open(container, props);
    } catch {
      props.onFailed();
      return;
    }
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
    if (props.buttons) map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    map.on("load", () => {
      addSymbols(map, props.theme);
      setReady(map);
      container.dataset.ready = "yes";
    });
    map.on("click", (event) => {
      const { x, y } = event.point;
      const box: [[number, number], [number, number]] = [
        [x - HIT_PX, y - HIT_PX],
        [x + HIT_PX, y + HIT_PX],
      ];
      const hit = map.queryRenderedFeatures(box, { layers: ["mark", "vehicle"] })[0];
      props.onSelect(typeof hit?.properties.symbol === "string" ? hit.properties.symbol : null);
    });
    onCleanup(() => map.remove());
  });

  createEffect(() => {
    const map = ready();
    if (!map) return;
    setData(map, "vehicles", vehicleFeatures(props.items));
    setData(map, "marks", markFeatures(props.items, labelsWestOf));
    setData(map, "selected", selectedFeatures(props.items, props.selected));
  });
  createEffect(() => {
    const map = ready();
    if (map) setData(map, "zones", zoneFeatures(props.zones));
  });

  return <div ref={container} class="map-canvas" />;
}
