// Reads files, as a stream or on the way into another file, whose bytes are then checked.

import { open, type FileHandle } from "node:fs/promises";
import type { ByteCheck } from "@memodag/core";
import { BodyCheck } from "../bytes/body-check.ts";

const CHUNK_BYTES = 1024 * 1024;

/** The bytes of an open file, which the stream closes. It reads one chunk ahead of its reader. */
export function streamOfFile(file: FileHandle, signal?: AbortSignal): ReadableStream<Uint8Array> {
  const read = async (): Promise<Uint8Array> => {
    // Its reader keeps it.
    const room = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const { bytesRead } = await file.read(room);
    return room.subarray(0, bytesRead);
  };
  let ahead: Promise<Uint8Array> | undefined;
  const close = async (): Promise<void> => {
    await ahead?.catch(() => undefined);
    await file.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          signal?.throwIfAborted();
          const chunk = await (ahead ?? read());
          if (chunk.length > 0) {
            ahead = read();
            ahead.catch(() => undefined);
            controller.enqueue(chunk);
            return;
          }
        } catch (error) {
          await close();
          throw error;
        }
        await close();
        controller.close();
      },
      cancel: close,
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  );
}

/**
 * Copies a file into an open one. A chunk is hashed here while the system writes it and reads the next one, so that
 * the copy takes hardly longer than one without a check. Not for bytes of others, which might change them meanwhile.
 * @throws MemodagError `bytes_refused`; the signal's reason
 */
export async function copyChecked(
  from: string,
  to: FileHandle,
  check: ByteCheck,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const checking = new BodyCheck(check);
  const source = await open(from, "r");
  try {
    const room = Math.min(CHUNK_BYTES, check.sizeBytes + 1);
    let [current, next] = [Buffer.allocUnsafe(room), Buffer.allocUnsafe(room)];
    for (let { bytesRead } = await source.read(current); bytesRead > 0; [current, next] = [next, current]) {
      signal?.throwIfAborted();
      const chunk = current.subarray(0, bytesRead);
      const moving = Promise.all([to.writeFile(chunk), source.read(next)]);
      // Awaited in any case: no buffer may be in use when this has ended.
      moving.catch(() => undefined);
      try {
        checking.take(chunk);
      } finally {
        [, { bytesRead }] = await moving;
      }
    }
    checking.end();
  } finally {
    await source.close();
  }
}
