import { createMemo, createSignal, createUniqueId, For, type JSX, Show } from "solid-js";
import type { Alert } from "../api/types";
import { alertOf, alerts, city } from "../city/city";
import { focusFilter } from "../keys/filter";
import { useKeys } from "../keys/keys";
import { count, words } from "../say/figure";
import { AlertTable } from "./alert-table";
import { SEVERITIES, tallyOf, unresolved } from "./order";
import { roles } from "./role";
import { flat, rowsOf } from "./rows";
import { createSearch } from "./search";
import { ANY, isSearch, type Wanted } from "./search-words";
import { selectedAlert, useAlertKeys } from "./taking";

/** What the city has now, with what the server keeps of before. What is open the live picture knows best. */
function merged(kept: Alert[]): Alert[] {
  const live = alerts();
  if (city.now() === null) return kept;
  const known = new Set(live.map((alert) => alert.id));
  return [...live, ...kept.filter((alert) => !unresolved(alert) && !known.has(alert.id))];
}

/** Every alert: what calls, what is kept quiet, what is over; and a search over all that is kept. */
export function AlertsPage() {
  const [wanted, setWanted] = createSignal<Wanted>(ANY);
  const [opened, setOpened] = createSignal<ReadonlySet<string>>(new Set<string>());
  const search = createSearch(wanted);
  const rows = createMemo(() =>
    isSearch(wanted()) ? flat(search.found()) : rowsOf(merged(search.found()), opened()),
  );
  const tally = createMemo(() => tallyOf(alerts()));
  const turn = (id: string) =>
    setOpened((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  const current = () => {
    const id = selectedAlert();
    return id ? (alertOf(id) ?? search.found().find((one) => one.id === id)) : undefined;
  };
  useAlertKeys("Alerts", current);
  useKeys("Alerts", [
    { keys: "o", words: "show or fold what the selected alert hides", run: () => turn(current()?.id ?? "") },
    { keys: "/", words: "search", run: focusFilter },
  ]);
  const none = () => {
    if (search.problem()) return search.problem();
    if (search.loading()) return "Asking for alerts.";
    if (isSearch(wanted())) return "No alert matches.";
    return city.now() === null ? "Waiting for the city's first word." : "No alert yet.";
  };

  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>Alerts</h1>
        <p class="dim">
          {count(tally().open)} open, {count(tally().taken)} taken, {count(tally().quiet)} quiet,{" "}
          {count(tally().closed)} closed in the last day
        </p>
        <div class="page-tools">
          <a href="/silences" class="button">
            Silences
          </a>
        </div>
      </header>
      <Search wanted={wanted()} onChange={(some) => setWanted({ ...wanted(), ...some })} />
      <AlertTable rows={rows()} onTurn={turn} />
      <Show when={rows().length === 0 || search.problem()}>
        <p class="empty" role="status">
          {none()}
        </p>
      </Show>
      <Show when={!search.ended() && rows().length > 0}>
        <button type="button" class="more" data-line="" onClick={() => void search.more()}>
          {isSearch(wanted()) ? "More of them" : "Older ones"}
        </button>
      </Show>
    </main>
  );
}

const STATES: [Wanted["state"], string][] = [
  ["", "open and closed"],
  ["open", "open"],
  ["acknowledged", "taken"],
  ["resolved", "closed"],
];

function Search(props: { wanted: Wanted; onChange(some: Partial<Wanted>): void }) {
  const rules = createMemo(() => [...new Set(alerts().map((alert) => alert.key.rule))].sort());
  const list = createUniqueId();
  return (
    <search class="search">
      <Labelled label="Words">
        {(id) => (
          <input
            id={id}
            type="search"
            data-filter
            placeholder="In what it says or is about"
            value={props.wanted.text}
            onInput={(event) => props.onChange({ text: event.currentTarget.value })}
            onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          />
        )}
      </Labelled>
      <Choice
        label="Which"
        value={props.wanted.state}
        options={STATES}
        onChange={(state) => props.onChange({ state: state as Wanted["state"] })}
      />
      <Choice
        label="At least"
        value={props.wanted.severity}
        options={[
          ["", "any severity"],
          ...SEVERITIES.slice(1).map((one): [string, string] => [one, words(one)]),
        ]}
        onChange={(severity) => props.onChange({ severity })}
      />
      <Choice
        label="Owner"
        value={props.wanted.owner}
        options={[["", "any role"], ...roles().map((one): [string, string] => [one, words(one)])]}
        onChange={(owner) => props.onChange({ owner })}
      />
      <Labelled label="Rule">
        {(id) => (
          <>
            <input
              id={id}
              list={list}
              autocomplete="off"
              placeholder="any"
              value={props.wanted.rule}
              onInput={(event) => props.onChange({ rule: event.currentTarget.value })}
            />
            <datalist id={list}>
              <For each={rules()}>{(rule) => <option value={rule} />}</For>
            </datalist>
          </>
        )}
      </Labelled>
      <Labelled label="Opened from">
        {(id) => (
          <input
            id={id}
            type="date"
            value={props.wanted.from}
            onInput={(event) => props.onChange({ from: event.currentTarget.value })}
          />
        )}
      </Labelled>
      <Labelled label="to">
        {(id) => (
          <input
            id={id}
            type="date"
            value={props.wanted.to}
            onInput={(event) => props.onChange({ to: event.currentTarget.value })}
          />
        )}
      </Labelled>
    </search>
  );
}

function Labelled(props: { label: string; children(id: string): JSX.Element }) {
  const id = createUniqueId();
  return (
    <div class="labelled">
      <label for={id}>{props.label}</label>
      {props.children(id)}
    </div>
  );
}

function Choice(props: {
  label: string;
  value: string;
  options: [string, string][];
  onChange(value: string): void;
}) {
  return (
    <Labelled label={props.label}>
      {(id) => (
        <select id={id} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
          <For each={props.options}>{([value, name]) => <option value={value}>{name}</option>}</For>
        </select>
      )}
    </Labelled>
  );
}
