// Sends a body so that a receiver never has all of one that turns out to be wrong.

/**
 * The same chunks, each one late: the last is yielded only when the source has ended without a fault. A receiver that
 * knows the length, such as an object store, then never takes a faulty body for a complete one.
 */
export async function* lastHeldBack(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    if (held) yield held;
    held = chunk;
  }
  if (held) yield held;
}
