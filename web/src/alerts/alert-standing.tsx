import { createMemo, createResource, createSignal, For, Show } from "solid-js";
import { wake } from "../api/ask";
import { askNotificationsOf } from "../api/calls";
import type { Alert } from "../api/types";
import { deliveryWords } from "../calls/sent";
import { REASONS } from "../calls/words";
import { alertOf, alerts, cityNow, zone } from "../city/city";
import { count, words } from "../say/figure";
import { when } from "../say/time";
import { alertPath } from "../shell/route";
import { byUrgency, unresolved } from "./order";
import { knownRole, startingRole } from "./role";
import { SeveritySign } from "./severity-sign";
import { mayAct, open, refusedKey, takeIt } from "./taking";

/** Nested alerts that are listed; the count is of all. */
const NESTED_MAX = 200;
/** Messages that are listed; all of them are on the page of who is called. */
const TOLD_MAX = 8;

/** Why nobody is called for this alert, whom it was given to, and what it hides. */
export function Standing(props: { alert: Alert }) {
  const cause = () => (props.alert.cause ? alertOf(props.alert.cause) : undefined);
  return (
    <>
      <Show when={props.alert.cause}>
        {(id) => (
          <p class="notice">
            Explained by <a href={alertPath(id())}>{cause()?.title ?? "another alert"}</a>. Nobody is called
            for this one while that is open; it is watched and closes as ever.
          </p>
        )}
      </Show>
      <Show when={props.alert.silenced_by}>
        {(id) => (
          <p class="notice">
            Kept quiet by <a href={`/silences#${id()}`}>a silence</a>. It is watched, and closes as ever.
          </p>
        )}
      </Show>
      <Show when={props.alert.snoozed_until}>
        {(until) => <Snoozed alert={props.alert} until={until()} />}
      </Show>
      <Show when={props.alert.flapping}>
        <p class="notice">
          Flapping: it opened and closed again and again. It is held open until it is calm.
        </p>
      </Show>
      <Show when={props.alert.late > 0}>
        <p class="notice">
          {count(props.alert.late)} {props.alert.late === 1 ? "reading" : "readings"} came late, for a time at
          which it was open. It had closed already: what stands here is as it was seen then.
        </p>
      </Show>
    </>
  );
}

function Snoozed(props: { alert: Alert; until: string }) {
  const [refused, setRefused] = createSignal("");
  const end = async () => {
    try {
      await wake(props.alert.id, knownRole() ?? startingRole(props.alert.owner));
    } catch (error) {
      setRefused(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div class="notice">
      Snoozed until {when(props.until, cityNow(), zone())}.{" "}
      <button type="button" onClick={() => void end()}>
        Wake it now
      </button>
      <Show when={refused()}>
        <p role="alert" class="refused">
          {refused()}
        </p>
      </Show>
    </div>
  );
}

/** The alerts that this one explains, on request. */
export function Nested(props: { alert: Alert }) {
  const [shown, setShown] = createSignal(false);
  const all = createMemo(() =>
    shown()
      ? alerts()
          .filter((one) => one.cause === props.alert.id && unresolved(one))
          .sort(byUrgency)
      : [],
  );
  return (
    <Show when={props.alert.hides > 0}>
      <details class="card nested" onToggle={(event) => setShown(event.currentTarget.open)}>
        <summary data-line="">
          <strong>Hides {count(props.alert.hides)}</strong>{" "}
          <span class="dim">open alerts that this one explains. Nobody is called for them.</span>
        </summary>
        <ul class="lined">
          <For each={all().slice(0, NESTED_MAX)}>
            {(one) => (
              <li>
                <span class="with-sign">
                  <SeveritySign severity={one.severity} size={18} />
                  <a href={alertPath(one.id)} data-line="">
                    {one.title}
                  </a>
                </span>
                <span class="dim figure">since {when(one.opened, cityNow(), zone())}</span>
              </li>
            )}
          </For>
        </ul>
        <Show when={all().length > NESTED_MAX}>
          <p class="dim">
            The {NESTED_MAX} most urgent of {count(all().length)}.
          </p>
        </Show>
      </details>
    </Show>
  );
}

const BUTTONS = [
  { act: "acknowledge", key: "a", words: "Acknowledge" },
  { act: "assign", key: "e", words: "Give to a role" },
  { act: "snooze", key: "s", words: "Snooze" },
  { act: "comment", key: "c", words: "Comment" },
  { act: "silence", key: "S", words: "Silence" },
] as const;

/** Everything that a role can do about an alert, each with its key. */
export function Actions(props: { alert: Alert }) {
  return (
    <>
      <div class="actions">
        <For each={BUTTONS}>
          {(button) => (
            <Show when={mayAct(button.act, props.alert)}>
              <button
                type="button"
                classList={{ primary: button.act === "acknowledge" }}
                onClick={() => open(button.act, props.alert)}
              >
                {button.words} <kbd>{button.key}</kbd>
              </button>
            </Show>
          )}
        </For>
        <Show when={props.alert.state !== "resolved"}>
          <button type="button" onClick={() => void takeIt(props.alert)}>
            Take it <kbd>t</kbd>
          </button>
        </Show>
      </div>
      <Show when={refusedKey()}>
        <p role="alert" class="refused">
          {refusedKey()}
        </p>
      </Show>
    </>
  );
}

/** Who was told of this alert, and whether it arrived. */
export function ToldOf(props: { id: string; steps: number }) {
  const [answer] = createResource(
    () => ({ id: props.id, steps: props.steps }),
    ({ id }) => askNotificationsOf(id).catch(() => undefined),
  );
  const newest = () => (answer.latest?.items ?? []).slice(0, TOLD_MAX);
  return (
    <Show when={newest().length > 0}>
      <section class="card" aria-labelledby="told-title">
        <h2 id="told-title" class="card-title">
          Who was told
        </h2>
        <Show when={answer.latest?.not_sent}>
          <p class="notice">{answer.latest?.not_sent}</p>
        </Show>
        <ul class="lined">
          <For each={newest()}>
            {(one) => (
              <li>
                <span>
                  <span class="figure">{when(one.at, cityNow(), zone())}</span> {words(one.role)}{" "}
                  <span class="dim">
                    {one.channel}, {REASONS[one.reason]}
                  </span>
                </span>
                <span classList={{ over: one.state === "failed" }}>{deliveryWords(one)}</span>
              </li>
            )}
          </For>
        </ul>
        <Show when={(answer.latest?.items.length ?? 0) > TOLD_MAX}>
          <p class="dim">
            The newest {TOLD_MAX}. <a href="/on-call">All messages</a>
          </p>
        </Show>
      </section>
    </Show>
  );
}
