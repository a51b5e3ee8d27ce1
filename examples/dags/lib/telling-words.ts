// Which words tell the parts of a text apart: frequent in one of them, and not to be found in all (tf-idf).

import type { WordCounts } from "./word-counts.ts";

/** A part and what it is about. */
export interface PartSubject {
  readonly title: string;
  /** How many were counted. */
  readonly words: number;
  /** The words that tell the part from the others, the best first. */
  readonly subject: readonly string[];
}

/** The subject of each part, in at most `length` words. */
export function compareCounts(parts: readonly WordCounts[], length: number): PartSubject[] {
  const partsWith = new Map<string, number>();
  for (const word of parts.flatMap(({ counts }) => Object.keys(counts))) {
    partsWith.set(word, (partsWith.get(word) ?? 0) + 1);
  }
  return parts.map(({ title, words, counts }) => {
    const scored = Object.entries(counts).map(
      ([word, count]) => [word, count * Math.log(parts.length / (partsWith.get(word) ?? 1))] as const,
    );
    const best = scored.toSorted(([, a], [, b]) => b - a).slice(0, length);
    return { title, words, subject: best.map(([word]) => word) };
  });
}
