// Decides how an instance continues when its attempt was lost with its scheduler or its worker host: it is attempted
// again, a few times.
//
// The task itself may have brought down the scheduler or the machine, for example by using too much memory.
// Attempts that ended for reasons unrelated to the task, such as a scheduler that was stopped, do not count.

import { formatDuration, type AttemptOutcome, type StoredError, type TaskInstance } from "@memodag/core";

/** After this many consecutive losses, each further loss is a failure of the task and uses up a try. */
export const MOST_LOSSES = 3;

/** The outcome of an attempt whose row says that it is running, but which no executor has any more. */
export const LOST_WITH_SCHEDULER: Extract<AttemptOutcome, { kind: "failed" }> = {
  kind: "failed",
  error: { code: "worker_lost", message: "the attempt was lost with its scheduler" },
  durationMs: 0,
  retryable: true,
};

/** The error of an attempt whose instance was cleared or marked while it ran. */
export const CLEARED: StoredError = {
  code: "attempt_lost",
  message: "cancelled: its task was cleared or its state was set manually",
};

/** True for an outcome that is {@link LOST_WITH_SCHEDULER}. */
export function isLostWithScheduler(
  outcome: AttemptOutcome,
): outcome is Extract<AttemptOutcome, { kind: "failed" }> {
  return outcome.kind === "failed" && outcome.error.code === LOST_WITH_SCHEDULER.error.code;
}

/** The error that an instance shows after that many losses. */
export function lossError(
  { tryNumber, startedAt }: TaskInstance,
  losses: number,
  now: number,
  message: string = LOST_WITH_SCHEDULER.error.message,
): StoredError {
  const ran =
    startedAt === null ? "" : `, which began ${formatDuration(Math.max(0, now - startedAt))} earlier`;
  const what = `attempt ${tryNumber}${ran}, was ${howLost(message)}`;
  const advice =
    startedAt === null
      ? "fix why it could not begin"
      : "check whether the task uses too much memory or kills other processes";
  const text =
    losses < MOST_LOSSES
      ? `${what} (${losses} of ${MOST_LOSSES}) and runs again`
      : `${what}, as were the attempts before it (${losses} in a row): ${advice}, then run it again with \`memodag tasks clear\``;
  return { code: LOST_WITH_SCHEDULER.error.code, message: text };
}

/** Of a message such as "the attempt was lost with its worker host". */
function howLost(message: string): string {
  return /^the attempt was (lost .*)$/s.exec(message)?.[1] ?? `lost: ${message}`;
}

/** The failure of an instance whose attempts were lost too often. */
export function lostTooOften(error: StoredError): AttemptOutcome {
  return { ...LOST_WITH_SCHEDULER, error };
}

/**
 * Lost, not failed: the next attempt has its own number and does not use up a retry. A sensor that waits
 * continues its current try, whose timeout keeps running.
 */
export function afterLoss(row: TaskInstance): Partial<TaskInstance> {
  const again = { state: "scheduled", attemptId: null, startedAt: null } as const;
  return row.waitingSince === null ? { ...again, maxTries: row.maxTries + 1 } : again;
}
