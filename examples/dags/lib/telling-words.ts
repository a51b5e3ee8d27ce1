// Finds the characteristic words of each part of a document: those frequent in it but rare in others
// (tf-idf).

import type { WordCounts } from "./word-counts.ts";

/** A part and its subject. */
export interface PartSubject {
  readonly title: string;
  /** Number of words counted. */
  readonly words: number;
  /** The most characteristic words, best first. */
  readonly subject: readonly string[];
}

/** Returns the subject of each part, in at most `length` words. */
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
