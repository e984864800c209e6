import { createMemo, createRoot, For, Show } from "solid-js";
import { AlertLine } from "../alerts/alert-line";
import { byUrgency, callsFor, first, tallyOf } from "../alerts/order";
import { selectedAlert } from "../alerts/taking";
import { alerts, city } from "../city/city";
import { count } from "../say/figure";
import { detailLines } from "./room";

/** More than five things to do now is a list to be grouped, not read. */
const SHOWN_MAX = 5;
/** The alerts of the night desk, most urgent first. What is kept quiet is counted, and stands in Alerts. */
export const shownAlerts = createShownAlerts();

function createShownAlerts() {
  return createRoot(() => createMemo(() => first(alerts().filter(callsFor), SHOWN_MAX, byUrgency)));
}

/** The alert that keys act on: the one chosen, or the most urgent. */
export function currentAlert() {
  const shown = shownAlerts();
  return shown.find((alert) => alert.id === selectedAlert()) ?? shown[0];
}

export function ActNow() {
  const shown = shownAlerts;
  const counts = createMemo(() => tallyOf(alerts()));
  const summary = () => {
    const { open, taken, quiet } = counts();
    if (open + taken + quiet === 0) return "";
    const more = open + taken > SHOWN_MAX ? `, ${count(open + taken - SHOWN_MAX)} more in Alerts` : "";
    const kept = quiet > 0 ? `, ${count(quiet)} quiet` : "";
    return `${count(open)} open, ${count(taken)} taken${kept}${more}`;
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
            {city.now() === null
              ? "Waiting for the city's first word."
              : counts().quiet > 0
                ? "Nothing rings. What is kept quiet is in Alerts."
                : "Nothing to act on."}
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
