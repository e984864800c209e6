import { createMemo, For, Show } from "solid-js";
import { AlertLine } from "../alerts/alert-line";
import { actNow, unresolved } from "../alerts/order";
import { selectedAlert } from "../alerts/taking";
import { alerts, city } from "../city/city";
import { detailLines } from "./room";

/** More than five things to do now is a list to be grouped, not read. */
const SHOWN_MAX = 5;
/** The alerts of the night desk, most urgent first. */
export const shownAlerts = createShownAlerts();

function createShownAlerts() {
  return () => actNow(alerts()).slice(0, SHOWN_MAX);
}

/** The alert that keys act on: the one chosen, or the most urgent. */
export function currentAlert() {
  const shown = shownAlerts();
  return shown.find((alert) => alert.id === selectedAlert()) ?? shown[0];
}

export function ActNow() {
  const shown = createMemo(shownAlerts);
  const total = () => alerts().filter(unresolved).length;
  const untaken = () => alerts().filter((alert) => alert.state === "open").length;
  const summary = () => {
    if (total() === 0) return "";
    const more = total() > SHOWN_MAX ? `, ${total() - SHOWN_MAX} more in Alerts` : "";
    return `${untaken()} open, ${total() - untaken()} taken${more}`;
  };
  return (
    <section class="card act-now" aria-labelledby="act-title">
      <header class="card-head">
        <h2 id="act-title" class="card-title">
          Act now
        </h2>
        <a href="/alerts" class="faint">
          {summary()}
        </a>
      </header>
      <Show
        when={shown().length > 0}
        fallback={
          <p class="calm">
            {city.now() === null ? "Waiting for the city's first word." : "Nothing to act on."}
          </p>
        }
      >
        <ul class="alert-list">
          <For each={shown()}>
            {(alert) => (
              <AlertLine
                alert={alert}
                selected={alert.id === currentAlert()?.id}
                lines={detailLines(shown())}
              />
            )}
          </For>
        </ul>
      </Show>
    </section>
  );
}
