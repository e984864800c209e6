import { createSignal, For, Show } from "solid-js";
import { knownRole, startingRole } from "../alerts/role";
import { SeveritySign } from "../alerts/severity-sign";
import { askSilences, endSilence, type Silence } from "../api/calls";
import { cityNow, zone } from "../city/city";
import { useKeys } from "../keys/keys";
import { count, words } from "../say/figure";
import { when } from "../say/time";
import { alertPath } from "../shell/route";
import { createAsked } from "./asked";
import { SilenceDialog } from "./silence-dialog";
import { endsSoon, repeatWords, type SilenceStanding, scopeWords, standing } from "./words";

const PARTS: { standing: SilenceStanding; title: string; none: string }[] = [
  { standing: "in force", title: "In force", none: "Nothing is kept quiet: all that opens rings." },
  { standing: "to come", title: "To come", none: "None is planned." },
  { standing: "ended", title: "Ended in the last 30 days", none: "None." },
];

/** What is kept quiet, by whom, why and until when; and what would have rung. */
export function SilencesPage() {
  const { got, problem, again } = createAsked(askSilences);
  const [making, setMaking] = createSignal(false);
  const of = (part: SilenceStanding) =>
    (got()?.items ?? [])
      .filter((silence) => standing(silence, cityNow()) === part)
      .sort((a, b) => Date.parse(a.until) - Date.parse(b.until));
  useKeys("Silences", [{ keys: "n", words: "new silence", run: () => setMaking(true) }]);
  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>Silences</h1>
        <p class="dim">Nobody is called for what a silence holds. It is watched, shown and closed as ever.</p>
        <div class="page-tools">
          <a href="/on-call" class="button">
            Who is called
          </a>
          <button type="button" class="primary" onClick={() => setMaking(true)}>
            New silence <kbd>n</kbd>
          </button>
        </div>
      </header>
      <Show when={got()} fallback={<p class="empty">{problem() || "Asking for the silences."}</p>}>
        <For each={PARTS}>
          {(part) => (
            <section class="part" aria-label={part.title}>
              <h2 class="card-title">{part.title}</h2>
              <Show when={of(part.standing).length > 0} fallback={<p class="empty">{part.none}</p>}>
                <ul class="rules">
                  <For each={of(part.standing)}>{(silence) => <Card silence={silence} onEnd={again} />}</For>
                </ul>
              </Show>
            </section>
          )}
        </For>
      </Show>
      <Show when={making()}>
        <SilenceDialog
          alert={null}
          onClose={(made) => {
            setMaking(false);
            if (made) again();
          }}
        />
      </Show>
    </main>
  );
}

function Card(props: { silence: Silence; onEnd(): void }) {
  const now = cityNow;
  const [refused, setRefused] = createSignal("");
  const mine = () => standing(props.silence, now());
  const end = async () => {
    setRefused("");
    try {
      await endSilence(props.silence.id, knownRole() ?? startingRole(props.silence.owner));
      props.onEnd();
    } catch (error) {
      setRefused(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <li class="card silence" id={props.silence.id} data-silence={props.silence.id} data-standing={mine()}>
      <h3 tabindex="0" data-line="" class="rule-sentence">
        {props.silence.reason}
      </h3>
      <dl class="facts">
        <dt>Which</dt>
        <dd>{scopeWords(props.silence.scope)}</dd>
        <dt>When</dt>
        <dd>
          from {when(props.silence.from, now(), zone())} until{" "}
          <strong>{when(props.silence.until, now(), zone())}</strong>
          <Show when={props.silence.repeat}>{(repeat) => <>, {repeatWords(repeat())}</>}</Show>
          <Show when={props.silence.ended}>
            {(ended) => <span class="dim"> ended {when(ended(), now(), zone())}</span>}
          </Show>
          <Show when={endsSoon(props.silence, now())}>
            <strong> ends soon</strong>
          </Show>
          <Show when={mine() === "in force" && props.silence.quiet_until === null}>
            <span class="dim"> between two windows: what opens now rings</span>
          </Show>
        </dd>
        <dt>Who</dt>
        <dd>{words(props.silence.owner)}</dd>
        <dt>Would have rung</dt>
        <dd>
          <Show when={props.silence.would_have_rung > 0} fallback="nothing">
            <details>
              <summary>
                {count(props.silence.would_have_rung)}{" "}
                {props.silence.would_have_rung === 1 ? "alert" : "alerts"}
              </summary>
              <ul class="missed">
                <For each={[...props.silence.missed].reverse()}>
                  {(missed) => (
                    <li>
                      <span class="figure">{when(missed.at, now(), zone())}</span>{" "}
                      <SeveritySign severity={missed.severity} size={16} />{" "}
                      <a href={alertPath(missed.alert)}>{missed.title}</a>
                    </li>
                  )}
                </For>
              </ul>
              <Show when={props.silence.would_have_rung > props.silence.missed.length}>
                <p class="dim">The newest {count(props.silence.missed.length)} are kept.</p>
              </Show>
            </details>
          </Show>
        </dd>
      </dl>
      <Show when={refused()}>
        <p role="alert" class="refused">
          {refused()}
        </p>
      </Show>
      <Show when={mine() !== "ended"}>
        <button type="button" onClick={() => void end()}>
          End it now
        </button>
      </Show>
    </li>
  );
}
