// The outcome of an attempt that a scheduler ended as lost.

import { encodeFrame, toExecutorFrame } from "@memodag/executor/frames";

/** Returns it as bytes. */
export function encodeLost(): Uint8Array {
  const error = { code: "attempt_lost", message: "lost" };
  const outcome = { kind: "failed", error, durationMs: 0, retryable: true } as const;
  return Buffer.concat(encodeFrame(toExecutorFrame({ kind: "outcome", outcome })));
}
