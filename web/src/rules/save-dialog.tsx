import { createSignal, Show } from "solid-js";
import { rememberRole, roles, startingRole } from "../alerts/role";
import { Refusal } from "../api/ask";
import type { Backtest } from "../api/past";
import { askRule, saveRule } from "../api/rules";
import type { Rule, RuleText } from "../api/types";
import { count } from "../say/figure";
import { Dialog } from "../shell/dialog";
import { RoleField } from "../shell/field";
import { fieldOf } from "../shell/refused";
import { againstWords } from "./against";
import { type Draft, draft, setDraft } from "./draft";
import { rateWords } from "./rate";

/** Puts a draft in force, once it was seen what it would have done; and never over a text that was not read. */
export function SaveDialog(props: {
  /** What this very text would have done; null: it was not tried. */
  tried: Backtest | null;
  onTry(): void;
  onSaved(rule: Rule): void;
  /** Mistakes, each a line of words. */
  onRefused(words: string[]): void;
  onClose(): void;
}) {
  const [role, setRole] = createSignal(startingRole("duty_officer"));
  const [sending, setSending] = createSignal(false);
  const [refused, setRefused] = createSignal<{ field: string; words: string } | null>(null);
  const [theirs, setTheirs] = createSignal<RuleText | null>(null);
  const at = (field: string) => (refused()?.field === field ? refused()?.words : undefined);

  const save = async (asked: Draft) => {
    if (sending()) return;
    setSending(true);
    setRefused(null);
    try {
      const rule = await saveRule(asked.name, asked.text, role(), asked.known);
      rememberRole(role());
      setDraft({ ...asked, known: rule.version });
      props.onSaved(rule);
    } catch (error) {
      if (error instanceof Refusal && error.status === 412) {
        setTheirs(await askRule(asked.name).catch(() => null));
      }
      const words = error instanceof Error ? error.message : String(error);
      const found = fieldOf(words, ["it", "role"]);
      // Mistakes belong beside the text, where a press leads to their line.
      if (error instanceof Refusal && error.status === 422 && found.field === "it") {
        props.onRefused(words.split("\n").filter(Boolean));
      } else {
        setRefused(found);
      }
    } finally {
      setSending(false);
    }
  };
  const keepMine = () => void save({ ...draft(), known: theirs()?.version ?? null });
  const takeTheirs = () => {
    const found = theirs();
    if (found) setDraft({ name: found.name, text: found.text ?? "", known: found.version });
    props.onClose();
  };

  return (
    <Dialog title={`Save ${draft().name}`} onClose={props.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save(draft());
        }}
      >
        <p>
          {draft().known === null ? "A new rule." : "In the place of the rule of this name."} It is in force
          at once, for everybody.
        </p>
        <Show
          when={props.tried}
          fallback={
            <div class="notice">
              <p>Nobody has seen yet what this text would have done.</p>
              <button type="button" onClick={props.onTry}>
                Try it on the past first
              </button>
            </div>
          }
        >
          {(tried) => (
            <p class="notice">
              On the past {tried().days.toFixed(1)} days it would have rung {count(tried().rings_total)}{" "}
              times, {rateWords(tried().rings_a_day, tried().days)}; {count(tried().pages_by_night)} pages by
              night. {againstWords(tried().against)}
            </p>
          )}
        </Show>
        <RoleField
          label="Who saves it (noted; roles, never names)"
          roles={roles()}
          value={role()}
          onChange={setRole}
          refused={at("role")}
        />
        <Show when={at("it")}>
          <p role="alert" class="refused">
            {at("it")}
          </p>
        </Show>
        <Show
          when={theirs()}
          fallback={
            <p class="actions">
              <button type="submit" class="primary" disabled={sending()}>
                {sending() ? "Saving" : "Save and put in force"}
              </button>
            </p>
          }
        >
          {(found) => (
            <>
              <label for="theirs">What it is now</label>
              <textarea
                id="theirs"
                class="theirs"
                rows={10}
                readonly
                spellcheck={false}
                value={found().text ?? ""}
              />
              <p class="actions">
                <button type="button" disabled={sending()} onClick={keepMine}>
                  Save mine over this
                </button>
                <button type="button" onClick={takeTheirs}>
                  Go on from this, without mine
                </button>
              </p>
            </>
          )}
        </Show>
      </form>
    </Dialog>
  );
}
