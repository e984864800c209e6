import { For, Show } from "solid-js";
import { askRules } from "../api/ask";
import { createAsked } from "../calls/asked";
import { city } from "../city/city";
import { Mistakes, RuleCard } from "./rule-card";
import { createAgain } from "./truth";

/** Every rule as the sentence that it is. */
export function RulesPage() {
  const asked = createAsked(askRules, city.rulesChanged);
  createAgain(asked.again);
  const rules = () => asked.got()?.items ?? [];
  const problem = () => {
    if (asked.problem()) return asked.problem();
    return asked.loading() ? "Asking for the rules." : "No rule is configured: nothing can ring.";
  };
  return (
    <main id="main" tabindex="-1" class="page">
      <header class="page-head">
        <h1>Rules</h1>
        <p class="dim">
          {rules().length} rules in force. Each is a text file of the city; a change of the file, or here, is
          in force within seconds.
        </p>
        <div class="page-tools">
          <a href="/rules/try" class="button">
            Try a rule
          </a>
          <a href="/rules/moves" class="button">
            What moves with what
          </a>
          <a href="/alarm-health" class="button">
            Alarm health
          </a>
        </div>
      </header>
      <Mistakes mistakes={asked.got()?.mistakes ?? []} />
      <Show when={rules().length > 0} fallback={<p class="empty">{problem()}</p>}>
        <ul class="rules">
          <For each={rules()}>{(rule) => <RuleCard rule={rule} />}</For>
        </ul>
      </Show>
    </main>
  );
}
