/** The pages, as the path names them. */
export type Page =
  | { name: "desk" }
  | { name: "map" }
  | { name: "feeds" }
  | { name: "alerts" }
  | { name: "alert"; id: string }
  | { name: "rules" }
  | { name: "rule"; rule: string }
  | { name: "try" }
  | { name: "moves" }
  | { name: "silences" }
  | { name: "on-call" }
  | { name: "alarm-health" }
  | { name: "public" }
  | { name: "charter" }
  | { name: "missing"; path: string };

const FIXED: Record<string, Page> = {
  "/": { name: "desk" },
  "/map": { name: "map" },
  "/feeds": { name: "feeds" },
  "/alerts": { name: "alerts" },
  "/rules": { name: "rules" },
  "/rules/try": { name: "try" },
  "/rules/moves": { name: "moves" },
  "/silences": { name: "silences" },
  "/on-call": { name: "on-call" },
  "/alarm-health": { name: "alarm-health" },
  "/public": { name: "public" },
  "/charter": { name: "charter" },
};

export function pageOf(path: string): Page {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, "") : path;
  const fixed = FIXED[trimmed];
  if (fixed) return fixed;
  const alert = trimmed.match(/^\/alerts\/([^/]+)$/)?.[1];
  if (alert) {
    try {
      return { name: "alert", id: decodeURIComponent(alert) };
    } catch {
      return { name: "missing", path };
    }
  }
  // What the server takes as the name of a rule.
  const rule = trimmed.match(/^\/rules\/([\w.-]+)$/)?.[1];
  if (rule) return { name: "rule", rule };
  return { name: "missing", path };
}

export const rulePath = (rule: string) => `/rules/${encodeURIComponent(rule)}`;
export const alertPath = (id: string) => `/alerts/${encodeURIComponent(id)}`;
