// The end of an attempt as bytes: a frame as a worker's process sends it, which is checked when it is read.

import type { AttemptOutcome, StoredError } from "@memodag/core";
import {
  areCanonicalJson,
  encodeFrame,
  FrameDecoder,
  fromWorkerFrame,
  toExecutorFrame,
} from "@memodag/executor/frames";

/** Encodes an outcome. */
export function encodeOutcome(outcome: AttemptOutcome): Uint8Array {
  return Buffer.concat(encodeFrame(toExecutorFrame({ kind: "outcome", outcome })));
}

/** Decodes an outcome. One that cannot be read, or has a value that is not canonical JSON, is a failure of its worker. */
export async function decodeOutcome(bytes: Uint8Array): Promise<AttemptOutcome> {
  const outcome = read(bytes);
  if (!outcome) return failed("the end that its worker sent cannot be read");
  const values = outcome.kind === "succeeded" ? outcome.xcoms.map((xcom) => xcom.bytes) : [];
  if (await areCanonicalJson(values)) return outcome;
  return failed("a value that its worker sent is not canonical JSON");
}

function read(bytes: Uint8Array): AttemptOutcome | undefined {
  try {
    const frame = new FrameDecoder().next(bytes);
    const message = frame && fromWorkerFrame(frame);
    return message?.kind === "outcome" ? message.outcome : undefined;
  } catch {
    return undefined;
  }
}

function failed(message: string): AttemptOutcome {
  return { kind: "failed", error: { code: "worker_failed", message }, durationMs: 0, retryable: true };
}

/** The outcome of an attempt that ended without one of its own, as bytes. */
export function encodeFailure(error: StoredError): Uint8Array {
  return encodeOutcome({ kind: "failed", error, durationMs: 0, retryable: true });
}
