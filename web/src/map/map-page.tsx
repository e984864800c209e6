import { createSignal } from "solid-js";
import { focusFilter } from "../keys/filter";
import { useKeys } from "../keys/keys";
import { MapPanel } from "./map-panel";

/** The full map with its list twin beside it. */
export function MapPage() {
  const [listShown, setListShown] = createSignal(true);
  useKeys("Map", [
    { keys: "l", words: "list on or off", run: () => setListShown((on) => !on) },
    { keys: "/", words: "filter the list", run: focusFilter },
  ]);
  return (
    <main id="main" tabindex="-1" class="map-page">
      <h1 class="visually-hidden">Map and list</h1>
      <MapPanel theme="night" show={listShown() ? "beside" : "map"} buttons detail />
    </main>
  );
}
