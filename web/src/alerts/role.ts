import { city } from "../city/city";
import { storedSetting, storeSetting } from "../keys/keys";

const ROLE_STORED_AS = "townbell.role";

export const roles = (): string[] => city.about()?.roles ?? [];

/** The role that acted last in this browser, where the city has it. */
export function knownRole(): string | null {
  const last = storedSetting(ROLE_STORED_AS);
  return last && roles().includes(last) ? last : null;
}

export const rememberRole = (role: string) => storeSetting(ROLE_STORED_AS, role);

/** The role that a dialog begins with: the last of this browser, else the one that fits. */
export function startingRole(fitting: string): string {
  return knownRole() ?? (roles().includes(fitting) ? fitting : (roles()[0] ?? fitting));
}
