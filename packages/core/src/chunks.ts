// Splits long lists.

/** Yields the items in order, in lists of `size` and a shorter last one. */
export function* chunksOf<T>(items: readonly T[], size: number): Generator<readonly T[], void> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

/** The same bytes in pieces of `pieceBytes`, the last one excepted, which may be shorter. */
export async function* inPieces(
  chunks: AsyncIterable<Uint8Array>,
  pieceBytes: number,
): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (let chunk of chunks) {
    while (size + chunk.length >= pieceBytes) {
      const room = pieceBytes - size;
      yield Buffer.concat([...waiting, chunk.subarray(0, room)]);
      chunk = chunk.subarray(room);
      [waiting, size] = [[], 0];
    }
    if (chunk.length === 0) continue;
    waiting.push(chunk);
    size += chunk.length;
  }
  if (size > 0) yield Buffer.concat(waiting);
}
