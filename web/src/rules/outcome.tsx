import { For, Show } from "solid-js";
import { SeveritySign } from "../alerts/severity-sign";
import type { Backtest } from "../api/past";
import { zone } from "../city/city";
import { count, percent } from "../say/figure";
import { length } from "../say/span";
import { date, hourMinute, milliseconds } from "../say/time";
import { CaughtAndMissed } from "./against";
import { PastPlot } from "./past-plot";
import { rateWords } from "./rate";

/** Rings that are listed; the plot has a mark for more of them. */
const LISTED_MAX = 100;

/** "22:00 to 06:00, 4 if nobody takes them" */
const untakenWords = (untaken: number, pages: number) =>
  untaken > pages ? `22:00 to 06:00; ${count(untaken)} if nobody takes them` : "22:00 to 06:00";

/** What a rule did on the past: how often it rings, whom it wakes, and what each ring saw. */
export function Outcome(props: { done: Backtest }) {
  const told = () => props.done.rings.slice(0, LISTED_MAX);
  return (
    <section aria-labelledby="outcome-title" class="card outcome" data-rings={props.done.rings_total}>
      <h2 id="outcome-title" class="card-title">
        What it would have done
      </h2>
      <p class="rule-sentence">{props.done.sentence}</p>
      <Show
        when={props.done.from}
        fallback={
          <p class="notice">There is no history in that time: the rule loads, and nothing was tried.</p>
        }
      >
        <dl class="sums">
          <div>
            <dt>Rings</dt>
            <dd>
              {count(props.done.rings_total)}{" "}
              <span class="dim">{rateWords(props.done.rings_a_day, props.done.days)}</span>
            </dd>
          </div>
          <div>
            <dt>Pages by night</dt>
            <dd>
              {count(props.done.pages_by_night)}{" "}
              <span class="dim">
                {untakenWords(props.done.pages_by_night_untaken, props.done.pages_by_night)}
              </span>
            </dd>
          </div>
          <div>
            <dt>Over</dt>
            <dd>
              {props.done.days.toFixed(1)} days <span class="dim">{count(props.done.entries)} entries</span>
            </dd>
          </div>
          <div>
            <dt>Blind</dt>
            <dd>
              {percent(props.done.blind_share)} <span class="dim">of the time</span>
            </dd>
          </div>
        </dl>
        <Show
          when={props.done.against}
          fallback={
            <p class="dim" data-against="none">
              Nobody has said what it should have caught: label episodes in {props.done.rule}.episodes.toml
              beside the rule, and it stands here.
            </p>
          }
        >
          {(against) => <CaughtAndMissed against={against()} />}
        </Show>
        <PastPlot done={props.done} />
        <Show when={told().length > 0} fallback={<p class="empty">It would not have rung.</p>}>
          <ol class="lined rings">
            <For each={told()}>
              {(ring) => (
                <li>
                  <span class="figure">
                    {date(ring.opened, zone())} {hourMinute(ring.opened, zone())}
                  </span>
                  <span>
                    <SeveritySign severity={ring.worst} size={16} /> {ring.title}
                    <span class="line-detail">
                      {ring.saw}
                      {ring.resolved
                        ? ` Closed after ${length(ring.stood_s)}${ring.closed_saw ? `: ${ring.closed_saw}` : ""}`
                        : ` Still open after ${length(milliseconds(props.done.to ?? 0) / 1_000 - milliseconds(ring.opened) / 1_000)}.`}
                      {ring.by_night ? " By night." : ""}
                      {ring.flapping ? " Flapping." : ""}
                      {ring.for_nothing ? " In no episode: for nothing." : ""}
                    </span>
                  </span>
                </li>
              )}
            </For>
          </ol>
          <Show when={props.done.rings_total > told().length}>
            <p class="dim">
              The first {count(told().length)} of {count(props.done.rings_total)}.
            </p>
          </Show>
        </Show>
      </Show>
    </section>
  );
}
