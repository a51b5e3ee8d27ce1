// Brings the end of an attempt to the API.

import { messageOf, type AttemptOutcome, type StoredError } from "@memodag/core";
import { encodeFrame, toExecutorFrame } from "@memodag/executor/frames";
import { FRAME_TYPE } from "@memodag/worker-api/protocol";
import { ApiRefusal } from "./api-client.ts";
import type { HostParts } from "./host-parts.ts";
import { persist } from "./persist.ts";

/** Sending a large value takes a while. */
const TIMEOUT_MS = 120_000;

/** Repeats it until it is recorded or refused, or it is over. Never rejects. */
export async function reportEnd(
  { client, clock, log }: Pick<HostParts, "client" | "clock" | "log">,
  attemptId: string,
  outcome: AttemptOutcome,
  isOver: () => boolean,
): Promise<void> {
  const body = encodeFrame(toExecutorFrame({ kind: "outcome", outcome }));
  const request = {
    route: "outcome",
    id: attemptId,
    body,
    contentType: FRAME_TYPE,
    timeoutMs: TIMEOUT_MS,
  } as const;
  let isTold = false;
  try {
    await persist(() => client.send(request), {
      clock,
      isOver,
      onAway: (error) => {
        if (!isTold)
          log.warn("the end of an attempt is kept until the worker API answers", { error: error.message });
        isTold = true;
      },
    });
  } catch (error) {
    log.warn("the end of an attempt was not recorded", { attemptId, error: messageOf(error) });
    const isInvalid =
      error instanceof ApiRefusal && error.status !== 410 && error.code === "worker_request_invalid";
    if (!isInvalid || outcome.kind === "failed") return;
    const message = `The worker API refused the result: ${error.message}`;
    await reportEnd(
      { client, clock, log },
      attemptId,
      failedOutcome({ code: "worker_failed", message }),
      isOver,
    );
  }
}

/** The outcome of an attempt that ended without one of its own. */
export function failedOutcome(error: StoredError): AttemptOutcome {
  return { kind: "failed", error, durationMs: 0, retryable: true };
}
