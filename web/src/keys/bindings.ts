/** A key, or two keys one after the other ("g m"), and what it does. */
export interface Binding {
  keys: string;
  words: string;
  run(): void;
}

/** How long the first key of a pair waits for its second. */
export const PAIR_MS = 1_500;

export type Outcome = { kind: "run"; binding: Binding } | { kind: "wait" } | { kind: "nothing" };

/** Which binding a key press means, given the key pressed just before it (or ""). */
export function match(bindings: Binding[], before: string, key: string): Outcome {
  const pair = before ? bindings.find((binding) => binding.keys === `${before} ${key}`) : undefined;
  if (pair) return { kind: "run", binding: pair };
  const single = bindings.find((binding) => binding.keys === key);
  if (single) return { kind: "run", binding: single };
  return bindings.some((binding) => binding.keys.startsWith(`${key} `))
    ? { kind: "wait" }
    : { kind: "nothing" };
}

/** Elements that take the letters for themselves. */
export function takesText(element: { tagName: string; type?: string; isContentEditable?: boolean }): boolean {
  if (element.isContentEditable) return true;
  if (element.tagName === "TEXTAREA" || element.tagName === "SELECT") return true;
  return element.tagName === "INPUT" && element.type !== "checkbox" && element.type !== "radio";
}
