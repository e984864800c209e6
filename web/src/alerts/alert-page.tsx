import { createEffect, createMemo, createResource, on, Show } from "solid-js";
import { askAlert, Refusal } from "../api/ask";
import type { Alert } from "../api/types";
import { alertOf, city, cityNow, findDatastream, zone } from "../city/city";
import { useKeys } from "../keys/keys";
import { figure, words } from "../say/figure";
import { glued } from "../say/glued";
import { age, length } from "../say/span";
import { hourMinute, milliseconds, when } from "../say/time";
import { back } from "../shell/route";
import { AlertChart } from "./alert-chart";
import { Actions, Nested, Standing, ToldOf } from "./alert-standing";
import { SeveritySign, StaleSign } from "./severity-sign";
import { setSelectedAlert, useAlertKeys } from "./taking";
import { Timeline } from "./timeline";
import { holder, lasting, overdue, remaining, sentence } from "./words";

/** One alert: what, so what, do what, who has it, and everything that happened to it. */
export function AlertPage(props: { id: string }) {
  const [asked, { refetch }] = createResource(
    () => props.id,
    (id) =>
      askAlert(id).catch((error: unknown) => (error instanceof Refusal ? error : Promise.reject(error))),
  );
  const answer = () => {
    const got = asked();
    return got instanceof Refusal ? undefined : got;
  };
  const refusal = () => {
    const got = asked();
    return got instanceof Refusal ? got : undefined;
  };
  const alert = createMemo<Alert | undefined>(() => alertOf(props.id) ?? answer()?.alert);
  // A change that comes live has a line in the history: ask for it. A comment changes nothing else of the alert, so
  // any new copy of it counts.
  createEffect(on(alert, () => refetch(), { defer: true }));
  createEffect(() => setSelectedAlert(props.id));
  const restsOn = () => {
    const datastream = alert()?.datastream;
    return datastream === null || datastream === undefined ? undefined : findDatastream(datastream);
  };
  useAlertKeys("Alert", alert);
  useKeys("Alert", [{ keys: "Escape", words: "back", run: back }]);

  return (
    <main id="main" tabindex="-1" class="page">
      <Show when={alert()} fallback={<Missing refusal={refusal()} loading={asked.loading} />}>
        {(shown) => (
          <>
            <header class="page-head alert-head">
              <SeveritySign severity={shown().severity} size={40} />
              <h1>{glued(shown().title)}</h1>
              <p class="alert-head-time" classList={{ over: overdue(shown(), cityNow()) }}>
                <strong>{remaining(shown(), cityNow())}</strong>
                <span class="dim">{lasting(shown(), cityNow(), zone())}</span>
              </p>
            </header>
            <div class="alert-body">
              <div class="alert-side">
                <Facts alert={shown()} />
                <Nested alert={shown()} />
                <ToldOf id={shown().id} steps={answer()?.history.length ?? 0} />
              </div>
              <div class="alert-side">
                <Show when={restsOn()}>
                  {(found) => <AlertChart thing={found().thing} datastream={found().datastream} />}
                </Show>
                <Timeline history={answer()?.history ?? []} />
              </div>
            </div>
          </>
        )}
      </Show>
    </main>
  );
}

function Missing(props: { refusal: Refusal | undefined; loading: boolean }) {
  return (
    <>
      <h1>Alert</h1>
      <p class="empty">
        {props.loading ? "Asking for the alert." : (props.refusal?.detail ?? "No such alert.")}
      </p>
    </>
  );
}

function Facts(props: { alert: Alert }) {
  const series = () => (props.alert.datastream === null ? undefined : findDatastream(props.alert.datastream));
  const place = () => city.about()?.places.find((one) => one.id === props.alert.place);
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title" class="card-title">
        What, so what, do what
      </h2>
      <Show when={props.alert.blind}>
        {(blind) => (
          <p class="notice">
            <StaleSign size={18} /> Not seen since {hourMinute(blind().since, zone())}:{" "}
            {sentence(blind().why)} The alert stays as it was.
          </p>
        )}
      </Show>
      <Standing alert={props.alert} />
      <dl class="facts">
        <dt>What</dt>
        <dd>{props.alert.detail}</dd>
        <dt>So what</dt>
        <dd>{props.alert.consequence}</dd>
        <dt>First</dt>
        <dd>
          <strong>{props.alert.first_action}</strong>
        </dd>
        <dt>Who</dt>
        <dd>
          {holder(props.alert)} <span class="dim">{words(props.alert.owner)} answers for it.</span>
          <Show when={props.alert.assigned_to}>
            {(to) => <span class="line-detail">Given to {words(to()).toLowerCase()}.</span>}
          </Show>
          <Show when={props.alert.note}>
            <span class="line-detail">Note: {props.alert.note}</span>
          </Show>
        </dd>
        <dt>Respond by</dt>
        <dd>
          {when(props.alert.respond_by, cityNow(), zone())}{" "}
          <span class="dim">
            {length((milliseconds(props.alert.respond_by) - milliseconds(props.alert.opened)) / 1_000)} after
            it opened
          </span>
        </dd>
        <Show when={props.alert.expected}>
          {(expected) => (
            <>
              <dt>Expected</dt>
              <dd>
                about {when(expected(), cityNow(), zone())} <span class="dim">a forecast</span>
              </dd>
            </>
          )}
        </Show>
        <Show when={series()}>
          {(found) => (
            <>
              <dt>Rests on</dt>
              <dd classList={{ stale: found().datastream.stale }}>
                {found().thing.name}: {found().datastream.property_name.toLowerCase()}{" "}
                {found().datastream.latest
                  ? figure(found().datastream.latest?.result ?? 0, found().datastream.unit_symbol)
                  : "nothing yet"}
                <span class="dim">
                  {" "}
                  {age(cityNow() - milliseconds(found().datastream.latest?.phenomenon_time ?? 0))}
                  {found().datastream.stale ? `. ${found().datastream.why}` : ""}
                </span>
              </dd>
            </>
          )}
        </Show>
        <Show when={place()}>
          {(found) => (
            <>
              <dt>Where</dt>
              <dd>{found().name}</dd>
            </>
          )}
        </Show>
        <dt>Rule</dt>
        <dd>
          <a href="/rules">{props.alert.key.rule}</a>{" "}
          <span class="dim">version {props.alert.rule_version}</span>
        </dd>
      </dl>
      <Actions alert={props.alert} />
    </section>
  );
}
