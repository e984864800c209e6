import { createSignal, Show } from "solid-js";
import { rememberRole, roles, startingRole } from "../alerts/role";
import { SeveritySign } from "../alerts/severity-sign";
import { askRules } from "../api/ask";
import { askRule, removeRule } from "../api/rules";
import type { Rule, RuleText } from "../api/types";
import { createAsked } from "../calls/asked";
import { city } from "../city/city";
import { useKeys } from "../keys/keys";
import { Dialog } from "../shell/dialog";
import { RoleField } from "../shell/field";
import { createSending } from "../shell/refused";
import { go } from "../shell/route";
import { setDraft } from "./draft";
import { MistakeList, Mistakes, RuleFacts } from "./rule-card";
import { createAgain, Truth } from "./truth";

/** One rule: its sentence, its text, and the ways to change it. */
export function RulePage(props: { rule: string }) {
  const rules = createAsked(askRules, city.rulesChanged);
  createAgain(rules.again);
  const text = createAsked(() => askRule(props.rule), city.rulesChanged);
  const [removing, setRemoving] = createSignal(false);
  const rule = () => rules.got()?.items.find((one) => one.id === props.rule);
  const edit = () => {
    const known = text.got();
    if (!known) return;
    setDraft({ name: known.name, text: known.text ?? "", known: known.version });
    go("/rules/try");
  };
  useKeys("Rule", [{ keys: "e", words: "change it", run: edit }]);
  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>Rule {props.rule}</h1>
        <div class="page-tools">
          <Show when={text.got()}>
            <button type="button" onClick={edit}>
              Change it <kbd>e</kbd>
            </button>
            <button type="button" onClick={() => setRemoving(true)}>
              Take it away
            </button>
          </Show>
          <a href="/rules" class="button">
            Rules
          </a>
        </div>
      </header>
      <Mistakes mistakes={rules.got()?.mistakes ?? []} />
      <Show when={rule()}>{(found) => <InForce rule={found()} />}</Show>
      <Show when={text.got()} fallback={<p class="empty">{text.problem() || "Asking for the rule."}</p>}>
        {(found) => <Text text={found()} inForce={rule() !== undefined} />}
      </Show>
      <Show when={removing() && text.got()}>
        {(found) => <RemoveDialog text={found()} rule={rule()} onClose={() => setRemoving(false)} />}
      </Show>
    </main>
  );
}

function InForce(props: { rule: Rule }) {
  return (
    <section class="card rule" aria-label="In force">
      <SeveritySign severity={props.rule.severity} />
      <div>
        <p class="rule-sentence">{props.rule.sentence}</p>
        <Truth rule={props.rule} all />
        <RuleFacts rule={props.rule} />
      </div>
    </section>
  );
}

function Text(props: { text: RuleText; inForce: boolean }) {
  const standing = () => {
    if (props.text.in_force) return "In force as it is written here.";
    return props.inForce
      ? "Another text of it is in force: this one has not been loaded."
      : "It is not in force: it has not been loaded.";
  };
  const noTests = () =>
    props.text.withheld.some((one) => one.file.endsWith(".test.toml"))
      ? "Its tests are not shown."
      : "It has no tests beside it.";
  return (
    <section class="card" aria-labelledby="text-title">
      <h2 id="text-title" class="card-title">
        Its text
      </h2>
      <p class="dim">{standing()}</p>
      <Show when={props.text.withheld.length > 0}>
        <div class="refused">
          <strong>Not shown, as it could be of a person. Mend the file, or write the rule anew:</strong>
          <MistakeList mistakes={props.text.withheld} />
        </div>
      </Show>
      <Show when={props.text.text}>
        {(text) => (
          // It scrolls sideways: with the keyboard only where it can have the focus.
          <pre class="rule-text" tabindex="0">
            {text()}
          </pre>
        )}
      </Show>
      <Show when={props.text.tests} fallback={<p class="dim">{noTests()}</p>}>
        {(tests) => (
          <details class="nested">
            <summary>Its tests</summary>
            <pre class="rule-text" tabindex="0">
              {tests()}
            </pre>
          </details>
        )}
      </Show>
    </section>
  );
}

function RemoveDialog(props: { text: RuleText; rule: Rule | undefined; onClose(): void }) {
  const [role, setRole] = createSignal(startingRole(props.rule?.owner ?? "duty_officer"));
  const { sending, submit, at } = createSending(["it", "role"], () => {
    rememberRole(role());
    go("/rules");
  });
  return (
    <Dialog title={`Take ${props.text.name} away`} onClose={props.onClose}>
      <form onSubmit={submit(() => removeRule(props.text.name, role(), props.text.version))}>
        <p>
          Nobody is warned by it any more, and its open alerts are closed.
          {props.text.tests ? " Its tests go with it." : ""} The city's own history of files has it still,
          where it keeps one.
        </p>
        <RoleField
          label="Who does it"
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
        <p class="actions">
          <button type="submit" disabled={sending()}>
            {sending() ? "Sending" : "Take it away"}
          </button>
          <button type="button" onClick={props.onClose}>
            Keep it
          </button>
        </p>
      </form>
    </Dialog>
  );
}
