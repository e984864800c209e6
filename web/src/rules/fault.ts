/** Why a rule does not load, and where in its text. */
export interface Fault {
  words: string;
  line: number | null;
  column: number | null;
}

/** "draft.toml:3:5: ..." is line 3, column 5 of the rule `draft`; a mistake in another file has no place in its text. */
export function fault(words: string, rule: string): Fault {
  const at = words.startsWith(`${rule}.toml:`) ? words.match(/:(\d+):(\d+):/) : null;
  return { words, line: at ? Number(at[1]) : null, column: at ? Number(at[2]) : null };
}

/** Where in the text a line and a column begin; the end of the text where it has no such line. */
export function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(text.length, before + column - 1);
}

/** A file name that the server takes: "Lake above 3 m" is "lake-above-3-m". */
export function nameOf(words: string): string {
  const plain = words
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return plain.slice(0, 60) || "draft";
}
