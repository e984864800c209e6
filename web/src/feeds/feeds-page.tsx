import { createMemo, createSignal, For, Show } from "solid-js";
import { StaleSign } from "../alerts/severity-sign";
import type { FeedState } from "../api/types";
import { city, cityNow, feeds } from "../city/city";
import { onTime } from "../desk/blind";
import { count, percent } from "../say/figure";
import { age, length, span } from "../say/span";
import { milliseconds } from "../say/time";
import { balances, doubt, reason, rejected, standard, statusWord } from "./words";

const COLUMNS = ["Feed", "Status", "Last good", "Lag", "Received", "Stored", "Duplicate", "Refused", "Beat"];

/** From this column on all are numbers, and end where their last digit stands. */
const FIRST_NUMBER = 2;

/** The feed console: what every feed sent, when, and what became of it. */
export function FeedsPage() {
  // The order of the configuration, as the server gave it; a live event replaces a feed in its place.
  const ids = createMemo(() => Object.keys(city.picture.feeds), undefined, {
    equals: (a, b) => a.join() === b.join(),
  });
  const refused = () => feeds().reduce((sum, feed) => sum + rejected(feed), 0);
  const received = () => feeds().reduce((sum, feed) => sum + feed.tally.received, 0);
  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>Feeds</h1>
        <p class="dim">
          {onTime(feeds())} of {feeds().length} on time. {count(received())} received, {count(refused())}{" "}
          refused at the gate. Nothing refused is kept.
        </p>
      </header>
      <table class="wide feeds">
        <thead>
          <tr>
            <For each={COLUMNS}>
              {(name, n) => (
                <th scope="col" classList={{ number: n() >= FIRST_NUMBER }}>
                  {name}
                </th>
              )}
            </For>
          </tr>
        </thead>
        <For each={ids()}>
          {(id) => <Show when={city.picture.feeds[id]}>{(feed) => <Feed feed={feed()} />}</Show>}
        </For>
      </table>
      <Show when={feeds().length === 0}>
        <p class="empty">
          {city.now() === null ? "Waiting for the city's first word." : "No feed is configured."}
        </p>
      </Show>
    </main>
  );
}

function Feed(props: { feed: FeedState }) {
  const [open, setOpen] = createSignal(false);
  const details = () => `feed-${props.feed.id}`;
  const tally = () => props.feed.tally;
  const lag = () => (props.feed.lag_s === null ? "" : span(props.feed.lag_s * 1_000));
  const lastGood = () =>
    props.feed.last_good ? age(cityNow() - milliseconds(props.feed.last_good)) : "never";
  const doubtful = () => props.feed.status === "silent" || props.feed.status === "late";
  return (
    <tbody
      class="feed"
      classList={{ stale: props.feed.status === "silent", late: props.feed.status === "late" }}
    >
      <tr data-feed={props.feed.id} data-status={props.feed.status}>
        <th scope="row">
          <button
            type="button"
            class="feed-name"
            data-line=""
            aria-expanded={open()}
            aria-controls={details()}
            onClick={() => setOpen((on) => !on)}
          >
            {props.feed.name}
          </button>
          <span class="line-detail">
            {standard(props.feed.kind)}, {props.feed.owner}
            {props.feed.caveat ? ` · ${props.feed.caveat}` : ""}
          </span>
        </th>
        <td class="feed-status">
          <Show when={doubtful()}>
            <StaleSign size={18} />
          </Show>
          {statusWord(props.feed.status)}
        </td>
        <td class="figure number">{lastGood()}</td>
        <td class="figure number">{lag()}</td>
        <td class="figure number">{count(tally().received)}</td>
        <td class="figure number">{count(tally().stored)}</td>
        <td class="figure number">{count(tally().duplicate)}</td>
        <td class="figure number">
          {count(rejected(props.feed))} <span class="dim">{percent(props.feed.reject_share)}</span>
        </td>
        <td class="figure number">{length(props.feed.beat_s)}</td>
      </tr>
      <tr id={details()} hidden={!open()}>
        <td colspan={COLUMNS.length}>
          <Details feed={props.feed} />
        </td>
      </tr>
    </tbody>
  );
}

function Details(props: { feed: FeedState }) {
  const reasons = () => Object.entries(props.feed.tally.rejected).filter(([, number]) => number > 0);
  return (
    <div class="feed-details">
      <dl class="facts">
        <dt>Purpose</dt>
        <dd>{props.feed.purpose}</dd>
        <dt>Licence</dt>
        <dd>{props.feed.licence}</dd>
        <dt>Kept for</dt>
        <dd>{length(props.feed.retention_s)}</dd>
        <Show when={props.feed.caveat}>
          <dt>Caveat</dt>
          <dd>{props.feed.caveat}</dd>
        </Show>
        <Show when={doubt(props.feed)}>
          <dt>Now</dt>
          <dd>{doubt(props.feed)}</dd>
        </Show>
      </dl>
      <div>
        <h2 class="card-title">Refused, by reason</h2>
        <Show when={reasons().length > 0} fallback={<p class="dim">Nothing was refused.</p>}>
          <dl class="reasons">
            <For each={reasons()}>
              {([code, number]) => (
                <div>
                  <dt>{reason(code)}</dt>
                  <dd>{count(number)}</dd>
                </div>
              )}
            </For>
          </dl>
        </Show>
        <p class="dim">
          {count(props.feed.tally.fields_dropped)} fields dropped at the door.{" "}
          {balances(props.feed)
            ? "Received = stored + duplicate + refused."
            : "The account does not add up: received is not stored + duplicate + refused."}
        </p>
      </div>
    </div>
  );
}
