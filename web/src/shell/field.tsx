import { createUniqueId, For, type JSX, Show } from "solid-js";
import { words } from "../say/figure";

/** The longest line that the server takes is longer; what a shift reads at a glance is not. */
const LINE_CHARS_MAX = 280;

/** What a control needs to be tied to its words. */
interface Tied {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean;
}

/** A label, its control, a hint, and the server's refusal where it is about this field. */
export function Field(props: {
  label: string;
  hint?: string;
  refused?: string | undefined;
  children(tied: Tied): JSX.Element;
}) {
  const id = createUniqueId();
  const described = () => {
    const ids = [props.hint && `${id}-hint`, props.refused && `${id}-refused`].filter(Boolean);
    return ids.length > 0 ? ids.join(" ") : undefined;
  };
  const tied: Tied = {
    id,
    get "aria-describedby"() {
      return described();
    },
    get "aria-invalid"() {
      return Boolean(props.refused);
    },
  };
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.children(tied)}
      <Show when={props.hint}>
        <p id={`${id}-hint`} class="hint">
          {props.hint}
        </p>
      </Show>
      <Show when={props.refused}>
        <p id={`${id}-refused`} role="alert" class="refused">
          {props.refused}
        </p>
      </Show>
    </div>
  );
}

/** A choice of roles. */
export function RoleField(props: {
  label: string;
  roles: string[];
  value: string;
  refused?: string | undefined;
  onChange(role: string): void;
}) {
  return (
    <Field label={props.label} refused={props.refused}>
      {(tied) => (
        <select {...tied} onChange={(event) => props.onChange(event.currentTarget.value)}>
          <For each={props.roles}>
            {(role) => (
              <option value={role} selected={role === props.value}>
                {words(role)}
              </option>
            )}
          </For>
        </select>
      )}
    </Field>
  );
}

/** A time on the city's clocks. */
export function TimeField(props: {
  label: string;
  hint?: string;
  refused?: string | undefined;
  required?: boolean;
  value: string;
  onChange(wall: string): void;
}) {
  return (
    <Field label={props.label} {...(props.hint ? { hint: props.hint } : {})} refused={props.refused}>
      {(tied) => (
        <input
          {...tied}
          type="datetime-local"
          required={props.required}
          value={props.value}
          onInput={(event) => props.onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** A line that a role writes; the cursor stands in it when the dialog opens. */
export function LineField(props: {
  label: string;
  hint: string;
  refused?: string | undefined;
  required?: boolean;
  value: string;
  onChange(line: string): void;
}) {
  return (
    <Field label={props.label} hint={props.hint} refused={props.refused}>
      {(tied) => (
        <input
          {...tied}
          autofocus
          autocomplete="off"
          required={props.required}
          maxLength={LINE_CHARS_MAX}
          value={props.value}
          onInput={(event) => props.onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
