import { createMemo, createSignal, For, Show } from "solid-js";
import { askMoves, type Moves, type Together } from "../api/past";
import { cityNow, findDatastream, things, zone } from "../city/city";
import { count } from "../say/figure";
import { date } from "../say/time";
import { Field } from "../shell/field";
import { go } from "../shell/route";
import { setDraft, setTryAsked } from "./draft";
import { nameOf } from "./fault";

const DAYS = [7, 30, 90, 365];
const DAY_MS = 86_400_000;

/** "6 h before", "in the same hour", "2 h after" */
export function leadWords(together: Together): string {
  if (together.lead_h === 0) return "in the same hour";
  const hours = `${Math.abs(together.lead_h)} h`;
  return together.lead_h > 0 ? `${hours} before` : `${hours} after`;
}

/** "rises with it, 0.72" */
export const wayWords = (together: Together) =>
  `${together.rho >= 0 ? "rises with it" : "falls as it rises"}, ${together.rho.toFixed(2)}`;

/** A chance that is not rounded to none. */
export const chanceWords = (q: number) => (q < 0.001 ? "below 0.001" : q.toFixed(3));

/** For one series, what moved together with it; and a rule to try from what goes before. */
export function MovesPage() {
  const all = createMemo(() =>
    things().flatMap((thing) =>
      thing.datastreams.map((one) => ({ id: one.id, name: `${thing.name}: ${one.name}` })),
    ),
  );
  const [chosen, setChosen] = createSignal<number | null>(null);
  const [days, setDays] = createSignal(30);
  const [found, setFound] = createSignal<Moves | null>(null);
  const [refused, setRefused] = createSignal("");
  const [asking, setAsking] = createSignal(false);
  const series = () => chosen() ?? all()[0]?.id ?? null;

  const ask = async () => {
    const datastream = series();
    if (asking() || datastream === null) return;
    setAsking(true);
    setRefused("");
    setFound(null);
    try {
      setFound(await askMoves(datastream, new Date(cityNow() - days() * DAY_MS).toISOString()));
    } catch (error) {
      setRefused(error instanceof Error ? error.message : String(error));
    } finally {
      setAsking(false);
    }
  };
  const tryDraft = (name: string, text: string) => {
    setDraft({ name: nameOf(`after ${name}`), text, known: null });
    setTryAsked(true);
    go("/rules/try");
  };

  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>What moves with what</h1>
        <p class="dim">A series that goes before another can become a rule. It shows no cause.</p>
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
          void ask();
        }}
      >
        <Field label="Series">
          {(tied) => (
            <select {...tied} data-filter onChange={(event) => setChosen(Number(event.currentTarget.value))}>
              <For each={all()}>
                {(one) => (
                  <option value={one.id} selected={one.id === series()}>
                    {one.name}
                  </option>
                )}
              </For>
            </select>
          )}
        </Field>
        <Field label="Over the last">
          {(tied) => (
            <select {...tied} onChange={(event) => setDays(Number(event.currentTarget.value))}>
              <For each={DAYS}>
                {(one) => (
                  <option value={one} selected={one === days()}>
                    {one} days
                  </option>
                )}
              </For>
            </select>
          )}
        </Field>
        <button type="submit" class="primary" disabled={asking() || series() === null}>
          {asking() ? "Comparing" : "Compare"}
        </button>
      </form>
      <Show when={refused()}>
        <p role="alert" class="refused">
          {refused()}
        </p>
      </Show>
      <Show
        when={found()}
        fallback={
          <p class="empty" role="status">
            {asking()
              ? "Comparing every series with it. That takes up to a minute."
              : "Nothing was asked yet."}
          </p>
        }
      >
        {(moves) => <Findings moves={moves()} onTry={tryDraft} />}
      </Show>
    </main>
  );
}

function Findings(props: { moves: Moves; onTry(name: string, text: string): void }) {
  const name = () => findDatastream(props.moves.datastream)?.datastream.name ?? "the series";
  return (
    <>
      <p class="dim" role="status">
        {date(props.moves.from, zone())} to {date(props.moves.to, zone())}:{" "}
        {props.moves.findings.length === 0 ? "nothing" : count(props.moves.findings.length)} found among{" "}
        {count(props.moves.compared)} series, {count(props.moves.too_short)} of them with too few hours.
      </p>
      <Show when={props.moves.findings.length > 0}>
        <table class="wide moves">
          <caption class="visually-hidden">What moved with {name()}</caption>
          <thead>
            <tr>
              <th scope="col">Series</th>
              <th scope="col">When</th>
              <th scope="col">How</th>
              <th scope="col">Chance that it is none</th>
              <th scope="col">Rule</th>
            </tr>
          </thead>
          <tbody>
            <For each={props.moves.findings}>
              {(one) => (
                <tr>
                  <th scope="row">{one.name}</th>
                  <td class="figure">
                    {leadWords(one.best)}
                    <Show when={one.ahead && one.ahead.lead_h !== one.best.lead_h && one.ahead}>
                      {(ahead) => (
                        <span class="line-detail">
                          also {leadWords(ahead())}, {ahead().rho.toFixed(2)}
                        </span>
                      )}
                    </Show>
                  </td>
                  <td>{wayWords(one.best)}</td>
                  <td class="figure">
                    {chanceWords(one.best.q)}
                    <span class="line-detail">
                      {count(one.best.hours)} h, worth {Math.round(one.best.effective)}
                    </span>
                  </td>
                  <td>
                    <Show when={one.draft} fallback={<span class="dim">none: it does not go before</span>}>
                      {(text) => (
                        <button type="button" data-line="" onClick={() => props.onTry(one.name, text())}>
                          Draft a rule and try it
                        </button>
                      )}
                    </Show>
                  </td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </Show>
      <p class="dim method">{props.moves.method}</p>
    </>
  );
}
