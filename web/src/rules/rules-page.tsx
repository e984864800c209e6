import { createResource, For, Show } from "solid-js";
import { SeveritySign } from "../alerts/severity-sign";
import { askRules, Refusal } from "../api/ask";
import type { Rule } from "../api/types";
import { words } from "../say/figure";
import { length } from "../say/span";

/** Every rule as the sentence that it is. */
export function RulesPage() {
  const [page] = createResource(() =>
    askRules().catch((error: unknown) => (error instanceof Refusal ? error : Promise.reject(error))),
  );
  const rules = (): Rule[] => {
    const got = page();
    return got && !(got instanceof Refusal) ? got.items : [];
  };
  const problem = () => {
    const got = page();
    if (got instanceof Refusal) return got.detail;
    return page.loading ? "Asking for the rules." : "No rule is configured: nothing can ring.";
  };
  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>Rules</h1>
        <p class="dim">
          {rules().length} rules. Each is a text file in the city's own repository; this page is read from
          them.
        </p>
        <div class="page-tools">
          <a href="/rules/try" class="button">
            Try a rule
          </a>
          <a href="/rules/moves" class="button">
            What moves with what
          </a>
        </div>
      </header>
      <Show when={rules().length > 0} fallback={<p class="empty">{problem()}</p>}>
        <ul class="rules">
          <For each={rules()}>{(rule) => <RuleCard rule={rule} />}</For>
        </ul>
      </Show>
    </main>
  );
}

function RuleCard(props: { rule: Rule }) {
  return (
    <li class="card rule">
      <SeveritySign severity={props.rule.severity} />
      <div>
        <h2 tabindex="0" data-line="" class="rule-sentence">
          {props.rule.sentence}
        </h2>
        <dl class="facts">
          <dt>So what</dt>
          <dd>{props.rule.consequence}</dd>
          <dt>First</dt>
          <dd>
            <strong>{props.rule.first_action}</strong>
          </dd>
          <dt>Who</dt>
          <dd>
            {words(props.rule.owner)}, within {length(props.rule.respond_within_s)}
          </dd>
          <dt>Why</dt>
          <dd>{props.rule.purpose}</dd>
        </dl>
        <p class="faint">
          {words(props.rule.severity)}, {words(props.rule.kind).toLowerCase()}. {props.rule.file}, version{" "}
          {props.rule.version}
        </p>
      </div>
    </li>
  );
}
