import { createResource, createSignal, For, Show } from "solid-js";
import { Subject } from "../alerts/action-dialog";
import { rememberRole, roles, startingRole } from "../alerts/role";
import { askRules } from "../api/ask";
import { makeSilence, type Repeat, type SilenceScope } from "../api/calls";
import type { Alert, Severity } from "../api/types";
import { cityNow, feeds, zone } from "../city/city";
import { words } from "../say/figure";
import { sentOf, wallOf } from "../say/wall";
import { Dialog } from "../shell/dialog";
import { Field, LineField, RoleField, TimeField } from "../shell/field";
import { createSending, needed } from "../shell/refused";
import { silenceField, WEEKDAYS } from "./words";

const HOUR_MS = 3_600_000;
/** Two hours of quiet by default: forgotten ones end before the shift does. */
const SILENCED_MS = 2 * HOUR_MS;
const LEVELS: Severity[] = ["info", "minor", "moderate", "severe", "extreme"];

/** The scope that keeps one alert quiet, and nothing else. */
export function scopeOf(alert: Alert): SilenceScope {
  return {
    rules: [alert.key.rule],
    subjects: [alert.key.subject],
    feeds: [],
    severity_at_most: alert.severity === "unknown" ? "info" : alert.severity,
  };
}

/** Keeps alerts quiet until a time: those like one alert, or those of chosen rules and feeds. */
export function SilenceDialog(props: { alert: Alert | null; onClose(made: boolean): void }) {
  const start = props.alert ? scopeOf(props.alert) : null;
  const [role, setRole] = createSignal(startingRole(props.alert?.owner ?? "duty_officer"));
  const [reason, setReason] = createSignal("");
  const [rules, setRules] = createSignal(start?.rules ?? []);
  const [subjects, setSubjects] = createSignal(start?.subjects ?? []);
  const [from, setFrom] = createSignal("");
  const [chosenFeeds, setFeeds] = createSignal<string[]>([]);
  const [most, setMost] = createSignal<Severity>(start?.severity_at_most ?? "moderate");
  const [until, setUntil] = createSignal(props.alert ? wallOf(cityNow() + SILENCED_MS, zone()) : "");
  const [repeat, setRepeat] = createSignal<Repeat | null>(null);
  const [known] = createResource(() => askRules().catch(() => ({ items: [], mistakes: [] })));
  const ruleNames = () => {
    const names = (known()?.items ?? []).map((rule) => rule.id);
    return [...new Set([...rules(), ...names])].sort();
  };
  const fields = ["reason", "role", "scope", "until", "repeat"] as const;
  const done = () => {
    rememberRole(role());
    props.onClose(true);
  };
  const { sending, submit, at } = createSending(fields, done, silenceField);
  const send = async () =>
    makeSilence({
      role: role(),
      reason: reason().trim(),
      scope: { rules: rules(), subjects: subjects(), feeds: chosenFeeds(), severity_at_most: most() },
      from: from() ? needed(sentOf(from(), zone()), "time: expected a day and a time to begin") : null,
      until: needed(sentOf(until(), zone()), "time: it needs an end"),
      repeat: repeat(),
    });

  return (
    <Dialog title="Silence" onClose={() => props.onClose(false)}>
      <Show when={props.alert}>{(alert) => <Subject alert={alert()} />}</Show>
      <p class="dim">Nobody is called for what fits. It is watched, shown and closed as ever.</p>
      <form onSubmit={submit(send)}>
        <RoleField
          label="Who owns the silence"
          roles={roles()}
          value={role()}
          onChange={setRole}
          refused={at("role")}
        />
        <LineField
          label="Why"
          hint="Nothing about a person: such a text is refused."
          refused={at("reason")}
          required
          value={reason()}
          onChange={setReason}
        />
        <Choices legend="Rules" all={ruleNames()} chosen={rules()} onChange={setRules} />
        <Show when={start}>
          {(given) => (
            <Choices legend="About" all={given().subjects} chosen={subjects()} onChange={setSubjects} />
          )}
        </Show>
        <Choices
          legend="Feeds"
          all={feeds().map((feed) => feed.id)}
          chosen={chosenFeeds()}
          onChange={setFeeds}
        />
        <Show when={at("scope")}>
          <p role="alert" class="refused">
            {at("scope")}
          </p>
        </Show>
        <Field label="Severity at most" hint="What is worse rings all the same.">
          {(tied) => (
            <select {...tied} onChange={(event) => setMost(event.currentTarget.value as Severity)}>
              <For each={LEVELS}>
                {(level) => (
                  <option value={level} selected={level === most()}>
                    {words(level)}
                  </option>
                )}
              </For>
            </select>
          )}
        </Field>
        <div class="field-pair">
          <TimeField label="From (now when left empty)" value={from()} onChange={setFrom} />
          <TimeField
            label="Until (needed)"
            refused={at("until")}
            required
            value={until()}
            onChange={setUntil}
          />
        </div>
        <Windows repeat={repeat()} onChange={setRepeat} refused={at("repeat")} />
        <button type="submit" disabled={sending()}>
          {sending() ? "Sending" : "Silence"} <kbd>Enter</kbd>
        </button>
      </form>
    </Dialog>
  );
}

function Choices(props: {
  legend: string;
  all: string[];
  chosen: string[];
  onChange(chosen: string[]): void;
}) {
  const turn = (name: string, on: boolean) =>
    props.onChange(on ? [...props.chosen, name] : props.chosen.filter((one) => one !== name));
  return (
    <Show when={props.all.length > 0}>
      <fieldset class="choices">
        <legend>
          {props.legend}
          {props.chosen.length > 0 ? "" : ": any"}
        </legend>
        <For each={props.all}>
          {(name) => (
            <label>
              <input
                type="checkbox"
                checked={props.chosen.includes(name)}
                onChange={(event) => turn(name, event.currentTarget.checked)}
              />
              {name}
            </label>
          )}
        </For>
      </fieldset>
    </Show>
  );
}

/** Week nights of roadworks: where a silence with windows begins. */
const FIRST_WINDOW: Repeat = { weekdays: 0b0011111, begins_min: 22 * 60, lasts_min: 8 * 60 };

function Windows(props: {
  repeat: Repeat | null;
  refused: string | undefined;
  onChange(repeat: Repeat | null): void;
}) {
  const change = (some: Partial<Repeat>) => props.repeat && props.onChange({ ...props.repeat, ...some });
  const minutes = (clock: string) => {
    const [hour = 0, minute = 0] = clock.split(":").map(Number);
    return hour * 60 + minute;
  };
  const clock = (at: number) =>
    `${String(Math.floor(at / 60)).padStart(2, "0")}:${String(at % 60).padStart(2, "0")}`;
  return (
    <>
      <label class="choice">
        <input
          type="checkbox"
          checked={props.repeat !== null}
          onChange={(event) => props.onChange(event.currentTarget.checked ? FIRST_WINDOW : null)}
        />
        Only in windows that recur every week
      </label>
      <Show when={props.repeat}>
        {(repeat) => (
          <>
            <fieldset class="choices">
              <legend>Begins on</legend>
              <For each={WEEKDAYS}>
                {(day, bit) => (
                  <label>
                    <input
                      type="checkbox"
                      checked={Boolean(repeat().weekdays & (1 << bit()))}
                      onChange={() => change({ weekdays: repeat().weekdays ^ (1 << bit()) })}
                    />
                    {day}
                  </label>
                )}
              </For>
            </fieldset>
            <div class="field-pair">
              <Field label="At, on the city's clocks" refused={props.refused}>
                {(tied) => (
                  <input
                    {...tied}
                    type="time"
                    required
                    value={clock(repeat().begins_min)}
                    onChange={(event) => change({ begins_min: minutes(event.currentTarget.value) })}
                  />
                )}
              </Field>
              <Field label="For so many hours">
                {(tied) => (
                  <input
                    {...tied}
                    type="number"
                    required
                    min="0.25"
                    max="168"
                    step="0.25"
                    value={repeat().lasts_min / 60}
                    onChange={(event) =>
                      change({ lasts_min: Math.round(event.currentTarget.valueAsNumber * 60) || 0 })
                    }
                  />
                )}
              </Field>
            </div>
          </>
        )}
      </Show>
    </>
  );
}
