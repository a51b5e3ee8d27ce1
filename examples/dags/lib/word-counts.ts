// How often each word stands in a part of a text.

import type { TextPart } from "./split-opticks.ts";

/** Shorter ones are letters of the figures and small words, which say nothing of the subject. */
const SHORTEST_WORD = 4;

/** The words of a part. */
export interface WordCounts {
  readonly title: string;
  /** All that were counted. */
  readonly words: number;
  /** By word, in lower case. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Counts the words of four letters and more. */
export function countWords({ title, text }: TextPart): WordCounts {
  const words = (text.toLowerCase().match(/\p{L}+/gu) ?? []).filter(({ length }) => length >= SHORTEST_WORD);
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return { title, words: words.length, counts: Object.fromEntries(counts) };
}
