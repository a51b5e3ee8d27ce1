// Hands the body of an answer on as a web stream, with little work for each chunk.

import type { Readable } from "node:stream";

/** Bytes that are read ahead of the reader, at most one chunk more. */
const AHEAD_BYTES = 256 * 1024;

/**
 * A web stream of a body, which is destroyed when the stream is cancelled.
 * @param toFailure makes the error that the stream fails with
 */
export function streamOfBody(
  body: Readable,
  toFailure: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  let isOpen = true;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const fail = (error: unknown): void => {
          if (isOpen) controller.error(toFailure(error));
          isOpen = false;
        };
        body.on("data", (chunk: Uint8Array) => {
          if (!isOpen) return;
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) body.pause();
        });
        body.once("end", () => {
          if (isOpen) controller.close();
          isOpen = false;
        });
        body.on("error", fail);
        body.once("close", () =>
          fail(Object.assign(new Error("the body ended early"), { code: "ECONNRESET" })),
        );
        body.pause();
      },
      pull() {
        body.resume();
      },
      cancel() {
        isOpen = false;
        body.destroy();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: AHEAD_BYTES }),
  );
}
