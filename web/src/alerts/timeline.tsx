import { For, Show } from "solid-js";
import type { AlertChange } from "../api/types";
import { cityNow, zone } from "../city/city";
import { words } from "../say/figure";
import { glued } from "../say/glued";
import { date, when } from "../say/time";
import { runs } from "./runs";
import { SeveritySign } from "./severity-sign";

const HAPPENED: Record<AlertChange["kind"], string> = {
  opened: "Opened",
  acknowledged: "Taken",
  updated: "Changed",
  blinded: "Can no longer be seen",
  sighted: "Can be seen again",
  resolved: "Closed by its own condition",
};

/** What the alert said, or why, after a step. */
function said(change: AlertChange): string {
  if (change.kind === "acknowledged") return change.alert.note ?? "";
  if (change.kind === "blinded") return change.alert.blind?.why ?? "";
  return glued(`${change.alert.title}. ${change.alert.detail}`);
}

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
  const by = () => props.change.alert.acknowledged_by;
  const happened = () =>
    props.change.kind === "acknowledged" && by()
      ? `Taken by ${words(by() ?? "").toLowerCase()}`
      : HAPPENED[props.change.kind];
  return (
    <div class="step">
      <span class="figure" title={date(props.change.at, zone())}>
        {when(props.change.at, cityNow(), zone())}
      </span>
      <span>
        <SeveritySign severity={props.change.alert.severity} size={16} /> {happened()}
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
