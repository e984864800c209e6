import { createMemo, createResource, createSignal, onCleanup } from "solid-js";
import { type AlertSearch, askAlerts } from "../api/ask";
import type { Alert } from "../api/types";
import { alertOf, zone } from "../city/city";
import { sentOf } from "../say/wall";

/** A page of what was found. */
const PAGE = 200;
/** A pause in the typing. */
const TYPED_MS = 250;
const DAY_MS = 86_400_000;

/** What the form says; empty is any. Dates are days of the city. */
export interface Wanted {
  text: string;
  state: "" | "open" | "acknowledged" | "resolved";
  severity: string;
  owner: string;
  rule: string;
  from: string;
  to: string;
}

export const ANY: Wanted = { text: "", state: "", severity: "", owner: "", rule: "", from: "", to: "" };

export const isSearch = (wanted: Wanted) => Object.values(wanted).some((value) => value.trim() !== "");

/** The question to the server: the last day counts whole. */
export function searchOf(wanted: Wanted, zone: string): AlertSearch {
  const dayAfter = (day: string) => new Date(Date.parse(`${day}T00:00Z`) + DAY_MS).toISOString().slice(0, 10);
  const { text, state, severity, owner, rule, from, to } = wanted;
  return {
    state: state || "all",
    text: text.trim(),
    severity,
    owner,
    rule: rule.trim(),
    from: (from && sentOf(`${from}T00:00`, zone)) || "",
    to: (to && sentOf(`${dayAfter(to)}T00:00`, zone)) || "",
  };
}

/** Pages of what fits the form, newest first; each alert as it stands now where this screen knows better. */
export function createSearch(wanted: () => Wanted) {
  const [settled, setSettled] = createSignal<Wanted>(wanted());
  let typing: ReturnType<typeof setTimeout> | undefined;
  createMemo(() => {
    const now = { ...wanted() };
    clearTimeout(typing);
    typing = setTimeout(() => setSettled(now), TYPED_MS);
  });
  onCleanup(() => clearTimeout(typing));

  const [older, setOlder] = createSignal<Alert[]>([]);
  const [ended, setEnded] = createSignal(false);
  const [problem, setProblem] = createSignal("");
  const ask = async (after?: string) => {
    const search = searchOf(settled(), zone());
    const { items } = await askAlerts(after ? { ...search, after } : search, PAGE);
    setEnded(items.length < PAGE);
    setProblem("");
    return items;
  };
  const refused = (error: unknown): Alert[] => {
    setProblem(error instanceof Error ? error.message : String(error));
    setEnded(true);
    return [];
  };
  const [page, { mutate }] = createResource(settled, () => {
    setOlder([]);
    return ask().catch(refused);
  });
  const found = createMemo(() => [...(page.latest ?? []), ...older()].map((one) => alertOf(one.id) ?? one));
  const more = async () => {
    const last = [...(page.latest ?? []), ...older()].at(-1);
    if (!last || ended()) return;
    const asked = settled();
    const items = await ask(last.id).catch(refused);
    if (asked === settled()) setOlder((known) => [...known, ...items]);
  };
  return { found, more, ended, problem, loading: () => page.loading, mutate };
}
