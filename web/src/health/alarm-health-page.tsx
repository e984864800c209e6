import { createMemo, createResource, createSignal, For, Show } from "solid-js";
import { type AlarmHealth, askAlarmHealth, type Figure, type Position, type RuleHealth } from "../api/health";
import { listed } from "../calls/words";
import { city, cityNow, zone } from "../city/city";
import { count, percent, words } from "../say/figure";
import { date } from "../say/time";
import { Field } from "../shell/field";
import { rulePath } from "../shell/pages";
import { rate } from "./hours";
import { HoursPlot } from "./hours-plot";

const DAYS = [1, 7, 14, 31];
const DAY_MS = 86_400_000;

const daysWords = (days: number) => (days === 1 ? "the last day" : `these ${days} days`);

/** Whether people can answer what rings, and which rules to mend first. */
export function AlarmHealthPage() {
  const [days, setDays] = createSignal(7);
  // A replay has a time of its own: nothing is asked before that is known.
  const wanted = () => city.now() !== null && days();
  const [health, { refetch }] = createResource(wanted, (chosen) => {
    const now = cityNow();
    return askAlarmHealth(now - chosen * DAY_MS, now);
  });
  const got = () => (health.error ? undefined : health.latest);
  const problem = () => (health.error instanceof Error ? health.error.message : "Counting what rang.");
  const quiet = () => got()?.positions.length === 0;
  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>Alarm health</h1>
        <p class="dim">
          Can the people on duty answer what rings? The bars are those of ISA-18.2, IEC 62682 and EEMUA 191.
        </p>
        <div class="page-tools">
          <a href="/rules" class="button">
            Rules
          </a>
        </div>
      </header>
      <form
        class="search"
        onSubmit={(event) => {
          event.preventDefault();
          void refetch();
        }}
      >
        <Field label="Over the last">
          {(tied) => (
            <select {...tied} data-filter onChange={(event) => setDays(Number(event.currentTarget.value))}>
              <For each={DAYS}>
                {(one) => (
                  <option value={one} selected={one === days()}>
                    {one === 1 ? "day" : `${one} days`}
                  </option>
                )}
              </For>
            </select>
          )}
        </Field>
        <button type="submit" disabled={health.loading}>
          {health.loading ? "Counting" : "Count again"}
        </button>
      </form>
      <Show when={got()} fallback={<p class="empty">{problem()}</p>}>
        {(shown) => (
          <Show
            when={!quiet()}
            fallback={
              <p class="empty" role="status">
                Nothing rang in {daysWords(days())}.
              </p>
            }
          >
            <Positions health={shown()} />
            <HoursPlot health={shown()} />
            <Worst rules={shown().worst} />
          </Show>
        )}
      </Show>
    </main>
  );
}

/** A figure, its bar, and in words when it is above. */
function Judged(props: { figure: Figure; say(value: number): string }) {
  return (
    <td class="number" data-right={props.figure.right}>
      <Show
        when={props.figure.right}
        fallback={
          <strong class="over">
            {props.say(props.figure.value)}
            <span class="line-detail">above {props.say(props.figure.bar)}</span>
          </strong>
        }
      >
        {props.say(props.figure.value)}
        <span class="line-detail">
          {props.figure.bar === 0 ? "shall be none" : `at most ${props.say(props.figure.bar)}`}
        </span>
      </Show>
    </td>
  );
}

const MIX = ["low", "high", "emergency"];
const whole = (share: number) => `${Math.round(share * 100)} %`;
const mixWords = (shares: number[]) => listed(shares.map((share, at) => `${whole(share)} ${MIX[at]}`));

function Positions(props: { health: AlarmHealth }) {
  const bar = () => props.health.positions[0]?.mix_bar ?? [];
  return (
    <section class="card" aria-labelledby="positions-title">
      <h2 id="positions-title" class="card-title">
        By operator position, {date(props.health.from, zone())} to {date(props.health.to, zone())}
      </h2>
      <table class="plain health">
        <thead>
          <tr>
            <th scope="col">Position</th>
            <th scope="col" class="number">
              Rang
            </th>
            <th scope="col" class="number">
              An hour
            </th>
            <th scope="col" class="number">
              In the worst hour
            </th>
            <th scope="col" class="number">
              Time in flood
            </th>
            <th scope="col" class="number">
              Chattering
            </th>
            <th scope="col" class="number">
              Stood over 24 h
            </th>
            <th scope="col" class="number">
              Never acted on
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={props.health.positions}>{(one) => <PositionRow position={one} />}</For>
        </tbody>
      </table>
      <p class="faint">
        Hidden and silenced alerts call nobody and do not count. A flood is more than ten alerts within ten
        minutes. Chattering: three times within a minute. Of all alerts about {mixWords(bar())} is right.
      </p>
    </section>
  );
}

function PositionRow(props: { position: Position }) {
  const one = () => props.position;
  return (
    <tr data-position={one().role}>
      <th scope="row">
        {words(one().role)}
        <Show when={one().opened > 0}>
          <span class="line-detail">{mixWords(one().mix)}</span>
        </Show>
      </th>
      <td class="number">{count(one().opened)}</td>
      <Judged figure={one().hourly} say={rate} />
      <Judged figure={one().hourly_max} say={count} />
      <td class="number" data-right={one().flood_share.right}>
        <Show
          when={one().flood_share.right}
          fallback={<strong class="over">{percent(one().flood_share.value)}</strong>}
        >
          {percent(one().flood_share.value)}
        </Show>
        <span class="line-detail">
          {one().floods === 1 ? "1 flood" : `${count(one().floods)} floods`},{" "}
          {one().flood_share.right ? "at most" : "above"} {percent(one().flood_share.bar)}
        </span>
      </td>
      <Judged figure={one().chattering} say={count} />
      <Judged figure={one().stale} say={count} />
      <td class="number">
        {count(one().never_acted_on)}
        <span class="line-detail">of {count(one().resolved)} closed</span>
      </td>
    </tr>
  );
}

function Worst(props: { rules: RuleHealth[] }) {
  const some = createMemo(() => props.rules.length);
  return (
    <section class="card" aria-labelledby="worst-title">
      <h2 id="worst-title" class="card-title">
        {some() === 1 ? "The rule that rang" : `The ${some()} rules to mend first`}
      </h2>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col" class="number">
              Rang
            </th>
            <th scope="col" class="number">
              Of all
            </th>
            <th scope="col" class="number">
              Never acted on
            </th>
            <th scope="col" class="number">
              Chattering
            </th>
            <th scope="col" class="number">
              Stood over 24 h
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={props.rules}>
            {(one) => (
              <tr data-rule={one.rule}>
                <th scope="row">
                  <a href={rulePath(one.rule)} data-line="" class="turn">
                    {one.rule}
                  </a>
                </th>
                <td class="number">{count(one.opened)}</td>
                <td class="number">{percent(one.share)}</td>
                <td class="number">{count(one.never_acted_on)}</td>
                <td class="number">{count(one.chattering)}</td>
                <td class="number">{count(one.stale)}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </section>
  );
}
