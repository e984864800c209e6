/** Keeps a number and its unit on one line: "3.0 m" never breaks after the 3.0. */
export function glued(text: string): string {
  return text.replace(/(\d) (?=(?:m|mm|cm|km|h|min|s|%|°C|m\/s|hPa)(?![\p{L}\d]))/gu, "$1\u00a0");
}
