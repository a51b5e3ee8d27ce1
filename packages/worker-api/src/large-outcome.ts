// Stores outcomes that are too large to be held whole, part by part as a host sends them.

import { randomUUID } from "node:crypto";
import { inPieces, type RemoteAttemptStore } from "@memodag/core";

const PART_BYTES = 2 ** 20;

/** An attempt, and the host that reports its end. */
export interface EndedAttempt {
  readonly attemptId: string;
  readonly workerId: string;
}

/**
 * Records the end of an attempt with an outcome that is stored as it comes.
 * @throws what the chunks throw; nothing is recorded then
 */
export async function recordInParts(
  attempts: RemoteAttemptStore,
  { attemptId, workerId }: EndedAttempt,
  chunks: AsyncIterable<Uint8Array>,
): Promise<"recorded" | "refused"> {
  const upload = randomUUID();
  try {
    let place = 0;
    for await (const bytes of inPieces(chunks, PART_BYTES)) {
      if (!(await attempts.addOutcomePart(attemptId, workerId, { upload, place, bytes }))) break;
      place += 1;
    }
  } catch (error) {
    // Parts that cannot be removed go with the attempt.
    await attempts.dropOutcomeParts(attemptId, upload).catch(() => undefined);
    throw error;
  }
  // If this rejects, it may have been recorded nevertheless: the parts stay.
  const answer = await attempts.end(attemptId, workerId, { upload });
  await attempts.dropOutcomeParts(attemptId, upload).catch(() => undefined);
  return answer;
}
