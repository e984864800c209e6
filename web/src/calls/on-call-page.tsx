import { createSignal, For, Show } from "solid-js";
import { knownRole, startingRole } from "../alerts/role";
import { SeveritySign } from "../alerts/severity-sign";
import { askNotifications, askOnCall, type Cover, endCover, type OnCall } from "../api/calls";
import { cityNow, zone } from "../city/city";
import { Mistakes } from "../rules/rule-card";
import { words } from "../say/figure";
import { length } from "../say/span";
import { milliseconds, when } from "../say/time";
import { createAsked } from "./asked";
import { CoverDialog } from "./cover-dialog";
import { Sent } from "./sent";
import { chainWords, listed, stepWords } from "./words";

/** A page of the newest messages. */
const SENT_MAX = 50;

/** Who is called now, who is next when nobody answers, and what became of what was sent. */
export function OnCallPage() {
  const onCall = createAsked(askOnCall);
  const sent = createAsked(() => askNotifications(SENT_MAX));
  const [covering, setCovering] = createSignal<string | null>(null);
  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>On call</h1>
        <p class="dim">Roles, never names.</p>
        <div class="page-tools">
          <a href="/silences" class="button">
            Silences
          </a>
        </div>
      </header>
      <Show when={onCall.got()} fallback={<p class="empty">{onCall.problem() || "Asking who is called."}</p>}>
        {(shown) => (
          <>
            <Mistakes
              mistakes={shown().mistakes}
              what="oncall.toml did not load at the start. Calls go by the one that last did, or to these pages alone where none ever did, until it is mended and the program is started again:"
            />
            <div class="calls">
              <Roles onCall={shown()} onCover={setCovering} />
              <div class="calls-side">
                <Covers covers={shown().covers} onEnd={onCall.again} />
                <Chains onCall={shown()} />
              </div>
            </div>
          </>
        )}
      </Show>
      <Show when={sent.got()} fallback={<p class="empty">{sent.problem()}</p>}>
        {(shown) => <Sent sent={shown()} />}
      </Show>
      <Show when={covering()}>
        {(of) => (
          <CoverDialog
            of={of()}
            onClose={(made) => {
              setCovering(null);
              if (made) onCall.again();
            }}
          />
        )}
      </Show>
    </main>
  );
}

function Roles(props: { onCall: OnCall; onCover(of: string): void }) {
  return (
    <section class="card" aria-labelledby="roles-title">
      <h2 id="roles-title" class="card-title">
        Called now, for what is severe
      </h2>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Role</th>
            <th scope="col">Who takes its calls</th>
            <th scope="col">Through</th>
            <th scope="col">
              <span class="visually-hidden">Take them</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={props.onCall.roles}>
            {(one) => (
              <tr data-role={one.role} data-called={one.called}>
                <th scope="row">{words(one.role)}</th>
                <td>
                  <Show when={one.called !== one.role} fallback={<span class="dim">itself</span>}>
                    <strong>{words(one.called)}</strong>
                  </Show>
                </td>
                <td>
                  <Show
                    when={one.channels.length > 0}
                    fallback={<strong class="over">nothing: not reached</strong>}
                  >
                    {listed(one.channels)}
                  </Show>
                </td>
                <td class="number">
                  <button type="button" data-line="" onClick={() => props.onCover(one.role)}>
                    Take a shift <span class="visually-hidden">of {words(one.role).toLowerCase()}</span>
                  </button>
                </td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </section>
  );
}

function Covers(props: { covers: Cover[]; onEnd(): void }) {
  const [refused, setRefused] = createSignal("");
  const end = async (cover: Cover) => {
    setRefused("");
    try {
      await endCover(cover.id, knownRole() ?? startingRole(cover.by));
      props.onEnd();
    } catch (error) {
      setRefused(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section class="card" aria-labelledby="covers-title">
      <h2 id="covers-title" class="card-title">
        Shifts that were taken
      </h2>
      <Show
        when={props.covers.length > 0}
        fallback={<p class="empty">None: the plan of the shifts holds.</p>}
      >
        <ul class="lined">
          <For each={props.covers}>
            {(cover) => (
              <li data-cover={cover.id}>
                <span>
                  <strong>{words(cover.by)}</strong> for {words(cover.of).toLowerCase()},{" "}
                  {milliseconds(cover.from) > cityNow() ? `from ${when(cover.from, cityNow(), zone())} ` : ""}
                  until {when(cover.until, cityNow(), zone())}
                  <Show when={cover.note}>
                    <span class="line-detail">{cover.note}</span>
                  </Show>
                </span>
                <button type="button" onClick={() => void end(cover)}>
                  End it now{" "}
                  <span class="visually-hidden">
                    : {words(cover.by)} for {words(cover.of).toLowerCase()}
                  </span>
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Show when={refused()}>
        <p role="alert" class="refused">
          {refused()}
        </p>
      </Show>
    </section>
  );
}

function Chains(props: { onCall: OnCall }) {
  return (
    <section class="card" aria-labelledby="chains-title">
      <h2 id="chains-title" class="card-title">
        Who is next when nobody answers
      </h2>
      <Show
        when={props.onCall.chains.length > 0}
        fallback={<p class="empty">This city has no chain: the owner alone is called.</p>}
      >
        <ul class="lined">
          <For each={props.onCall.chains}>
            {(chain) => (
              <li>
                <span class="with-sign">
                  <SeveritySign severity={chain.at_least} size={20} />
                  <span>
                    <strong>{chainWords(chain)}</strong>: {chain.steps.map(stepWords).join("; ")}
                    <span class="line-detail">
                      {chain.remind_every_s === null
                        ? "No reminders."
                        : `Reminded every ${length(chain.remind_every_s)} until somebody takes it.`}
                    </span>
                  </span>
                </span>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </section>
  );
}
