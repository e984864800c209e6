import { createEffect, createMemo, createResource, createSignal, onCleanup } from "solid-js";
import { askAlerts } from "../api/ask";
import type { Alert } from "../api/types";
import { alertOf, zone } from "../city/city";
import { searchOf, type Wanted } from "./search-words";

/** A page of what was found. */
const PAGE = 200;
/** A pause in the typing. */
const TYPED_MS = 250;

/** Pages of what fits the form, newest first; each alert as it stands now where this screen knows better. */
export function createSearch(wanted: () => Wanted) {
  const [settled, setSettled] = createSignal<Wanted>(wanted());
  let typing: ReturnType<typeof setTimeout> | undefined;
  createEffect(() => {
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
