/** More words than anybody types narrow nothing down. Bounds what a search costs. */
const MAX_WORDS = 12;

/**
 * Makes of what somebody typed an expression of SQLite's full-text search: all words, each as the
 * beginning of one. Its operators (`OR`, `NEAR`, `*`, quotes) are taken as text.
 *
 * @returns undefined where there is no word in the text
 */
export function searchExpression(text: string): string | undefined {
  // Only at what separates words for sure: what else does is the tokenizer's to know, which has Unicode tables of its own.
  const words = text.split(/[\p{Cc}\s!-/:-@[-`{-~]+/u).filter((word) => word !== '');
  if (words.length === 0) return undefined;
  return words.slice(0, MAX_WORDS).map((word) => `"${word}"*`).join(' ');
}
