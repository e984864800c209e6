import { For, Show } from "solid-js";
import { SeveritySign, StaleSign } from "../alerts/severity-sign";
import { cityNow } from "../city/city";
import { age } from "../say/span";
import type { MapItem } from "./items";

/** What the selected symbol stands for: every line of it, with age and caveat. */
export function MapDetail(props: { items: MapItem[]; onClose(): void }) {
  const first = () => props.items[0];
  return (
    <aside class="map-detail" aria-label="Selected on the map">
      <header>
        <h2 class="card-title">{first()?.kind}</h2>
        <button type="button" class="quiet" onClick={() => props.onClose()} aria-label="Clear the selection">
          clear
        </button>
      </header>
      <For each={props.items}>
        {(item) => (
          <p class="map-detail-line" classList={{ stale: item.stale !== null }}>
            <Show when={item.severity && item.kind !== "station"}>
              <SeveritySign severity={item.severity ?? "unknown"} size={16} />{" "}
            </Show>
            <Show when={item.href} fallback={<strong lang={item.language ?? undefined}>{item.name}</strong>}>
              {(href) => <a href={href()}>{item.name}</a>}
            </Show>
            <br />
            <Show when={item.stale}>
              <StaleSign why={item.stale ?? ""} size={16} />{" "}
            </Show>
            {item.value}
            <span class="dim">
              {item.at === null ? "" : `, ${age(cityNow() - item.at)}`}
              {item.stale ? `. ${item.stale}` : ""}
            </span>
          </p>
        )}
      </For>
      <Show when={first()?.caveat}>
        <p class="dim">{first()?.caveat}</p>
      </Show>
    </aside>
  );
}
