import { createEffect, createMemo, createSignal, createUniqueId, For, Show } from "solid-js";
import { createStore, reconcile } from "solid-js/store";
import { severityRank } from "../alerts/order";
import { SeveritySign, StaleSign } from "../alerts/severity-sign";
import type { Position } from "../api/types";
import { city, cityNow } from "../city/city";
import { distanceM, whereFrom } from "../say/distance";
import { span } from "../say/span";
import { go } from "../shell/route";
import type { MapItem } from "./items";

/** Lines shown at once; a city of a million has 2,500 vehicles, and nobody reads that many: the filter finds them. */
const LINES_MAX = 400;

/** The column is called age: "now", "4 min". */
const ageShort = (ms: number) => (ms < 60_000 ? "now" : span(ms));

type Order = "urgent" | "near";

function matches(item: MapItem, wanted: string): boolean {
  const text = `${item.kind} ${item.name} ${item.value}`.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function byDistance(from: Position) {
  const metres = (item: MapItem) =>
    item.position ? distanceM(from, item.position) : Number.POSITIVE_INFINITY;
  return (a: MapItem, b: MapItem) => metres(a) - metres(b);
}

/** Kinds in the order that a desk asks for them; warnings of elsewhere come last. */
const KIND_ORDER = ["alert", "warning", "station", "vehicle"];
const kindRank = (item: MapItem) =>
  item.nowhere === "elsewhere" ? KIND_ORDER.length : KIND_ORDER.indexOf(item.kind);

function byUrgency(from: Position) {
  const near = byDistance(from);
  return (a: MapItem, b: MapItem) =>
    kindRank(a) - kindRank(b) ||
    severityRank(b.severity ?? "unknown") - severityRank(a.severity ?? "unknown") ||
    (a.kind === "vehicle" ? near(a, b) : 0);
}

interface Props {
  items: MapItem[];
  selected: string | null;
  onSelect(symbol: string | null): void;
  noMap: boolean;
}

/** Everything that the map shows, as a table: kind, name, value, age, distance and bearing. */
export function ListTwin(props: Props) {
  const [wanted, setWanted] = createSignal("");
  const [order, setOrder] = createSignal<Order>("urgent");
  const [fromPlace, setFromPlace] = createSignal("");
  const ids = { filter: createUniqueId(), order: createUniqueId(), from: createUniqueId() };
  const places = () => city.about()?.places ?? [];
  const from = (): Position =>
    places().find((place) => place.id === fromPlace())?.position ??
    city.about()?.centre ?? { longitude: 0, latitude: 0 };

  const found = createMemo(() => {
    const sorting = order() === "near" ? byDistance(from()) : byUrgency(from());
    return props.items.filter((item) => matches(item, wanted())).sort(sorting);
  });
  // Reconciled by id, so that a line keeps its element, and with it the focus, while its figures change.
  const [lines, setLines] = createStore<MapItem[]>([]);
  createEffect(() => setLines(reconcile(found().slice(0, LINES_MAX), { key: "id" })));

  return (
    <section class="twin" aria-label="List of everything on the map">
      <Show when={props.noMap}>
        <p class="notice">
          This browser cannot draw the map (no WebGL). The list holds everything that is on it.
        </p>
      </Show>
      <div class="twin-tools">
        <label for={ids.filter} class="visually-hidden">
          Filter
        </label>
        <input
          id={ids.filter}
          type="search"
          data-filter
          placeholder="Filter: a line, a station, a kind"
          value={wanted()}
          onInput={(event) => setWanted(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        />
        <label for={ids.order} class="visually-hidden">
          Order
        </label>
        <select
          id={ids.order}
          value={order()}
          onChange={(event) => setOrder(event.currentTarget.value as Order)}
        >
          <option value="urgent">worst first</option>
          <option value="near">nearest first</option>
        </select>
        <label for={ids.from} class="visually-hidden">
          Distance from
        </label>
        <select
          id={ids.from}
          value={fromPlace()}
          onChange={(event) => setFromPlace(event.currentTarget.value)}
        >
          <option value="">from the centre</option>
          <For each={places()}>{(place) => <option value={place.id}>from {place.name}</option>}</For>
        </select>
      </div>
      <section class="twin-scroll" tabindex="0" aria-label="Lines">
        <table>
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col">Name</th>
              <th scope="col">Value</th>
              <th scope="col">Age</th>
              <th scope="col">Where</th>
            </tr>
          </thead>
          <tbody>
            <For each={lines}>
              {(item, index) => (
                <Line
                  item={item}
                  from={from()}
                  selected={item.symbol === props.selected}
                  entry={index() === 0 && props.selected === null}
                  onSelect={props.onSelect}
                />
              )}
            </For>
          </tbody>
        </table>
        <Show when={found().length === 0}>
          <p class="empty">{wanted() ? "Nothing on the map matches." : "Nothing is on the map yet."}</p>
        </Show>
      </section>
      <p class="twin-sum dim" role="status">
        {found().length > LINES_MAX
          ? `The first ${LINES_MAX} of ${found().length}: narrow them with the filter.`
          : `${found().length} on the map and in this list.`}
      </p>
    </section>
  );
}

interface LineProps {
  item: MapItem;
  from: Position;
  selected: boolean;
  /** Where Tab enters the list; j and k move from there. */
  entry: boolean;
  onSelect(symbol: string): void;
}

function Line(props: LineProps) {
  const choose = () => props.onSelect(props.item.symbol);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (props.item.href) go(props.item.href);
    else choose();
  };
  return (
    <tr
      tabindex={props.selected || props.entry ? 0 : -1}
      data-line={props.selected ? "selected" : ""}
      data-symbol={props.item.symbol}
      aria-current={props.selected ? "true" : undefined}
      classList={{ selected: props.selected, stale: props.item.stale !== null }}
      onFocus={choose}
      onClick={choose}
      onKeyDown={onKeyDown}
    >
      <td class="twin-kind">
        <Show when={props.item.severity && props.item.kind !== "station"}>
          <SeveritySign severity={props.item.severity ?? "unknown"} size={18} />
        </Show>
        <Show when={props.item.stale}>
          <StaleSign why={props.item.stale ?? ""} size={18} />
        </Show>
        {props.item.kind}
      </td>
      <td lang={props.item.language ?? undefined}>
        <span class="twin-name" title={props.item.name}>
          {props.item.name}
        </span>
      </td>
      <td>
        {props.item.value}
        <Show when={props.item.stale}>
          <span class="why">{props.item.stale}</span>
        </Show>
      </td>
      <td class="figure">{props.item.at === null ? "" : ageShort(cityNow() - props.item.at)}</td>
      <td class="figure">
        {props.item.position ? whereFrom(props.from, props.item.position) : props.item.nowhere}
      </td>
    </tr>
  );
}
