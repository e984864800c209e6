/** A block of a plain text with headings, lists and paragraphs: all that the charter needs of Markdown. */
export type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "list"; numbered: boolean; items: string[][] }
  | { kind: "paragraph"; text: string };

const ITEM = /^(?:[-*]|\d+\.)\s+/;

/** Marks within a line (bold, code, links) become their plain words. */
export function plain(text: string): string {
  return text
    .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
    .replace(/\*{1,2}([^*]+)\*{1,2}/g, "$1")
    .replaceAll("`", "")
    .trim();
}

/** A list with its items; a line that begins no item is a line of the item above it. */
function list(lines: string[]): Block {
  const items: string[][] = [];
  for (const line of lines) {
    if (ITEM.test(line)) items.push([plain(line.replace(ITEM, ""))]);
    else items.at(-1)?.push(plain(line));
  }
  return { kind: "list", numbered: /^\d/.test(lines[0] ?? ""), items };
}

function blockOf(lines: string[]): Block {
  const first = lines[0] ?? "";
  const heading = first.match(/^(#{1,6})\s+(.*)$/);
  if (heading) return { kind: "heading", level: (heading[1] ?? "#").length, text: plain(heading[2] ?? "") };
  return ITEM.test(first) ? list(lines) : { kind: "paragraph", text: plain(lines.join(" ")) };
}

/** Cuts a text into blocks at empty lines and around headings. */
export function blocks(text: string): Block[] {
  return text
    .replaceAll("\r", "")
    .replace(/^(#{1,6}\s.*)$/gm, "\n$1\n")
    .split(/\n\s*\n/)
    .map((part) => part.split("\n").filter((line) => line.trim() !== ""))
    .filter((lines) => lines.length > 0)
    .map(blockOf);
}
