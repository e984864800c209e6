import { createMemo, For, Show } from "solid-js";
import { severityRank } from "../alerts/order";
import { SeveritySign } from "../alerts/severity-sign";
import type { WarningState } from "../api/types";
import { cityNow, warnings, zone } from "../city/city";
import { when } from "../say/time";

/** More than this hides the map that they are about; the list has them all. */
const SHOWN_MAX = 2;

/** Warnings in force that touch the city, worst and newest first. */
export function touchingWarnings(all: WarningState[]): WarningState[] {
  return all
    .filter((warning) => warning.in_force && warning.touches.length > 0)
    .sort((a, b) => severityRank(b.severity) - severityRank(a.severity) || b.sent.localeCompare(a.sent));
}

/** The official warnings over the map: they are for the whole city, and stand on no spot of it. */
export function MapWarnings() {
  const touching = createMemo(() => touchingWarnings(warnings()));
  const more = () => touching().length - SHOWN_MAX;
  return (
    <Show when={touching().length > 0}>
      <aside class="map-detail" aria-label="Warnings in force">
        <h2 class="card-title">Warnings in force</h2>
        <For each={touching().slice(0, SHOWN_MAX)}>
          {(warning) => (
            <p class="map-warning">
              <SeveritySign severity={warning.severity} size={20} />
              <span>
                <span class="map-warning-words" lang={warning.language ?? undefined}>
                  {warning.headline || warning.event}
                </span>
                <span class="dim">
                  {warning.sender_name}, {when(warning.sent, cityNow(), zone())}
                  {warning.expires ? `, until ${when(warning.expires, cityNow(), zone())}` : ""}
                </span>
                <Show when={warning.caveat}>
                  <span class="faint map-warning-caveat">{warning.caveat}</span>
                </Show>
              </span>
            </p>
          )}
        </For>
        <Show when={more() > 0}>
          <p class="dim">and {more()} more in the list</p>
        </Show>
      </aside>
    </Show>
  );
}
