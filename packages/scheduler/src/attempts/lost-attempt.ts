// What an attempt that was lost with its scheduler makes of its instance: another attempt, a few times.
//
// A task may be what takes the scheduler or the machine down, by its memory for example. What ended for
// another reason that says nothing of the task, such as a scheduler that was stopped, is not counted.

import { formatDuration, type AttemptOutcome, type StoredError, type TaskInstance } from "@memodag/core";

/** After so many losses in a row each one is a failure of the task's, which costs a try. */
export const MOST_LOSSES = 3;

/** Of an attempt whose row says that it is under way, and that is with no executor any more. */
export const LOST_WITH_SCHEDULER: Extract<AttemptOutcome, { kind: "failed" }> = {
  kind: "failed",
  error: { code: "worker_lost", message: "the attempt was lost with its scheduler" },
  durationMs: 0,
  retryable: true,
};

/** What ends an attempt whose instance was cleared, or given a state, while it ran. */
export const CLEARED: StoredError = {
  code: "attempt_lost",
  message: "its task was cleared or its state set by hand, so that nobody waits for it any more",
};

/** True for an outcome that is {@link LOST_WITH_SCHEDULER}. */
export function isLostWithScheduler(outcome: AttemptOutcome): boolean {
  return outcome.kind === "failed" && outcome.error.code === LOST_WITH_SCHEDULER.error.code;
}

/** What the instance shows after so many losses. */
export function lossError({ tryNumber, startedAt }: TaskInstance, losses: number, now: number): StoredError {
  const ran =
    startedAt === null ? "" : `, which began ${formatDuration(Math.max(0, now - startedAt))} earlier`;
  const what = `attempt ${tryNumber}${ran}, was lost with its scheduler`;
  const message =
    losses < MOST_LOSSES
      ? `${what} (${losses} of ${MOST_LOSSES}) and runs again`
      : `${what}, as were those before it (${losses} in a row): see whether the task takes too much memory ` +
        "or ends processes that are not its own, and run it again with `memodag tasks clear`";
  return { code: LOST_WITH_SCHEDULER.error.code, message };
}

/** The failure of an instance that was lost too often. */
export function lostTooOften(error: StoredError): AttemptOutcome {
  return { ...LOST_WITH_SCHEDULER, error };
}

/**
 * Lost, not failed: the next attempt has a number of its own and costs the author no retry. What waits goes
 * on with the try that it began, whose time runs.
 */
export function afterLoss(row: TaskInstance): Partial<TaskInstance> {
  const again = { state: "scheduled", attemptId: null, startedAt: null } as const;
  return row.waitingSince === null ? { ...again, maxTries: row.maxTries + 1 } : again;
}
