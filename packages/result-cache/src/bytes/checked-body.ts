// Reads a body to store, and refuses one that is not what its writer said.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { MemodagError, type ByteBody, type ByteCheck } from "@memodag/core";

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
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of chunksOf(body, signal)) {
    signal?.throwIfAborted();
    sizeBytes += chunk.length;
    if (sizeBytes > check.sizeBytes) throw refused(`more than the ${check.sizeBytes} bytes announced`, check);
    hash.update(chunk);
    yield chunk;
  }
  if (sizeBytes !== check.sizeBytes)
    throw refused(`${sizeBytes} bytes, not the ${check.sizeBytes} announced`, check);
  const digest = hash.digest("hex");
  if (digest !== check.sha256) throw refused(`bytes of sha256 ${digest}, not ${check.sha256}`, check);
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
  return createReadStream(body.file, { highWaterMark: CHUNK_BYTES, ...(signal && { signal }) });
}

async function* slicesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) yield bytes.subarray(from, from + CHUNK_BYTES);
}

function refused(found: string, { sizeBytes, sha256 }: ByteCheck): MemodagError {
  return new MemodagError(
    "bytes_refused",
    `The body to store has ${found}: nothing was stored. Write it again from a source that does not change`,
    { fields: { sizeBytes, sha256 } },
  );
}
