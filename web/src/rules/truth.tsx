import { For, onCleanup, Show } from "solid-js";
import type { Rule, TruthNow } from "../api/types";
import { cityNow, zone } from "../city/city";
import { count } from "../say/figure";
import { date, hourMinute, milliseconds } from "../say/time";

/** Of more, the first are enough on a page of many rules. */
const NAMED_MAX = 3;
const DAY_MS = 86_400_000;
/** What rules make of now moves without an event that says so. */
const AGAIN_EVERY_MS = 15_000;

/** Asks again and again while the page is open. */
export function createAgain(again: () => void) {
  const every = setInterval(again, AGAIN_EVERY_MS);
  onCleanup(() => clearInterval(every));
}

/** "It is true of 1 of 3, and cannot be seen of 2": what most are is said last, or alone. */
export function truthWords(now: TruthNow): string {
  const all = now.true + now.false + now.unknown;
  if (all === 0) return "Now: nothing is near it.";
  if (all === 1) return `Now: ${now.true ? "it is so" : now.false ? "it is not so" : "it cannot be seen"}.`;
  const of = (n: number) =>
    n === all ? `all ${count(all)}` : `${n === 0 ? "none" : count(n)} of ${count(all)}`;
  const truth = now.unknown === all ? "" : `true of ${of(now.true)}`;
  const unseen = now.unknown > 0 ? `cannot be seen of ${of(now.unknown)}` : "";
  return `Now: ${[truth, unseen].filter(Boolean).join("; ")}.`;
}

/** "03:12", or with its day when that is not of these 24 hours. */
const sinceWords = (since: string) =>
  cityNow() - milliseconds(since) < DAY_MS
    ? hourMinute(since, zone())
    : `${date(since, zone())} ${hourMinute(since, zone())}`;

/** What a rule makes of now; what nobody can see is hatched and says since when and why. */
export function Truth(props: { rule: Rule; all?: boolean }) {
  const unseen = () => {
    const told = props.rule.truth?.unseen ?? [];
    return props.all ? told : told.slice(0, NAMED_MAX);
  };
  return (
    <Show when={props.rule.truth}>
      {(now) => (
        <div class="truth" data-unknown={now().unknown}>
          <p class={now().unknown > 0 ? "" : "dim"}>{truthWords(now())}</p>
          <Show when={unseen().length > 0}>
            <ul class="unseen stale">
              <For each={unseen()}>
                {(one) => (
                  <li>
                    <strong>{one.name}</strong> cannot be seen
                    {one.since ? ` since ${sinceWords(one.since)}` : ""}: {one.why}.
                  </li>
                )}
              </For>
              <Show when={now().unknown > unseen().length}>
                <li>and {count(now().unknown - unseen().length)} more</li>
              </Show>
            </ul>
          </Show>
        </div>
      )}
    </Show>
  );
}
