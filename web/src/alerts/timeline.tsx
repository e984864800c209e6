import { For, Show } from "solid-js";
import type { AlertChange } from "../api/types";
import { cityNow, zone } from "../city/city";
import { date, when } from "../say/time";
import { runs } from "./runs";
import { SeveritySign } from "./severity-sign";
import { happened, said } from "./steps";

/** Everything that happened to an alert, oldest first, as the journal has it. */
export function Timeline(props: { history: AlertChange[] }) {
  return (
    <section class="card" aria-labelledby="history-title">
      <h2 id="history-title" class="card-title">
        What happened
      </h2>
      <ol class="timeline">
        <For each={runs(props.history)}>
          {(run) => (
            <li>
              <Show when={run.changes.length === 1} fallback={<Folded changes={run.changes} />}>
                <Step change={run.changes[0] as AlertChange} />
              </Show>
            </li>
          )}
        </For>
      </ol>
    </section>
  );
}

function Step(props: { change: AlertChange }) {
  return (
    <div class="step">
      <span class="figure" title={date(props.change.at, zone())}>
        {when(props.change.at, cityNow(), zone())}
      </span>
      <span>
        <SeveritySign severity={props.change.alert.severity} size={16} />{" "}
        {happened(props.change, cityNow(), zone())}
        <span class="line-detail">{said(props.change)}</span>
      </span>
    </div>
  );
}

/** A run of changed figures: the newest of them, and all on request. */
function Folded(props: { changes: AlertChange[] }) {
  const newest = () => props.changes.at(-1) as AlertChange;
  return (
    <details>
      <summary class="step">
        <span class="figure">{when(newest().at, cityNow(), zone())}</span>
        <span>
          Changed {props.changes.length} times; at last:
          <span class="line-detail">{said(newest())}</span>
        </span>
      </summary>
      <For each={props.changes}>{(change) => <Step change={change} />}</For>
    </details>
  );
}
