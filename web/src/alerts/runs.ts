import type { AlertChange } from "../api/types";

/** Changes that are told together. */
export interface Run {
  changes: AlertChange[];
}

/** A run of figures that only changed is folded from this length on. */
const FOLDED_FROM = 3;

/**
 * The history in the order of the journal, with long runs of "updated" put together: a lake that rises changes the
 * figures of its alert every quarter of an hour, and hides who took it when.
 */
export function runs(history: AlertChange[]): Run[] {
  const found: Run[] = [];
  for (const change of history) {
    const last = found.at(-1);
    if (change.kind === "updated" && last?.changes[0]?.kind === "updated") last.changes.push(change);
    else found.push({ changes: [change] });
  }
  return found.flatMap((run) =>
    run.changes.length < FOLDED_FROM ? run.changes.map((change) => ({ changes: [change] })) : [run],
  );
}
