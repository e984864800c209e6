import { createMemo, createSignal, lazy, Show, Suspense, untrack } from "solid-js";
import { unwrap } from "solid-js/store";
import { byUrgency, first, unresolved } from "../alerts/order";
import { alerts, city, cityNow, things, warnings } from "../city/city";
import { type MapItem, mapItems, warnedPlaces } from "./items";
import { ListTwin } from "./list-twin";
import { MapDetail } from "./map-detail";
import { MapWarnings } from "./map-warnings";
import type { Theme } from "./style";

/** More symbols than this are a blot; the list of alerts has them all. */
const ALERTS_DRAWN_MAX = 500;

const CityMap = lazy(() => import("./city-map"));

function webglIsMissing(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") === null;
  } catch {
    return true;
  }
}

const [failed, setFailed] = createSignal(webglIsMissing());

export { failed as mapFailed };

/** What the map and its list show, remade at most once a second however fast events come. */
export function createItems() {
  return createMemo<MapItem[]>(() => {
    city.redraw();
    const places = city.about()?.places ?? [];
    return untrack(() =>
      mapItems({
        feeds: unwrap(city.picture.feeds),
        things: unwrap(things()).map((thing) => unwrap(thing)),
        vehicles: Object.values(unwrap(city.picture.vehicles)),
        warnings: warnings().map((warning) => unwrap(warning)),
        alerts: first(alerts().filter(unresolved), ALERTS_DRAWN_MAX, byUrgency),
        places,
        now: cityNow(),
      }),
    );
  });
}

/** Whom the drawn map itself credits; the sources of what stands on it are named on the feeds page. */
function mapCredit(attribution: string[]): string {
  const streets = attribution.filter((line) => line.includes("OpenStreetMap"));
  return (streets.length > 0 ? streets : attribution).join(" · ");
}

interface Props {
  theme: Theme;
  /** `beside`: map and list together; `list` and `map`: one of them. */
  show: "map" | "list" | "beside";
  buttons: boolean;
  /** How close the map opens; 12.4 shows the middle of the city on half a screen. */
  zoom?: number;
  /** Whether a click on a symbol shows what it is, on the map. */
  detail: boolean;
}

/** The map and its list twin, with one selection. */
export function MapPanel(props: Props) {
  const items = createItems();
  const [selected, setSelected] = createSignal<string | null>(null);
  const zones = createMemo(() => warnedPlaces(warnings(), city.about()?.places ?? []));
  const listShown = () => props.show !== "map" || failed();
  const mapShown = () => props.show !== "list" && !failed();
  const chosen = () => items().filter((item) => item.symbol === selected());
  const simulated = () => items().some((item) => item.kind === "vehicle" && item.value.includes("simulated"));

  return (
    <div class="map-panel" classList={{ beside: listShown() && mapShown() }}>
      <Show when={listShown()}>
        <ListTwin items={items()} selected={selected()} onSelect={setSelected} noMap={failed()} />
      </Show>
      <Show when={mapShown()}>
        <div class="map-frame">
          <Suspense fallback={<p class="map-wait">Drawing the map</p>}>
            <Show when={city.about()}>
              {(about) => (
                <CityMap
                  about={about()}
                  items={items()}
                  zones={zones()}
                  selected={selected()}
                  theme={props.theme}
                  buttons={props.buttons}
                  zoom={props.zoom ?? 12.4}
                  onSelect={setSelected}
                  onFailed={() => setFailed(true)}
                />
              )}
            </Show>
          </Suspense>
          <Show when={props.detail}>
            <Show when={chosen().length > 0} fallback={<MapWarnings />}>
              <MapDetail items={chosen()} onClose={() => setSelected(null)} />
            </Show>
          </Show>
          <p class="map-credit">
            <Show when={simulated()}>
              <span>
                <span aria-hidden="true">◌ </span>vehicles simulated from the timetable
              </span>
              {" · "}
            </Show>
            {mapCredit(city.about()?.attribution ?? [])} · <a href="/feeds">sources</a>
          </p>
        </div>
      </Show>
    </div>
  );
}
