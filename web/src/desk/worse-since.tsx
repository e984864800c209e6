import { createMemo, createResource, createSignal, For, Show } from "solid-js";
import { askSeries } from "../api/ask";
import type { DatastreamState, ThingState } from "../api/types";
import { alerts, city, cityNow, things, warnings, zone } from "../city/city";
import { storedSetting, storeSetting, useKeys } from "../keys/keys";
import { arrow, figure } from "../say/figure";
import { when } from "../say/time";
import { handover, tally, turns } from "./since";

const STORED_AS = "townbell.handover";
const LINES_MAX = 3;
/** How far after the handover a first reading still counts as "then". */
const THEN_MS = 2 * 3_600_000;
/** Series whose change is told, in this order. */
const TOLD = ["water_level", "wind_gust"];

interface Change {
  thing: ThingState;
  datastream: DatastreamState;
}

function told(): Change | undefined {
  for (const property of TOLD) {
    for (const thing of things()) {
      const datastream = thing.datastreams.find((one) => one.observed_property === property && one.latest);
      if (datastream) return { thing, datastream };
    }
  }
  return undefined;
}

/** The first reading after the handover, asked once for each handover and series. */
function createThen(since: () => number) {
  const question = createMemo(
    () => {
      const datastream = told()?.datastream.id;
      return datastream === undefined ? undefined : { datastream, hour: Math.floor(since() / 3_600_000) };
    },
    undefined,
    { equals: (a, b) => a?.datastream === b?.datastream && a?.hour === b?.hour },
  );
  const [then] = createResource(question, async ({ datastream, hour }) => {
    const from = hour * 3_600_000;
    const series = await askSeries(datastream, new Date(from), new Date(from + THEN_MS), 8).catch(() => null);
    return series?.points[0]?.[1] ?? null;
  });
  return then;
}

/** What got worse since the last handover: the lake, new alerts, warnings; then what closed. */
export function WorseSince() {
  const [mark, setMark] = createSignal(storedSetting(STORED_AS));
  // By the minute: with thousands of alerts, counting them anew at every tick would be all that the desk does.
  const minute = createMemo(() => Math.ceil(cityNow() / 60_000) * 60_000);
  const since = createMemo(() => handover(mark(), minute()));
  const all = createMemo(() => turns(alerts(), warnings(), since().at));
  const counted = createMemo(() => tally(alerts(), warnings(), since().at));
  const then = createThen(() => since().at);
  const takeOver = () => {
    const now = new Date(cityNow()).toISOString();
    storeSetting(STORED_AS, now);
    setMark(now);
  };
  useKeys("Night desk", [{ keys: "h", words: "hand over: count what gets worse from now", run: takeOver }]);

  return (
    <section class="card worse" aria-labelledby="worse-title">
      <header class="card-head">
        <h2 id="worse-title" class="card-title">
          Worse since {since().marked ? "handover at " : ""}
          {when(since().at, cityNow(), zone())}
          {since().marked ? "" : ", 8 h ago"}
        </h2>
        <span class="faint">{counted()}</span>
      </header>
      <ul class="worse-list">
        <Show when={told()}>
          {(change) => (
            <Show when={then()}>
              {(was) => (
                <li>
                  <span class="worse-words">
                    {change().thing.name}{" "}
                    {figure(change().datastream.latest?.result ?? 0, change().datastream.unit_symbol)}{" "}
                    {arrow(change().datastream.trend_per_h, change().datastream.unit_symbol)}{" "}
                    <span class="dim">was {figure(was(), change().datastream.unit_symbol)}</span>
                  </span>
                  <span class="dim">
                    {when(change().datastream.latest?.phenomenon_time ?? 0, cityNow(), zone())}
                  </span>
                </li>
              )}
            </Show>
          )}
        </Show>
        <For each={all().slice(0, LINES_MAX)}>
          {(turn) => (
            <li>
              <span class="worse-words" classList={{ dim: turn.better }} lang={turn.language ?? undefined}>
                <Show when={turn.href} fallback={turn.words}>
                  {(href) => <a href={href()}>{turn.words}</a>}
                </Show>
              </span>
              <span class="dim">
                {turn.source} {when(turn.at, cityNow(), zone())}
              </span>
            </li>
          )}
        </For>
      </ul>
      <Show when={all().length === 0 && city.now() !== null}>
        <p class="dim worse-none">No alert opened or closed, and no warning was sent.</p>
      </Show>
    </section>
  );
}
