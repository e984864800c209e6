import { createSignal } from "solid-js";

/**
 * The field that a refusal is about, and its words. The server begins with the field: "role: expected one of this
 * city's roles". What names none of `fields` goes to the first.
 */
export function fieldOf(detail: string, fields: readonly string[]): { field: string; words: string } {
  const named = detail.match(/^([a-z_]+): (.*)$/s);
  const field = fields.find((one) => one === named?.[1]) ?? fields[0] ?? "";
  return { field, words: named?.[2] ? named[2].charAt(0).toUpperCase() + named[2].slice(1) : detail };
}

/** Sends once at a time, and keeps the server's refusal for the field that it is about. */
export function createSending(
  fields: readonly string[],
  done: () => void,
  place: (detail: string, fields: readonly string[]) => { field: string; words: string } = fieldOf,
) {
  const [sending, setSending] = createSignal(false);
  const [refused, setRefused] = createSignal<{ field: string; words: string } | null>(null);
  const submit = (send: () => Promise<unknown>) => async (event: Event) => {
    event.preventDefault();
    if (sending()) return;
    setSending(true);
    setRefused(null);
    try {
      await send();
      done();
    } catch (error) {
      setRefused(place(error instanceof Error ? error.message : String(error), fields));
    } finally {
      setSending(false);
    }
  };
  const at = (field: string) => {
    const found = refused();
    return found?.field === field ? found.words : undefined;
  };
  return { sending, submit, at };
}

/** What a form cannot do without; a refusal of our own in the server's manner where it is missing. */
export function needed<T>(value: T | null, detail: string): T {
  if (value === null) throw new Error(detail);
  return value;
}
