import { createSignal } from "solid-js";
import { rememberRole, roles, startingRole } from "../alerts/role";
import { makeCover } from "../api/calls";
import { cityNow, zone } from "../city/city";
import { words } from "../say/figure";
import { sentOf, wallOf } from "../say/wall";
import { Dialog } from "../shell/dialog";
import { LineField, RoleField, TimeField } from "../shell/field";
import { createSending, needed } from "../shell/refused";

/** To the end of a shift, about. */
const COVERED_MS = 8 * 3_600_000;

/** Takes the calls of a role for a while, or gives them to another. */
export function CoverDialog(props: { of: string; onClose(made: boolean): void }) {
  const [role, setRole] = createSignal(startingRole("duty_officer"));
  const [by, setBy] = createSignal(
    role() === props.of ? (roles().find((one) => one !== props.of) ?? role()) : role(),
  );
  const [until, setUntil] = createSignal(wallOf(cityNow() + COVERED_MS, zone()));
  const [from, setFrom] = createSignal("");
  const [note, setNote] = createSignal("");
  const { sending, submit, at } = createSending(["text", "role", "time"], () => {
    rememberRole(role());
    props.onClose(true);
  });
  const send = async () =>
    makeCover({
      role: role(),
      of: props.of,
      by: by(),
      from: from() ? needed(sentOf(from(), zone()), "time: expected a day and a time to begin") : null,
      until: needed(sentOf(until(), zone()), "time: it needs an end"),
      note: note().trim(),
    });
  return (
    <Dialog title={`Calls of ${words(props.of).toLowerCase()}`} onClose={() => props.onClose(false)}>
      <form onSubmit={submit(send)}>
        <RoleField
          label="Who says so"
          roles={roles()}
          value={role()}
          onChange={setRole}
          refused={at("role")}
        />
        <RoleField
          label="Who takes them"
          roles={roles().filter((one) => one !== props.of)}
          value={by()}
          onChange={setBy}
        />
        <div class="field-pair">
          <TimeField label="From (now when left empty)" value={from()} onChange={setFrom} />
          <TimeField
            label="Until (needed)"
            hint="On the city's clocks; two months at most."
            refused={at("time")}
            required
            value={until()}
            onChange={setUntil}
          />
        </div>
        <LineField
          label="Why"
          hint="Nothing about a person: such a note is refused."
          refused={at("text")}
          value={note()}
          onChange={setNote}
        />
        <button type="submit" disabled={sending()}>
          {sending() ? "Sending" : "Take the calls"} <kbd>Enter</kbd>
        </button>
      </form>
    </Dialog>
  );
}
