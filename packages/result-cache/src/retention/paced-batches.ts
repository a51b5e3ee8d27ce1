// Deletes much in little steps, with rests between them in which others come to their turn.

import { setTimeout as rest } from "node:timers/promises";

/** Rows of the first batch, before it is known how long they take. */
const FIRST_BATCH = 50;

/** Rows of a batch at most. */
const LARGEST_BATCH = 1_000;

/** Rows of a batch at least, however long they take. Few: a row may lie on a dozen of pages, all cold. */
const SMALLEST_BATCH = 10;

/**
 * Milliseconds that a batch should take. SQLite keeps other writers waiting for the part of it that is no
 * checkpoint, and this thread for all of it. A process that waits for SQLite's lock looks again after 1, 3, 8, 18
 * and 33 ms: batches so short are over by the third look, and leave it no chance to meet the next one.
 */
const BATCH_MS = 10;

/** Milliseconds of a rest at least: a process that waits for SQLite's lock looks at it every few. */
const SHORTEST_REST_MS = 5;

/** Milliseconds of a rest at most: a batch that a stalled disk has held up says nothing of the next one. */
const LONGEST_REST_MS = 2_000;

/** A rest's length in batches: with it, others have the database for a third of the time at least. */
export const SHORT_RESTS = 0.5;

/** The same for work that no one waits for: it takes a tenth of the time. */
export const LONG_RESTS = 9;

/**
 * Calls `work` with the size of a batch until it resolves to false, or the signal aborts, which is no
 * error. Batches grow while they are fast and shrink while they take long; a rest follows each, so many times as long.
 */
export async function inPacedBatches(
  work: (limit: number) => Promise<boolean>,
  signal?: AbortSignal,
  restsABatch: number = SHORT_RESTS,
): Promise<void> {
  let limit = FIRST_BATCH;
  for (;;) {
    if (signal?.aborted) return;
    const startedAt = performance.now();
    if (!(await work(limit))) return;
    const tookMs = performance.now() - startedAt;
    limit = nextLimit(limit, tookMs);
    await rest(Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, tookMs * restsABatch)));
  }
}

function nextLimit(limit: number, tookMs: number): number {
  const fitting = Math.floor((limit * BATCH_MS) / Math.max(tookMs, 1));
  // No more than double at a time: one fast batch says little of the next.
  return Math.max(SMALLEST_BATCH, Math.min(LARGEST_BATCH, fitting, limit * 2));
}
