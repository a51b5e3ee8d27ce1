// Ranks what the command palette finds: the beginning of a name before the beginning of a word in it, before letters in order.

/** A candidate. */
export interface Found {
  /** Searched for the query. */
  readonly text: string;
}

/** Results at most. */
const MOST_RESULTS = 20;

/** Returns those that match, the best first; of equals, the earlier. An empty query matches all. */
export function rank<T extends Found>(query: string, candidates: readonly T[]): T[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return candidates
    .flatMap((candidate) => {
      const text = candidate.text.toLowerCase();
      const scores = words.map((word) => scoreOf(word, text));
      return scores.includes(0) ? [] : [{ candidate, score: scores.reduce((sum, score) => sum + score, 0) }];
    })
    .toSorted((a, b) => b.score - a.score)
    .slice(0, MOST_RESULTS)
    .map(({ candidate }) => candidate);
}

/** From 5, the same, to 1, the letters in their order; 0: no match. */
function scoreOf(word: string, text: string): number {
  const at = text.indexOf(word);
  if (at === 0) return text.length === word.length ? 5 : 4;
  if (at > 0) return startsWordAt(text, word) ? 3 : 2;
  return isSubsequence(word, text) ? 1 : 0;
}

function startsWordAt(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at > 0; at = text.indexOf(word, at + 1))
    if (!/[\p{L}\p{N}]/u.test(text[at - 1] ?? "")) return true;
  return false;
}

function isSubsequence(word: string, text: string): boolean {
  let at = -1;
  for (const letter of word) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** The first digits of a cache key, if the query is some; undefined: it is something else. */
export function findKeyDigits(query: string): string | undefined {
  return /^[0-9a-f]{6,64}$/.exec(query.trim().toLowerCase())?.[0];
}
