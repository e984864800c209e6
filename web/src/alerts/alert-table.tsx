import { createEffect, createMemo, createSignal, For, Match, on, onCleanup, onMount, Switch } from "solid-js";
import { createStore, reconcile } from "solid-js/store";
import type { Alert } from "../api/types";
import { cityNow, zone } from "../city/city";
import { count, words } from "../say/figure";
import { when } from "../say/time";
import { alertPath, go } from "../shell/route";
import type { Row } from "./rows";
import { SeveritySign } from "./severity-sign";
import { selectedAlert, setSelectedAlert } from "./taking";
import { windowOf } from "./window";
import { capital, lasting, marks, overdue, remaining } from "./words";

/** Height of every line, as the style sheet has it: only what is near the screen is drawn. */
const LINE_PX = 54;

/** All lines, of which those near the screen are drawn. What comes above does not move what is being read. */
export function AlertTable(props: { rows: Row[]; onTurn(id: string): void }) {
  let body!: HTMLTableSectionElement;
  const [above, setAbove] = createSignal(0);
  const [screen, setScreen] = createSignal(window.innerHeight);
  const look = () => {
    setAbove(-body.getBoundingClientRect().top);
    setScreen(window.innerHeight);
  };
  onMount(() => {
    look();
    window.addEventListener("scroll", look, { passive: true });
    window.addEventListener("resize", look);
  });
  onCleanup(() => {
    window.removeEventListener("scroll", look);
    window.removeEventListener("resize", look);
  });

  const shown = createMemo(() => windowOf(above(), screen(), LINE_PX, props.rows.length));
  const [lines, setLines] = createStore<Row[]>([]);
  createEffect(() => {
    const { from, to } = shown();
    // A copy: the store writes into what it is given, and the city's own alerts are not its to change.
    setLines(reconcile(structuredClone(props.rows.slice(from, to)), { key: "id" }));
  });

  /** The line that must stay where it is: the one with the focus, or the first on the screen once scrolled. */
  const anchorOf = (rows: Row[]) => {
    const focused = body.contains(document.activeElement)
      ? document.activeElement?.closest("tr")?.dataset.row
      : undefined;
    if (focused) return focused;
    return above() > LINE_PX ? rows[Math.floor(above() / LINE_PX)]?.id : undefined;
  };
  createEffect(
    on(
      () => props.rows,
      (rows, before) => {
        const anchor = before && anchorOf(before);
        if (!anchor || !before) return;
        const [was, is] = [before, rows].map((list) => list.findIndex((row) => row.id === anchor));
        if (was === undefined || is === undefined || was < 0 || is < 0 || was === is) return;
        queueMicrotask(() => {
          window.scrollBy(0, (is - was) * LINE_PX);
          look();
        });
      },
    ),
  );

  const room = (lines: number) => ({ height: `${lines * LINE_PX}px` });
  return (
    <table class="wide alerts" aria-rowcount={props.rows.length + 1}>
      <thead>
        <tr aria-rowindex={1}>
          <th scope="col">Severity</th>
          <th scope="col">What</th>
          <th scope="col">Opened</th>
          <th scope="col">Time</th>
          <th scope="col">Who has it</th>
        </tr>
      </thead>
      <tbody ref={body}>
        <tr class="room-for">
          <td colspan={5} style={room(shown().from)} />
        </tr>
        <For each={lines}>
          {(row, at) => <Line row={row} index={shown().from + at() + 2} onTurn={props.onTurn} />}
        </For>
        <tr class="room-for">
          <td colspan={5} style={room(props.rows.length - shown().to)} />
        </tr>
      </tbody>
    </table>
  );
}

type Of<K extends Row["kind"]> = Extract<Row, { kind: K }>;
const as = <K extends Row["kind"]>(row: Row, kind: K) => (row.kind === kind ? (row as Of<K>) : undefined);

function Line(props: { row: Row; index: number; onTurn(id: string): void }) {
  return (
    <Switch>
      <Match when={as(props.row, "section")}>
        {(row) => (
          <tr class="section" data-row={row().id} aria-rowindex={props.index}>
            <th colspan={5} scope="rowgroup">
              {row().words}
            </th>
          </tr>
        )}
      </Match>
      <Match when={as(props.row, "group")}>
        {(row) => (
          <tr class="group" data-row={row().id} data-size={row().size} aria-rowindex={props.index}>
            <td>
              <SignOf severity={row().severity} />
            </td>
            <td colspan={4}>
              <button
                type="button"
                class="turn"
                data-line=""
                aria-expanded={row().shown}
                onClick={() => props.onTurn(row().id)}
                onFocus={() => setSelectedAlert(null)}
              >
                {row().words}
              </button>
            </td>
          </tr>
        )}
      </Match>
      <Match when={as(props.row, "alert")}>
        {(row) => <AlertRow row={row()} index={props.index} onTurn={props.onTurn} />}
      </Match>
    </Switch>
  );
}

function SignOf(props: { severity: Alert["severity"] }) {
  return (
    <span class="with-sign">
      <SeveritySign severity={props.severity} size={22} />
      <span class="dim">{words(props.severity)}</span>
    </span>
  );
}

function AlertRow(props: { row: Of<"alert">; index: number; onTurn(id: string): void }) {
  const alert = () => props.row.alert;
  const chosen = () => selectedAlert() === alert().id;
  const said = () => [...marks(alert(), cityNow(), zone()).filter((mark) => !mark.startsWith("hides "))];
  const who = () => alert().acknowledged_by;
  return (
    <tr
      data-row={props.row.id}
      data-state={alert().state}
      data-severity={alert().severity}
      aria-rowindex={props.index}
      classList={{ selected: chosen(), closed: alert().state === "resolved", nested: props.row.nested }}
      onClick={() => go(alertPath(alert().id))}
    >
      <td>
        <SignOf severity={alert().severity} />
      </td>
      <td>
        <a
          class="line-title"
          href={alertPath(alert().id)}
          data-line={chosen() ? "selected" : ""}
          data-alert={alert().id}
          onFocus={() => setSelectedAlert(alert().id)}
        >
          {alert().title}
        </a>
        <span class="line-detail">
          <Switch>
            <Match when={alert().hides > 0 && alert().state !== "resolved"}>
              <button
                type="button"
                class="turn"
                aria-expanded={props.row.shown}
                onClick={(event) => {
                  event.stopPropagation();
                  props.onTurn(props.row.id);
                }}
              >
                hides {count(alert().hides)}
              </button>{" "}
            </Match>
          </Switch>
          {said().length > 0 ? `${capital(said().join(", "))}. ` : ""}
          {alert().detail}
        </span>
      </td>
      <td class="figure">{when(alert().opened, cityNow(), zone())}</td>
      <td class="figure" classList={{ over: overdue(alert(), cityNow()) }}>
        {remaining(alert(), cityNow())}
        <span class="line-detail">{lasting(alert(), cityNow(), zone())}</span>
      </td>
      <td>{who() ? words(who() ?? "") : "nobody"}</td>
    </tr>
  );
}
