import { createEffect, createMemo, createResource, createSignal, createUniqueId, For, Show } from "solid-js";
import { createStore, reconcile, unwrap } from "solid-js/store";
import { askAlerts } from "../api/ask";
import type { Alert } from "../api/types";
import { alerts, city, cityNow, zone } from "../city/city";
import { focusFilter } from "../keys/filter";
import { useKeys } from "../keys/keys";
import { words } from "../say/figure";
import { when } from "../say/time";
import { alertPath, go } from "../shell/route";
import { byOpened, byUrgency, unresolved } from "./order";
import { SeveritySign } from "./severity-sign";
import { selectedAlert, setSelectedAlert, setTaking } from "./taking";
import { lasting, overdue, remaining } from "./words";

const ASKED_MAX = 500;

type Which = "all" | "unresolved" | "resolved";

function matches(alert: Alert, wanted: string): boolean {
  const text =
    `${alert.title} ${alert.detail} ${alert.severity} ${alert.state} ${alert.owner} ${alert.acknowledged_by ?? ""} ${alert.note ?? ""}`.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function belongs(alert: Alert, which: Which): boolean {
  return which === "all" || unresolved(alert) === (which === "unresolved");
}

/** History of the server with what has come since, unresolved first. */
function createAllAlerts() {
  const [history] = createResource(() => askAlerts("all", ASKED_MAX).catch(() => ({ items: [] as Alert[] })));
  return createMemo(() => {
    const all = new Map((history()?.items ?? []).map((alert) => [alert.id, alert]));
    for (const alert of alerts()) all.set(alert.id, alert);
    const list = [...all.values()];
    return [...list.filter(unresolved).sort(byUrgency), ...list.filter((a) => !unresolved(a)).sort(byOpened)];
  });
}

/** Every alert, open and closed, with a search. */
export function AlertsPage() {
  const all = createAllAlerts();
  const [wanted, setWanted] = createSignal("");
  const [which, setWhich] = createSignal<Which>("all");
  const ids = { filter: createUniqueId(), which: createUniqueId() };
  const found = createMemo(() =>
    all().filter((alert) => belongs(alert, which()) && matches(alert, wanted())),
  );
  const [lines, setLines] = createStore<Alert[]>([]);
  createEffect(() => setLines(reconcile(structuredClone(found().map((one) => unwrap(one))), { key: "id" })));
  const take = () => {
    const alert = found().find((one) => one.id === selectedAlert());
    if (alert?.state === "open") setTaking(alert);
  };
  useKeys("Alerts", [
    { keys: "a", words: "acknowledge the selected alert", run: take },
    { keys: "/", words: "search", run: focusFilter },
  ]);

  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>Alerts</h1>
        <p class="dim">
          {all().filter((alert) => alert.state === "open").length} open,{" "}
          {all().filter((alert) => alert.state === "acknowledged").length} taken,{" "}
          {all().filter((alert) => alert.state === "resolved").length} closed
        </p>
        <div class="page-tools">
          <label for={ids.filter} class="visually-hidden">
            Search
          </label>
          <input
            id={ids.filter}
            type="search"
            data-filter
            placeholder="Search: words, a role, a severity"
            value={wanted()}
            onInput={(event) => setWanted(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          />
          <label for={ids.which} class="visually-hidden">
            Which
          </label>
          <select
            id={ids.which}
            value={which()}
            onChange={(event) => setWhich(event.currentTarget.value as Which)}
          >
            <option value="all">open and closed</option>
            <option value="unresolved">open and taken</option>
            <option value="resolved">closed</option>
          </select>
        </div>
      </header>
      <table class="wide">
        <thead>
          <tr>
            <th scope="col">Severity</th>
            <th scope="col">What</th>
            <th scope="col">Opened</th>
            <th scope="col">Time</th>
            <th scope="col">Who has it</th>
          </tr>
        </thead>
        <tbody>
          <For each={lines}>{(alert) => <Line alert={alert} />}</For>
        </tbody>
      </table>
      <Show when={lines.length === 0}>
        <p class="empty">
          {wanted()
            ? "No alert matches."
            : city.now() === null
              ? "Waiting for the city's first word."
              : "No alert yet."}
        </p>
      </Show>
    </main>
  );
}

function Line(props: { alert: Alert }) {
  const chosen = () => selectedAlert() === props.alert.id;
  return (
    <tr
      data-state={props.alert.state}
      classList={{ selected: chosen(), closed: props.alert.state === "resolved" }}
      onClick={() => go(alertPath(props.alert.id))}
    >
      <td>
        <span class="with-sign">
          <SeveritySign severity={props.alert.severity} size={22} />
          <span class="dim">{words(props.alert.severity)}</span>
        </span>
      </td>
      <td>
        <a
          href={alertPath(props.alert.id)}
          data-line={chosen() ? "selected" : ""}
          data-alert={props.alert.id}
          onFocus={() => setSelectedAlert(props.alert.id)}
        >
          {props.alert.title}
        </a>
        <span class="line-detail">{props.alert.detail}</span>
      </td>
      <td class="figure">{when(props.alert.opened, cityNow(), zone())}</td>
      <td class="figure" classList={{ over: overdue(props.alert, cityNow()) }}>
        {remaining(props.alert, cityNow())}
        <span class="line-detail">{lasting(props.alert, cityNow(), zone())}</span>
      </td>
      <td>{props.alert.acknowledged_by ? words(props.alert.acknowledged_by) : "nobody"}</td>
    </tr>
  );
}
