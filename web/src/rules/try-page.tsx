import { createSignal, For, onMount, Show } from "solid-js";
import { Refusal } from "../api/ask";
import { type Backtest, backtest } from "../api/past";
import { useKeys } from "../keys/keys";
import { Field } from "../shell/field";
import { draft, setDraft, setTryAsked, tryAsked } from "./draft";
import { fault, nameOf, offsetOf } from "./fault";
import { Outcome } from "./outcome";
import { SaveDialog } from "./save-dialog";

const DAYS = [1, 7, 30, 90, 365];

/** Writes a rule, and shows what it would have done, before anybody is woken by it. */
export function TryPage() {
  let text!: HTMLTextAreaElement;
  const [days, setDays] = createSignal(30);
  const [done, setDone] = createSignal<Backtest | null>(null);
  const [refused, setRefused] = createSignal<string[]>([]);
  const [trying, setTrying] = createSignal(false);
  const [said, setSaid] = createSignal("");
  const [saving, setSaving] = createSignal(false);
  /** The text that the outcome is of. */
  const [triedText, setTriedText] = createSignal("");

  const run = async () => {
    if (trying()) return;
    setTrying(true);
    setRefused([]);
    try {
      const tried = draft().text;
      setDone(await backtest(tried, draft().name, days()));
      setTriedText(tried);
    } catch (error) {
      setDone(null);
      const words = error instanceof Refusal ? error.detail : String(error);
      setRefused(words.split("\n").filter(Boolean));
    } finally {
      setTrying(false);
    }
  };
  const goTo = (line: number, column: number) => {
    const at = offsetOf(draft().text, line, column);
    text.focus();
    text.setSelectionRange(at, at);
  };
  const save = () => {
    setSaid("");
    setSaving(true);
  };
  onMount(() => {
    if (tryAsked()) void run();
    setTryAsked(false);
  });
  useKeys("Try a rule", [
    { keys: "r", words: "check it and try it on the past", run: () => void run() },
    { keys: "w", words: "save it", run: save },
  ]);

  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>Try a rule</h1>
        <p class="dim">Nothing is in force before it is saved, and nothing is saved that does not load.</p>
        <div class="page-tools">
          <a href="/rules" class="button">
            Rules
          </a>
          <a href="/rules/moves" class="button">
            What moves with what
          </a>
        </div>
      </header>
      <form
        class="try"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <div class="try-head">
          <Field label="Name of its file, without .toml">
            {(tied) => (
              <input
                {...tied}
                autocomplete="off"
                value={draft().name}
                onChange={(event) => {
                  const name = nameOf(event.currentTarget.value);
                  // Under another name it is another rule, made from none.
                  if (name !== draft().name) setDraft({ ...draft(), name, known: null });
                  event.currentTarget.value = draft().name;
                }}
              />
            )}
          </Field>
          <Field label="Over the last">
            {(tied) => (
              <select {...tied} onChange={(event) => setDays(Number(event.currentTarget.value))}>
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
        </div>
        <Field
          label="The rule"
          hint="Ctrl+Enter checks it and tries it on the past. A rule of the same name is replaced for the trial."
        >
          {(tied) => (
            <textarea
              {...tied}
              ref={text}
              rows={20}
              spellcheck={false}
              aria-invalid={refused().length > 0}
              value={draft().text}
              onInput={(event) => setDraft({ ...draft(), text: event.currentTarget.value })}
              onKeyDown={(event) => {
                if (event.key === "Enter" && event.ctrlKey) void run();
                if (event.key === "Escape") event.currentTarget.blur();
              }}
            />
          )}
        </Field>
        <p class="actions">
          <button type="submit" class="primary" disabled={trying()}>
            {trying() ? "Trying it on the past" : "Check and try it"} <kbd>r</kbd>
          </button>
          <button type="button" onClick={save}>
            Save <kbd>w</kbd>
          </button>
        </p>
        <p role="status" class="dim">
          {said()}
        </p>
      </form>
      <div class="try-outcome">
        <Show when={refused().length > 0}>
          <div role="alert" class="refused">
            <strong>It does not load, or cannot be tried or saved:</strong>
            <ul>
              <For each={refused().map((words) => fault(words, draft().name))}>
                {(one) => (
                  <li>
                    <Show when={one.line} fallback={one.words}>
                      <button type="button" class="turn" onClick={() => goTo(one.line ?? 1, one.column ?? 1)}>
                        {one.words}
                      </button>
                    </Show>
                  </li>
                )}
              </For>
            </ul>
          </div>
        </Show>
        <Show when={done()} keyed>
          {(got) => <Outcome done={got} />}
        </Show>
        <Show when={!done() && refused().length === 0}>
          <p class="empty">
            {trying()
              ? "Going over the stored past. A long one takes up to a minute."
              : "What it would have done stands here after a trial."}
          </p>
        </Show>
      </div>
      <Show when={saving()}>
        <SaveDialog
          tried={triedText() === draft().text ? done() : null}
          onTry={() => {
            setSaving(false);
            void run();
          }}
          onSaved={(rule) => {
            setSaving(false);
            setRefused([]);
            setSaid(`Saved and in force, version ${rule.version}.`);
          }}
          onRefused={(words) => {
            setSaving(false);
            setDone(null);
            setRefused(words);
          }}
          onClose={() => setSaving(false)}
        />
      </Show>
    </main>
  );
}
