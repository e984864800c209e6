import { createMemo, For, Match, Show, Switch } from "solid-js";
import { unresolved } from "../alerts/order";
import { SeveritySign, StaleSign } from "../alerts/severity-sign";
import { sentence } from "../alerts/words";
import type { Alert, WarningState } from "../api/types";
import { alerts, city, cityNow, feeds, things, warnings, zone } from "../city/city";
import { onTime } from "../desk/blind";
import { MapPanel } from "../map/map-panel";
import { touchingWarnings } from "../map/map-warnings";
import { count, words } from "../say/figure";
import { glued } from "../say/glued";
import { date, hourMinute, when } from "../say/time";
import { lead, steps } from "./headline";
import { PublicFigures } from "./public-figures";

const STEPS_MAX = 3;
const WARNINGS_MAX = 4;

/** The page of a resident: a sentence, what to do first, then the facts. */
export function PublicPage() {
  const story = createMemo(() => lead(alerts(), warnings()));
  return (
    <div class="public">
      <header class="public-head">
        <p class="public-name">{city.about()?.name ?? "The city"} now</p>
        <p class="public-time">
          {date(cityNow(), zone())}, {hourMinute(cityNow(), zone())}
          {city.about()?.mode === "replay" ? " · replay of a recorded day" : ""}
          {city.about()?.mode === "sandbox" ? " · sandbox, thrown away when it stops" : ""}
        </p>
        <nav aria-label="Pages">
          <a href="#warnings">Warnings</a>
          <a href="#use">How it is used</a>
          <a href="/">Control room</a>
        </nav>
      </header>
      <main id="main" tabindex="-1">
        <Show when={city.connection() === "lost"}>
          <p class="public-old" role="status">
            Not connected. What stands here is from{" "}
            {city.lostAt() ? when(city.lostAt() ?? "", cityNow(), zone()) : "before"} and may be wrong by now.
          </p>
        </Show>
        <div class="public-top">
          <Switch fallback={<Calm />}>
            <Match when={story().kind === "alert"}>
              <AlertStory alert={(story() as { alert: Alert }).alert} />
            </Match>
            <Match when={story().kind === "warning"}>
              <WarningStory warning={(story() as { warning: WarningState }).warning} />
            </Match>
          </Switch>
          <div class="public-map">
            <MapPanel theme="paper" show="map" buttons={false} detail={false} zoom={11.5} />
          </div>
        </div>
        <PublicFigures />
        <Warnings />
        <Use />
      </main>
      <footer class="public-foot">
        <p>{city.about()?.notice}</p>
        <p>
          {city.about()?.attribution.join(" · ")} · <a href="/licences.txt">licences of this page</a>
        </p>
      </footer>
    </div>
  );
}

function AlertStory(props: { alert: Alert }) {
  const others = () => alerts().filter((alert) => unresolved(alert) && alert.id !== props.alert.id).length;
  return (
    <article class="story" data-severity={props.alert.severity}>
      <h1>{glued(props.alert.title)}</h1>
      <p>{sentence(props.alert.detail)}</p>
      <p>{sentence(props.alert.consequence)}</p>
      <p class="story-first">What the city does first: {sentence(props.alert.first_action)}</p>
      <p class="story-source">
        <SeveritySign severity={props.alert.severity} size={18} /> {words(props.alert.severity)} · since{" "}
        {when(props.alert.opened, cityNow(), zone())} · {words(props.alert.owner).toLowerCase()} answers for
        it
        {props.alert.acknowledged ? " and works on it" : ", not yet taken"}
        {props.alert.expected ? " · a forecast, not a measurement" : ""}
        {others() > 0 ? ` · ${others()} more open` : ""}
      </p>
      <Show when={props.alert.blind}>
        {(blind) => (
          <p class="story-source">
            <StaleSign size={18} /> {sentence(blind().why)} We cannot see whether this still holds.
          </p>
        )}
      </Show>
    </article>
  );
}

function WarningStory(props: { warning: WarningState }) {
  const language = () => props.warning.language ?? undefined;
  return (
    <article class="story" data-severity={props.warning.severity}>
      <h1 lang={language()}>{props.warning.headline || props.warning.event}</h1>
      <ul class="story-steps" lang={language()}>
        <For each={steps(props.warning.instruction, STEPS_MAX)}>{(step) => <li>{step}</li>}</For>
      </ul>
      <p class="story-source">
        <SeveritySign severity={props.warning.severity} size={18} /> {words(props.warning.severity)} · issued{" "}
        {when(props.warning.sent, cityNow(), zone())} by {props.warning.sender_name}
        {props.warning.expires ? ` · until ${when(props.warning.expires, cityNow(), zone())}` : ""} · CAP
        {props.warning.caveat ? ` · ${props.warning.caveat}` : ""}
      </p>
    </article>
  );
}

function Calm() {
  const blind = () => feeds().length - onTime(feeds());
  return (
    <article class="story" data-severity="none">
      <h1>{city.now() === null ? "Waiting for the city's first word" : "Nothing to act on"}</h1>
      <Show when={city.now() !== null}>
        <p>
          No alert is open and no warning touches the city.{" "}
          {blind() === 0
            ? `All ${feeds().length} sources that the city reads are on time.`
            : `${blind()} of ${feeds().length} sources are not on time, so something may be missed.`}
        </p>
      </Show>
    </article>
  );
}

function Warnings() {
  const shown = () => touchingWarnings(warnings()).slice(0, WARNINGS_MAX);
  const elsewhere = () =>
    warnings().filter((warning) => warning.in_force && warning.touches.length === 0).length;
  return (
    <section id="warnings" class="public-section" aria-labelledby="warnings-title">
      <h2 id="warnings-title">Warnings for the city</h2>
      <Show
        when={shown().length > 0}
        fallback={<p class="dim">None is in force that the city has heard of.</p>}
      >
        <ul class="public-warnings">
          <For each={shown()}>
            {(warning) => (
              <li>
                <SeveritySign severity={warning.severity} size={20} />
                <div>
                  <strong lang={warning.language ?? undefined}>{warning.headline || warning.event}</strong>
                  <p class="dim">
                    {warning.sender_name}, {when(warning.sent, cityNow(), zone())}
                    {warning.expires ? `, until ${when(warning.expires, cityNow(), zone())}` : ""}.{" "}
                    {sentence(warning.caveat ?? "")}
                  </p>
                </div>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Show when={elsewhere() > 0}>
        <p class="dim public-elsewhere">
          {elsewhere()} more in force elsewhere, in the <a href="/map">list of the map</a>.
        </p>
      </Show>
    </section>
  );
}

function Use() {
  const refused = () =>
    feeds().reduce((sum, feed) => sum + Object.values(feed.tally.rejected).reduce((a, b) => a + b, 0), 0);
  const dropped = () => feeds().reduce((sum, feed) => sum + feed.tally.fields_dropped, 0);
  const open = () => alerts().filter(unresolved).length;
  const asked = () =>
    feeds().some((feed) => feed.kind === "open311") ? ", and counts what residents report" : "";
  return (
    <div class="public-two" id="use">
      <section aria-labelledby="use-title">
        <h2 id="use-title">How this centre is used</h2>
        <p>
          It watches water, weather, warnings and public vehicles{asked()}. No record has a field for a
          person, and what arrives with such a field is dropped at the door. What staff write (rules, notes,
          comments) is searched for telephone numbers, addresses of the network, document numbers, plates and
          exact places, and refused with one. A name is a word like others, and no search finds it for
          certain: staff write roles. That is the city's <a href="/charter">charter</a>.
        </p>
      </section>
      <section aria-labelledby="check-title">
        <h2 id="check-title">Check it yourself</h2>
        <p>
          {feeds().length} sources, {things().length} stations, {open()} open alerts. {count(refused())}{" "}
          entries were refused at the door and {count(dropped())} fields dropped; none of them is kept. See
          every <a href="/feeds">source</a>, every <a href="/rules">rule</a> as a sentence, and{" "}
          <a href="/api/openapi.json" target="_self">
            the interface
          </a>{" "}
          that this page reads.
        </p>
      </section>
    </div>
  );
}
