// Counts the words in a part of a document.

import type { TextPart } from "./split-opticks.ts";

/** Shorter words are mostly labels of figures and function words. */
const SHORTEST_WORD = 4;

/** The word counts of a part. */
export interface WordCounts {
  readonly title: string;
  /** Total number of words counted. */
  readonly words: number;
  /** Counts by lower-case word. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Counts words of four or more letters. */
export function countWords({ title, text }: TextPart): WordCounts {
  const words = (text.toLowerCase().match(/\p{L}+/gu) ?? []).filter(({ length }) => length >= SHORTEST_WORD);
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return { title, words: words.length, counts: Object.fromEntries(counts) };
}
