/** A text of at most `chars` characters; a longer one ends at a word with "…". */
export function shortened(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const cut = text.slice(0, chars - 1);
  const word = cut.lastIndexOf(" ");
  return `${(word > chars / 2 ? cut.slice(0, word) : cut).replace(/[\s,;:.]+$/, "")}…`;
}
