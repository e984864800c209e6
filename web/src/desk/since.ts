import { unresolved } from "../alerts/order";
import type { Alert, WarningState } from "../api/types";
import { milliseconds } from "../say/time";

/** A shift: how far back the desk looks where nobody has marked a handover. */
export const SHIFT_MS = 8 * 3_600_000;
/** A mark older than this belongs to another day, or to a replay that was started anew. */
const MARK_AGE_MAX_MS = 24 * 3_600_000;

/** From when on the desk tells what got worse: the mark of this browser where it fits, else one shift back. */
export function handover(mark: string | null, now: number): { at: number; marked: boolean } {
  const at = mark ? milliseconds(mark) : Number.NaN;
  const fits = Number.isFinite(at) && at <= now && now - at <= MARK_AGE_MAX_MS;
  return fits ? { at, marked: true } : { at: now - SHIFT_MS, marked: false };
}

export interface Turn {
  id: string;
  /** What, as a sentence. */
  words: string;
  /** When it turned. */
  at: number;
  source: string;
  better: boolean;
  href: string | null;
  language: string | null;
}

function alertTurns(alerts: Alert[], since: number): Turn[] {
  return alerts.flatMap((alert): Turn[] => {
    const href = `/alerts/${encodeURIComponent(alert.id)}`;
    const turn = { id: alert.id, source: "", href, language: null };
    if (alert.resolved && milliseconds(alert.resolved) >= since) {
      return [
        { ...turn, words: alert.title, at: milliseconds(alert.resolved), source: "closed", better: true },
      ];
    }
    if (unresolved(alert) && milliseconds(alert.opened) >= since) {
      return [{ ...turn, words: alert.title, at: milliseconds(alert.opened), source: "new", better: false }];
    }
    return [];
  });
}

/** A warning of another region is on the map's list, and nothing that got worse here. */
const concernsUs = (warning: WarningState) => warning.in_force && warning.touches.length > 0;

function warningTurns(warnings: WarningState[], since: number): Turn[] {
  return warnings
    .filter((warning) => concernsUs(warning) && milliseconds(warning.sent) >= since)
    .map((warning) => ({
      id: warning.id,
      words: warning.headline || warning.event,
      at: milliseconds(warning.sent),
      source: warning.sender_name,
      better: false,
      href: null,
      language: warning.language ?? null,
    }));
}

/** What turned since the handover: what got worse first, newest first. */
export function turns(alerts: Alert[], warnings: WarningState[], since: number): Turn[] {
  const all = [...alertTurns(alerts, since), ...warningTurns(warnings, since)];
  return all.sort((a, b) => Number(a.better) - Number(b.better) || b.at - a.at);
}

/** "3 new, 1 closed, 2 warnings" */
export function tally(alerts: Alert[], warnings: WarningState[], since: number): string {
  const opened = alerts.filter((alert) => milliseconds(alert.opened) >= since).length;
  const closed = alerts.filter((alert) => alert.resolved && milliseconds(alert.resolved) >= since).length;
  const sent = warnings.filter((w) => concernsUs(w) && milliseconds(w.sent) >= since).length;
  const warned = sent === 0 ? "" : `, ${sent} ${sent === 1 ? "warning" : "warnings"}`;
  return `${opened} new, ${closed} closed${warned}`;
}
