import { createEffect, createResource, on, onCleanup } from "solid-js";
import { city } from "../city/city";

/** What is called changes with every alert: a storm of them asks the server no more often than this. */
const ASK_EVERY_MS = 2_000;

/** An answer, asked again when the city says that it may be another: about calls, or about what `changed` tells of. */
export function createAsked<T>(ask: () => Promise<T>, changed: () => number = city.callsChanged) {
  const [answer, { refetch }] = createResource(ask);
  let due: ReturnType<typeof setTimeout> | undefined;
  const later = () => {
    due ??= setTimeout(() => {
      due = undefined;
      void refetch();
    }, ASK_EVERY_MS);
  };
  createEffect(on(changed, later, { defer: true }));
  onCleanup(() => clearTimeout(due));
  const got = () => (answer.error ? undefined : answer.latest);
  const problem = () => (answer.error instanceof Error ? answer.error.message : "");
  return { got, problem, loading: () => answer.loading, again: () => void refetch() };
}
