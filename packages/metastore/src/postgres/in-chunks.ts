// Reads and writes in pieces, so that no statement and no answer is too large to hold.

const CHUNK = 5_000;

/** Calls `work` with up to 5000 items at a time, one call after another. */
export async function inChunks<T>(
  items: readonly T[],
  work: (chunk: readonly T[]) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < items.length; start += CHUNK) await work(items.slice(start, start + CHUNK));
}
