// The end of an attempt as bytes: a frame as a worker's process sends it, which is checked when it is read.

import type { AttemptOutcome, StoredError } from "@memodag/core";
import { encodeFrame, FrameDecoder, fromWorkerFrame, toExecutorFrame } from "@memodag/executor/frames";

/** Encodes an outcome. */
export function encodeOutcome(outcome: AttemptOutcome): Uint8Array {
  return Buffer.concat(encodeFrame(toExecutorFrame({ kind: "outcome", outcome })));
}

/** Decodes an outcome. Returns `undefined` if it is none. */
export function decodeOutcome(bytes: Uint8Array): AttemptOutcome | undefined {
  try {
    const frame = new FrameDecoder().next(bytes);
    const message = frame && fromWorkerFrame(frame);
    return message?.kind === "outcome" ? message.outcome : undefined;
  } catch {
    return undefined;
  }
}

/** The outcome of an attempt that ended without one of its own, as bytes. */
export function encodeFailure(error: StoredError): Uint8Array {
  return encodeOutcome({ kind: "failed", error, durationMs: 0, retryable: true });
}
