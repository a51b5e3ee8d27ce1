// Reads a body to store, and refuses one that is not what its writer said.

import { open } from "node:fs/promises";
import type { ByteBody, ByteCheck } from "@memodag/core";
import { BodyCheck } from "./body-check.ts";

/** Bytes of a chunk, at most, where this file cuts them. */
const CHUNK_BYTES = 2 ** 20;

/**
 * The body in chunks. Throws after the last one when the body was not as `check` says, so what has been taken
 * until then must not become visible before this has ended.
 * @throws MemodagError `bytes_refused`; the signal's reason; what the body's stream fails with
 */
export async function* checkedChunks(
  body: ByteBody,
  check: ByteCheck,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  signal?.throwIfAborted();
  const checking = new BodyCheck(check);
  for await (const chunk of chunksOf(body, signal)) {
    signal?.throwIfAborted();
    checking.take(chunk);
    yield chunk;
  }
  checking.end();
}

/** All bytes of a stream together. */
export async function collectBytes(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** A stream of what an iterable yields, taken only as fast as it is read. */
export function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  );
}

function chunksOf(body: ByteBody, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) return slicesOf(body);
  if (body instanceof ReadableStream) {
    // A stream that hangs would otherwise be waited for after the signal.
    return signal ? body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal }) : body;
  }
  return chunksOfFile(body.file);
}

/** Reads a chunk ahead: the disk works while the one before is used. Each chunk has a buffer of its own. */
async function* chunksOfFile(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  const read = () => file.read(Buffer.allocUnsafeSlow(CHUNK_BYTES));
  let reading = read();
  try {
    for (;;) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0) return;
      reading = read();
      // Awaited with the next chunk.
      reading.catch(() => undefined);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await reading.catch(() => undefined);
    await file.close();
  }
}

async function* slicesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) yield bytes.subarray(from, from + CHUNK_BYTES);
}
