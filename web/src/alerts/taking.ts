import { createRoot, createSignal } from "solid-js";
import { acknowledge, assign } from "../api/ask";
import type { Alert } from "../api/types";
import { useKeys } from "../keys/keys";
import { knownRole } from "./role";
import { quiet } from "./words";

/** What a dialog does about an alert. */
export type Act = "acknowledge" | "assign" | "snooze" | "comment" | "silence";

/** The dialog that is open, and for which alert. */
const [acting, setActing] = createRoot(() => createSignal<{ act: Act; alert: Alert } | null>(null));

/** The alert that keys act on: the selected line of the page. */
const [selected, setSelected] = createRoot(() => createSignal<string | null>(null));

/** Why the last key did nothing, where the server refused it. */
const [refusedKey, setRefusedKey] = createRoot(() => createSignal(""));

export {
  acting,
  refusedKey,
  selected as selectedAlert,
  setActing,
  setRefusedKey,
  setSelected as setSelectedAlert,
};

/** Whether something can be done about an alert: anybody may comment, but what is over is over. */
export function mayAct(act: Act, alert: Alert): boolean {
  if (act === "comment") return true;
  if (act === "acknowledge") return alert.state === "open";
  return alert.state !== "resolved";
}

export function open(act: Act, alert: Alert | undefined): void {
  setRefusedKey("");
  if (alert && mayAct(act, alert)) setActing({ act, alert });
}

/** Takes it for the role of this browser, without a dialog where that role is known. */
export async function takeIt(alert: Alert | undefined): Promise<void> {
  if (!alert || alert.state === "resolved") return;
  const role = knownRole();
  if (!role) return open(alert.state === "open" ? "acknowledge" : "assign", alert);
  setRefusedKey("");
  try {
    if (alert.state === "open") await acknowledge(alert.id, role, "");
    else if (alert.acknowledged_by !== role) await assign(alert.id, role, role, "");
  } catch (error) {
    setRefusedKey(error instanceof Error ? error.message : String(error));
  }
}

/** The keys of the night desk that act on one alert. */
export function useAlertKeys(title: string, current: () => Alert | undefined): void {
  useKeys(title, [
    { keys: "a", words: "acknowledge with a note", run: () => open("acknowledge", current()) },
    { keys: "t", words: "take it, without a note", run: () => void takeIt(current()) },
    { keys: "e", words: "give it to a role", run: () => open("assign", current()) },
    { keys: "s", words: "snooze it until a time", run: () => open("snooze", current()) },
    { keys: "c", words: "comment on it", run: () => open("comment", current()) },
    { keys: "S", words: "silence what is like it", run: () => open("silence", current()) },
  ]);
}

/** Whether what is kept quiet can be woken by hand. */
export const isSnoozed = (alert: Alert) => quiet(alert) !== null && alert.snoozed_until !== null;
