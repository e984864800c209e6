import { createRoot, createSignal, onCleanup, onMount } from "solid-js";
import { type Binding, match, PAIR_MS, takesText } from "./bindings";

const STORED_AS = "townbell.keys";

/** Reads a setting of this browser; private windows may refuse. */
function stored(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function store(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // The setting then lasts as long as the page.
  }
}

interface Group {
  title: string;
  bindings: Binding[];
}

const [groups, setGroups] = createRoot(() => createSignal<Group[]>([]));
const [enabled, setEnabledSignal] = createRoot(() => createSignal(stored(STORED_AS) !== "off"));

export { enabled as keysEnabled, groups as keyGroups };

/** Turns single-key shortcuts on or off for this browser (WCAG 2.1.4). */
export function setKeysEnabled(on: boolean): void {
  store(STORED_AS, on ? "on" : "off");
  setEnabledSignal(on);
}

/** Adds keys for as long as the component that calls this is shown. Later groups win over earlier ones. */
export function useKeys(title: string, bindings: Binding[]): void {
  const group = { title, bindings };
  onMount(() => setGroups((all) => [...all, group]));
  onCleanup(() => setGroups((all) => all.filter((other) => other !== group)));
}

let before = "";
let forget: ReturnType<typeof setTimeout> | undefined;

function onKeyDown(event: KeyboardEvent): void {
  if (!enabled() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  // An open dialog has the keyboard to itself.
  if (takesText(target as HTMLInputElement) || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && target.closest("a, button, tr, summary")) return;
  const newestFirst = [...groups()].reverse().flatMap((group) => group.bindings);
  const outcome = match(newestFirst, before, event.key);
  clearTimeout(forget);
  before = "";
  if (outcome.kind === "run") {
    event.preventDefault();
    outcome.binding.run();
  } else if (outcome.kind === "wait") {
    before = event.key;
    forget = setTimeout(() => {
      before = "";
    }, PAIR_MS);
  }
}

export function followKeys(): void {
  document.addEventListener("keydown", onKeyDown);
}

/** Moves the focus by `step` lines among the elements marked `data-line`; from nowhere to the selected or first one. */
export function moveLine(step: 1 | -1): void {
  const lines = [...document.querySelectorAll<HTMLElement>("main [data-line]")];
  if (lines.length === 0) return;
  const focused = lines.indexOf(document.activeElement as HTMLElement);
  const selected = lines.findIndex((line) => line.dataset.line === "selected");
  const from = focused >= 0 ? focused : selected;
  const next = from < 0 ? 0 : Math.min(lines.length - 1, Math.max(0, from + step));
  lines[next]?.focus();
  lines[next]?.scrollIntoView({ block: "nearest" });
}

export { store as storeSetting, stored as storedSetting };
