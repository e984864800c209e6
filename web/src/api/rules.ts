import { ask } from "./ask";
import type { Rule, RuleText } from "./types";

// Rules as files of the city: crates/townbell/src/tell/rule_files.rs.

const pathOf = (name: string) => `/api/rules/${encodeURIComponent(name)}`;

export const askRule = (name: string) => ask<RuleText>(pathOf(name));

/** Says from which text a change was made, so that nothing is written over unread; null: there shall be none yet. */
const from = (known: string | null): Record<string, string> =>
  known === null ? { "if-none-match": "*" } : { "if-match": `"${known}"` };

export const saveRule = (name: string, text: string, role: string, known: string | null) =>
  ask<Rule>(pathOf(name), {
    method: "PUT",
    headers: { "content-type": "application/json", accept: "application/json", ...from(known) },
    body: JSON.stringify({ role, text }),
  });

export const removeRule = (name: string, role: string, known: string) =>
  ask<void>(`${pathOf(name)}?${new URLSearchParams({ role })}`, { method: "DELETE", headers: from(known) });
