import type { Chain, NotificationReason, Repeat, Silence, SilenceScope } from "../api/calls";
import { words } from "../say/figure";
import { span } from "../say/span";
import { milliseconds } from "../say/time";

export const WEEKDAYS = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
] as const;
const ALL_DAYS = 127;

/** "a, b and c" */
export function listed(all: readonly string[], last = "and"): string {
  if (all.length < 2) return all[0] ?? "";
  return `${all.slice(0, -1).join(", ")} ${last} ${all.at(-1)}`;
}

const clockOf = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** "Tuesdays and Thursdays from 22:00 for 4 h" */
export function repeatWords(repeat: Repeat): string {
  const days = WEEKDAYS.filter((_, bit) => repeat.weekdays & (1 << bit)).map((day) => `${day}s`);
  const named = repeat.weekdays === ALL_DAYS ? "every day" : listed(days);
  const lasts = repeat.lasts_min % 60 === 0 ? `${repeat.lasts_min / 60} h` : `${repeat.lasts_min} min`;
  return `${named} from ${clockOf(repeat.begins_min)} for ${lasts}`;
}

/** "rule heavy-rain about datastream:3, moderate at most" */
export function scopeWords(scope: SilenceScope): string {
  const part = (noun: string, all: string[]) =>
    all.length > 0 ? `${noun}${all.length > 1 ? "s" : ""} ${listed(all, "or")}` : "";
  const parts = [
    part("rule", scope.rules),
    part("subject", scope.subjects),
    part("feed", scope.feeds),
  ].filter(Boolean);
  const most = scope.severity_at_most === "extreme" ? "of any severity" : `${scope.severity_at_most} at most`;
  return `${parts.join(", ")}, ${most}`;
}

export type SilenceStanding = "in force" | "to come" | "ended";

export function standing(silence: Silence, now: number): SilenceStanding {
  if (silence.ended !== null || milliseconds(silence.until) <= now) return "ended";
  return milliseconds(silence.from) > now ? "to come" : "in force";
}

/** Ends within this time: it is on the list of what the desk should look at. */
const ENDS_SOON_MS = 2 * 3_600_000;

export function endsSoon(silence: Silence, now: number): boolean {
  return standing(silence, now) === "in force" && milliseconds(silence.until) - now < ENDS_SOON_MS;
}

/** "after 10 min duty officer", "at once its owner" */
export function stepWords(step: Chain["steps"][number]): string {
  const who = step.roles.map((role) => (role === "owner" ? "its owner" : words(role).toLowerCase()));
  const named = who.length > 0 ? listed(who) : "its owner";
  return step.after_s === 0 ? `at once ${named}` : `after ${span(step.after_s * 1_000)} ${named}`;
}

/** For which alerts a chain is. */
export function chainWords(chain: Chain): string {
  const owners =
    chain.owners.length > 0
      ? ` of ${listed(
          chain.owners.map((one) => words(one).toLowerCase()),
          "or",
        )}`
      : "";
  const worse = chain.at_least === "extreme" ? "" : " and worse";
  return `${words(chain.at_least)}${worse}${owners}`;
}

export const REASONS: Record<NotificationReason, string> = {
  opened: "opened",
  reminded: "reminder: nobody has it",
  escalated: "nobody took it in time, or could be reached",
  worsened: "became worse",
  surfaced: "calls for itself now",
  assigned: "given to this role",
  woken: "its snooze is over",
  resolved: "is over",
  silence_ending: "a silence ends soon",
  blind: "the centre is blind",
};

/** The field of the silence form that a refusal is about. */
export function silenceField(detail: string): { field: string; words: string } {
  const text = detail.replace(/^[a-z]+: /, "");
  const words = text.charAt(0).toUpperCase() + text.slice(1);
  const fits: [RegExp, string][] = [
    [/^role:/, "role"],
    [/name rules|^id:|^scope:/, "scope"],
    [/window/, "repeat"],
    [/say why|^text:/, "reason"],
    [/end|^time:/, "until"],
  ];
  return { field: fits.find(([sign]) => sign.test(detail))?.[1] ?? "reason", words };
}
