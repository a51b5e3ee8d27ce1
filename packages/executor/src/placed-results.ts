// Results in a message: bytes by their index among the frame's blobs.

import type { AttemptResult } from "@memodag/core";

/** A result's bytes, or those of a list's members, by index. */
export type PlacedResults = readonly (readonly [name: string, at: number | readonly (number | null)[]])[];

/** Separates results into what goes into a message, and bytes. */
export function toPlaced(results: ReadonlyMap<string, AttemptResult>): {
  readonly results: PlacedResults;
  readonly blobs: readonly Uint8Array[];
} {
  const blobs: Uint8Array[] = [];
  const place = (bytes: Uint8Array): number => blobs.push(bytes) - 1;
  const placed: PlacedResults = Array.from(results, ([name, result]) => [
    name,
    result.kind === "single" ? place(result.bytes) : result.items.map((bytes) => bytes && place(bytes)),
  ]);
  return { results: placed, blobs };
}

/** Puts results together again. */
export function fromPlaced(placed: PlacedResults, blobs: readonly Uint8Array[]): Map<string, AttemptResult> {
  const find = (at: number): Uint8Array => blobs[at] ?? new Uint8Array();
  const results = new Map<string, AttemptResult>();
  for (const [name, at] of placed) {
    results.set(
      name,
      typeof at === "number"
        ? { kind: "single", bytes: find(at) }
        : { kind: "mapped", items: at.map((item) => (item === null ? null : find(item))) },
    );
  }
  return results;
}
