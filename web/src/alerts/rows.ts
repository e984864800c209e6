import type { Alert, Severity } from "../api/types";
import { count } from "../say/figure";
import { byUrgency, first, newest, severityRank, unresolved, urgent } from "./order";
import { type Quiet, quiet } from "./words";

/** A line of the list of alerts. `id` is the line's: an alert may stand under its cause as well. */
export type Row =
  | { id: string; kind: "section"; words: string }
  | { id: string; kind: "group"; words: string; severity: Severity; size: number; shown: boolean }
  | { id: string; kind: "alert"; alert: Alert; nested: boolean; shown: boolean };

/** Alerts of one rule stand together from so many on: four like lines can still be read one by one. */
export const GROUPED_FROM = 5;

const line = (alert: Alert, place: string, opened: ReadonlySet<string>, nested = false): Row => ({
  id: `${place}${alert.id}`,
  kind: "alert",
  alert,
  nested,
  shown: opened.has(`${place}${alert.id}`),
});

/** The worst of a group; ends are the same for all groups, so that one look decides. */
const worst = (alerts: Alert[]) =>
  alerts.reduce<Severity>(
    (most, one) => (severityRank(one.severity) > severityRank(most) ? one.severity : most),
    "unknown",
  );

function group(id: string, words: string, alerts: Alert[], opened: ReadonlySet<string>): Row[] {
  const shown = opened.has(id);
  const head: Row = { id, kind: "group", words, severity: worst(alerts), size: alerts.length, shown };
  return shown ? [head, ...urgent(alerts).map((alert) => line(alert, `${id}/`, opened, true))] : [head];
}

function groupBy<K>(alerts: Alert[], key: (alert: Alert) => K): Map<K, Alert[]> {
  const groups = new Map<K, Alert[]>();
  for (const alert of alerts) {
    const known = groups.get(key(alert));
    if (known) known.push(alert);
    else groups.set(key(alert), [alert]);
  }
  return groups;
}

/** An alert, and where asked for what it hides. */
function withNested(
  alert: Alert,
  explained: Map<string | null, Alert[]>,
  opened: ReadonlySet<string>,
): Row[] {
  const own = line(alert, "", opened);
  const children = own.kind === "alert" && own.shown ? (explained.get(alert.id) ?? []) : [];
  return [own, ...urgent(children).map((child) => line(child, `${alert.id}/`, opened, true))];
}

/** What calls: each Extreme by itself and first, then the rest by rule where a rule has many. */
function calling(
  alerts: Alert[],
  explained: Map<string | null, Alert[]>,
  opened: ReadonlySet<string>,
): Row[] {
  const extreme = urgent(alerts.filter((alert) => alert.severity === "extreme"));
  const rules = groupBy(
    alerts.filter((alert) => alert.severity !== "extreme"),
    (alert) => alert.key.rule,
  );
  const entries = [...rules].flatMap(([rule, of]): { lead: Alert; rule: string | null; of: Alert[] }[] =>
    of.length < GROUPED_FROM
      ? of.map((alert) => ({ lead: alert, rule: null, of: [alert] }))
      : [{ lead: first(of, 1, byUrgency)[0] as Alert, rule, of }],
  );
  entries.sort((a, b) => byUrgency(a.lead, b.lead));
  return [
    ...extreme.flatMap((alert) => withNested(alert, explained, opened)),
    ...entries.flatMap(({ lead, rule, of }) =>
      rule === null
        ? withNested(lead, explained, opened)
        : group(
            `rule:${rule}`,
            `${count(of.length)} of rule ${rule}, most urgent: ${lead.title}`,
            of,
            opened,
          ),
    ),
  ];
}

const KEPT: Record<Quiet, (by: string) => string> = {
  hidden: (title) => `explained by “${title}”`,
  silenced: (silence) => `kept quiet by ${silence}`,
  snoozed: () => "snoozed",
};

/** What is kept quiet, by what keeps it so. */
function kept(alerts: Alert[], known: ReadonlyMap<string, Alert>, opened: ReadonlySet<string>): Row[] {
  const by = (alert: Alert) => `${quiet(alert)}:${alert.cause ?? alert.silenced_by ?? ""}`;
  return [...groupBy(alerts, by)].flatMap(([id, of]) => {
    const one = of[0] as Alert;
    const reason = quiet(one) ?? "snoozed";
    // Those of a cause stay together: they are read under it.
    if (reason !== "hidden" && of.length < GROUPED_FROM) {
      return urgent(of).map((alert) => line(alert, "", opened));
    }
    const name = one.cause === null ? (one.silenced_by ?? "") : (known.get(one.cause)?.title ?? one.cause);
    return group(id, `${count(of.length)} ${KEPT[reason](name)}`, of, opened);
  });
}

/**
 * The list: what calls, then what is kept quiet, then what is over. `opened` holds the lines whose own lines are
 * shown. Nothing is ever left out: what is not a line is counted on one.
 */
export function rowsOf(alerts: Alert[], opened: ReadonlySet<string>): Row[] {
  const open = alerts.filter(unresolved);
  const calls = open.filter((alert) => quiet(alert) === null);
  const still = open.filter((alert) => quiet(alert) !== null);
  const closed = newest(alerts.filter((alert) => !unresolved(alert)));
  const explained = groupBy(still, (alert) => alert.cause);
  const known = new Map(open.map((alert) => [alert.id, alert]));
  const rows = calling(calls, explained, opened);
  if (still.length > 0) {
    rows.push({ id: "still", kind: "section", words: `Nobody is called for these ${count(still.length)}` });
    rows.push(...kept(still, known, opened));
  }
  if (closed.length > 0) {
    rows.push({ id: "closed", kind: "section", words: "Closed" });
    rows.push(...closed.map((alert) => line(alert, "", opened)));
  }
  return rows;
}

/** Found ones, as the server ordered them. */
export const flat = (alerts: Alert[]): Row[] => alerts.map((alert) => line(alert, "", new Set()));
