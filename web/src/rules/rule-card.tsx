import { For, Show } from "solid-js";
import { SeveritySign } from "../alerts/severity-sign";
import type { Mistake, Rule } from "../api/types";
import { words } from "../say/figure";
import { length } from "../say/span";
import { rulePath } from "../shell/pages";
import { Truth } from "./truth";

/** A rule as the sentence that it is, and what it asks of whom. */
export function RuleCard(props: { rule: Rule }) {
  return (
    <li class="card rule" data-rule={props.rule.id}>
      <SeveritySign severity={props.rule.severity} />
      <div>
        <h2 class="rule-sentence">
          <a href={rulePath(props.rule.id)} data-line="">
            {props.rule.sentence}
          </a>
        </h2>
        <Truth rule={props.rule} />
        <RuleFacts rule={props.rule} />
      </div>
    </li>
  );
}

export function RuleFacts(props: { rule: Rule }) {
  return (
    <>
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
    </>
  );
}

/** Why the files are not what is in force. */
export function Mistakes(props: { mistakes: Mistake[]; what?: string }) {
  return (
    <Show when={props.mistakes.length > 0}>
      <div role="alert" class="refused rules-mistakes">
        <strong>
          {props.what ??
            "The files of the rules do not load, or their tests fail. What was in force before, or loads by itself, is in force until this is mended:"}
        </strong>
        <MistakeList mistakes={props.mistakes} />
      </div>
    </Show>
  );
}

/** Mistakes with their places, a line each. */
export function MistakeList(props: { mistakes: Mistake[] }) {
  return (
    <ul>
      <For each={props.mistakes}>
        {(one) => (
          <li>
            {one.file}, line {one.line}, column {one.column}: {one.message}
          </li>
        )}
      </For>
    </ul>
  );
}
