// Cuts a stream of bytes into the pieces that rows hold.

/** Bytes of a piece, at most. */
export const PIECE_BYTES: number = 2 ** 20;

/** The same bytes in pieces of one size, the last one excepted. */
export async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (let chunk of chunks) {
    while (size + chunk.length >= PIECE_BYTES) {
      const room = PIECE_BYTES - size;
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
