import { createSignal, type JSX, Match, Show, Switch } from "solid-js";
import { acknowledge, assign, comment, snooze } from "../api/ask";
import type { Alert } from "../api/types";
import { cityNow, zone } from "../city/city";
import { sentOf, wallOf } from "../say/wall";
import { Dialog } from "../shell/dialog";
import { LineField, RoleField, TimeField } from "../shell/field";
import { createSending, needed } from "../shell/refused";
import { rememberRole, roles, startingRole } from "./role";
import { SeveritySign } from "./severity-sign";
import type { Act } from "./taking";

const HOUR_MS = 3_600_000;
/** What a desk needs to see something through, by default. */
const SNOOZED_MS = HOUR_MS;
const NO_PERSON = "Nothing about a person: such a note is refused.";

type Deed = Exclude<Act, "silence">;

const TITLES: Record<Deed, { title: string; who: string; note: string; hint: string; button: string }> = {
  acknowledge: {
    title: "Acknowledge",
    who: "Who takes it",
    note: "Note for the next shift",
    hint: `What is being done. ${NO_PERSON}`,
    button: "Acknowledge",
  },
  assign: {
    title: "Give to a role",
    who: "Who gives it away",
    note: "Note for that role",
    hint: `It is called, and works on it from now. ${NO_PERSON}`,
    button: "Give",
  },
  snooze: {
    title: "Snooze",
    who: "Who puts it off",
    note: "Why",
    hint: `Nobody is reminded until then. It is watched, and calls again when it gets worse. ${NO_PERSON}`,
    button: "Snooze",
  },
  comment: {
    title: "Comment",
    who: "Who writes",
    note: "Comment",
    hint: `Stays with the alert for good. ${NO_PERSON}`,
    button: "Write",
  },
};

/** The role that stands ready as receiver: the one that answers for the alert, or else another than the giver. */
function receiver(alert: Alert, giver: string): string {
  const fits = [alert.owner, ...roles()].find((role) => role !== giver && roles().includes(role));
  return fits ?? giver;
}

/** Does one thing about an alert. The words differ, the dialog is the same: who, what is needed, a line, Enter. */
export function ActionDialog(props: { act: Deed; alert: Alert; onClose(): void }) {
  const [role, setRole] = createSignal(startingRole(props.alert.owner));
  const [to, setTo] = createSignal(receiver(props.alert, role()));
  const [until, setUntil] = createSignal(wallOf(cityNow() + SNOOZED_MS, zone()));
  const [note, setNote] = createSignal("");
  const known = () => (roles().length > 0 ? roles() : [props.alert.owner]);
  const told = () => TITLES[props.act];
  const { sending, submit, at } = createSending(["text", "role", "to", "time"], () => {
    rememberRole(role());
    props.onClose();
  });
  const send = () => {
    const { id } = props.alert;
    const line = note().trim();
    switch (props.act) {
      case "acknowledge":
        return acknowledge(id, role(), line);
      case "assign":
        return assign(id, role(), to(), line);
      case "snooze":
        return snooze(id, role(), needed(sentOf(until(), zone()), "time: expected a day and a time"), line);
      case "comment":
        return comment(id, role(), line);
    }
  };
  return (
    <Dialog title={told().title} onClose={props.onClose}>
      <Subject alert={props.alert}>
        <p class="dim">First: {props.alert.first_action}</p>
      </Subject>
      <form onSubmit={submit(send)}>
        <RoleField
          label={told().who}
          roles={known()}
          value={role()}
          onChange={setRole}
          refused={at("role")}
        />
        <Switch>
          <Match when={props.act === "assign"}>
            <RoleField label="Who gets it" roles={known()} value={to()} onChange={setTo} refused={at("to")} />
          </Match>
          <Match when={props.act === "snooze"}>
            <TimeField
              label="Until"
              hint="On the city's clocks; at most a day ahead."
              refused={at("time")}
              required
              value={until()}
              onChange={setUntil}
            />
          </Match>
        </Switch>
        <LineField
          label={told().note}
          hint={told().hint}
          refused={at("text")}
          required={props.act === "comment"}
          value={note()}
          onChange={setNote}
        />
        <button type="submit" disabled={sending()}>
          {sending() ? "Sending" : told().button} <kbd>Enter</kbd>
        </button>
      </form>
    </Dialog>
  );
}

/** What a dialog is about. */
export function Subject(props: { alert: Alert; children?: JSX.Element }) {
  return (
    <>
      <p class="dialog-subject">
        <SeveritySign severity={props.alert.severity} />
        <strong>{props.alert.title}</strong>
      </p>
      <Show when={props.children}>{props.children}</Show>
    </>
  );
}
