import { For, Show } from "solid-js";
import type { AlertChange } from "../api/types";
import { cityNow, zone } from "../city/city";
import { count, words } from "../say/figure";
import { glued } from "../say/glued";
import { date, when } from "../say/time";
import { runs } from "./runs";
import { SeveritySign } from "./severity-sign";
import { HAPPENED, sentence } from "./words";

/** What was said with a step, or what the alert said after it. */
export function said(change: AlertChange): string {
  switch (change.kind) {
    case "acknowledged":
      return change.words ?? change.alert.note ?? "";
    case "blinded":
      return change.alert.blind?.why ?? "";
    case "regrouped":
      return `Hides ${count(change.alert.hides)} now.`;
    case "opened":
    case "updated":
    case "sighted":
    case "resolved":
      return glued(`${sentence(change.alert.title)} ${change.alert.detail}`);
    default:
      return change.words ?? "";
  }
}

/** What happened, and which role did it. */
export function happened(change: AlertChange, now: number, zone: string): string {
  const by = change.by ?? (change.kind === "acknowledged" ? change.alert.acknowledged_by : null);
  const role = by ? words(by).toLowerCase() : null;
  const { assigned_to, snoozed_until } = change.alert;
  if (change.kind === "assigned" && assigned_to) {
    return `Given to ${words(assigned_to).toLowerCase()}${role ? ` by ${role}` : ""}`;
  }
  if (change.kind === "snoozed" && snoozed_until) {
    return `Put off until ${when(snoozed_until, now, zone)}${role ? ` by ${role}` : ""}`;
  }
  return role ? `${HAPPENED[change.kind]} by ${role}` : HAPPENED[change.kind];
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
