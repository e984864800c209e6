import { createSignal, createUniqueId, For, Show } from "solid-js";
import { acknowledge, Refusal } from "../api/ask";
import type { Alert } from "../api/types";
import { city } from "../city/city";
import { storedSetting, storeSetting } from "../keys/keys";
import { words } from "../say/figure";
import { Dialog } from "../shell/dialog";
import { SeveritySign } from "./severity-sign";

const ROLE_STORED_AS = "townbell.role";

/** The longest note that the server takes is longer; a line for the next shift is not. */
const NOTE_CHARS_MAX = 280;

function startingRole(alert: Alert): string {
  const roles = city.about()?.roles ?? [];
  const last = storedSetting(ROLE_STORED_AS);
  if (last && roles.includes(last)) return last;
  return roles.includes(alert.owner) ? alert.owner : (roles[0] ?? alert.owner);
}

/** Takes an alert: a role and a line for the next shift. */
export function AcknowledgeDialog(props: { alert: Alert; onClose(): void }) {
  const [role, setRole] = createSignal(startingRole(props.alert));
  const [note, setNote] = createSignal("");
  const [refused, setRefused] = createSignal("");
  const [sending, setSending] = createSignal(false);
  const ids = { role: createUniqueId(), note: createUniqueId(), hint: createUniqueId() };
  const roles = () => {
    const known = city.about()?.roles ?? [];
    return known.length > 0 ? known : [props.alert.owner];
  };

  const submit = async (event: Event) => {
    event.preventDefault();
    if (sending()) return;
    setSending(true);
    setRefused("");
    try {
      await acknowledge(props.alert.id, role(), note().trim());
      storeSetting(ROLE_STORED_AS, role());
      props.onClose();
    } catch (error) {
      setRefused(error instanceof Refusal ? error.detail : String(error));
      setSending(false);
    }
  };

  return (
    <Dialog title="Acknowledge" onClose={props.onClose}>
      <p class="dialog-subject">
        <SeveritySign severity={props.alert.severity} />
        <strong>{props.alert.title}</strong>
      </p>
      <p class="dim">First: {props.alert.first_action}</p>
      <form onSubmit={submit}>
        <label for={ids.role}>Who takes it</label>
        <select id={ids.role} value={role()} onChange={(event) => setRole(event.currentTarget.value)}>
          <For each={roles()}>{(name) => <option value={name}>{words(name)}</option>}</For>
        </select>
        <label for={ids.note}>Note for the next shift</label>
        <input
          id={ids.note}
          autofocus
          autocomplete="off"
          maxLength={NOTE_CHARS_MAX}
          value={note()}
          onInput={(event) => setNote(event.currentTarget.value)}
          aria-describedby={ids.hint}
          aria-invalid={refused() !== ""}
        />
        <p id={ids.hint} class="hint">
          What is being done. Nothing about a person: such a note is refused.
        </p>
        <Show when={refused()}>
          <p role="alert" class="refused">
            {refused()}
          </p>
        </Show>
        <button type="submit" disabled={sending()}>
          {sending() ? "Sending" : "Acknowledge"} <kbd>Enter</kbd>
        </button>
      </form>
    </Dialog>
  );
}
