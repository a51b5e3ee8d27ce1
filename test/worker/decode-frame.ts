// Reads the outcome that a frame holds.

import type { AttemptOutcome } from "@memodag/core";
import { FrameDecoder, fromWorkerFrame } from "@memodag/executor/frames";

/** Returns the outcome. @throws Error if the bytes are something else */
export function decodeFrame(bytes: Uint8Array): AttemptOutcome {
  const frame = new FrameDecoder().next(bytes);
  const message = frame && fromWorkerFrame(frame);
  if (message?.kind !== "outcome") throw new Error("the bytes are not an outcome");
  return message.outcome;
}
