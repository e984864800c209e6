import { For, Show } from "solid-js";
import { StaleSign } from "../alerts/severity-sign";
import { city, cityNow, feeds, things, zone } from "../city/city";
import { age } from "../say/span";
import { hourMinute } from "../say/time";
import { newestBeat, onTime, unseen } from "./blind";
import { ToMend } from "./to-mend";

/** Names of what is silent that fit on the line; the rest is on the feeds page. */
const NAMED_MAX = 2;

const lastHeard = (at: number) => {
  const words = age(cityNow() - at);
  return words === "now" ? "this minute" : words;
};

/** First, because a quiet screen must mean that it is quiet. */
export function AmIBlind() {
  const all = feeds;
  const missing = () => unseen(all(), things(), cityNow());
  const waiting = () => all().filter((feed) => feed.status === "waiting").length;
  const beat = () => newestBeat(all());
  return (
    <section class="card" aria-labelledby="blind-title">
      <header class="card-head">
        <h2 id="blind-title" class="card-title">
          Am I blind?
        </h2>
        <span class="faint">
          {city.connection() === "lost"
            ? `not connected since ${city.lostAt() ? hourMinute(city.lostAt() ?? "", zone()) : "the start"}`
            : beat() === null
              ? "nothing heard yet"
              : `last heard ${lastHeard(beat() ?? 0)}`}
        </span>
      </header>
      <p class="blind-line">
        <a href="/feeds">
          <strong>
            {onTime(all())} of {all().length}
          </strong>{" "}
          feeds on time
        </a>
        <Show
          when={missing().length > 0}
          fallback={
            <span class="dim">
              {waiting() > 0 ? `${waiting()} waiting for their first word` : "nothing is silent"}
            </span>
          }
        >
          <span class="blind-missing">
            <StaleSign size={16} />
            <For each={missing().slice(0, NAMED_MAX)}>{(what) => <span>{what}</span>}</For>
            <Show when={missing().length > NAMED_MAX}>
              <span class="dim">and {missing().length - NAMED_MAX} more</span>
            </Show>
          </span>
        </Show>
      </p>
      <ToMend />
    </section>
  );
}
