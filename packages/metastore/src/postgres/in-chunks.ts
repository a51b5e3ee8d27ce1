// Reads in pieces, so that no answer is too large to hold.

const CHUNK = 5_000;

/** Calls `read` with up to 5000 keys at a time, one call after another. */
export async function inChunks(
  keys: readonly string[],
  read: (chunk: readonly string[]) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < keys.length; start += CHUNK) await read(keys.slice(start, start + CHUNK));
}
