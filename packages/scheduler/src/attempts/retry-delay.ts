// How long a failed instance waits for its next attempt.

import { LONGEST_DURATION_MS, type SerializedTask, type TaskInstance } from "@memodag/core";

/** Airflow's: no delay is longer, unless its author said so. */
const LONGEST_DELAY_MS = 86_400_000;

/**
 * Milliseconds until the next attempt. With a backoff it is Airflow's formula: the delay grows by the factor
 * with every failure, and as much again is added at random at most, so that what failed together does not
 * come back together.
 * @param instance whose attempt failed, and is followed by another
 * @param random from 0 to 1, the latter left out
 */
export function retryDelayMs(
  task: Pick<SerializedTask, "retries" | "retryDelayMs" | "retryBackoffFactor" | "maxRetryDelayMs">,
  instance: Pick<TaskInstance, "tryNumber" | "maxTries">,
  random: () => number,
): number {
  const { retryBackoffFactor: factor, maxRetryDelayMs = LONGEST_DURATION_MS } = task;
  // A Dag that was stored before delays had a bound may have any.
  const longestMs = Math.min(maxRetryDelayMs, LONGEST_DURATION_MS);
  if (factor === undefined) return Math.min(task.retryDelayMs, longestMs);
  // Attempts that were lost have numbers too, and are no failures.
  const retriesLeft = instance.maxTries - instance.tryNumber;
  const failures = Math.max(1, task.retries - retriesLeft + 1);
  // A power past the largest number is infinite, and no wait at all, infinitely often, is no number.
  const leastMs = task.retryDelayMs * Math.min(factor ** (failures - 1), Number.MAX_VALUE);
  return Math.round(
    Math.min(leastMs * (1 + random()), task.maxRetryDelayMs === undefined ? LONGEST_DELAY_MS : longestMs),
  );
}
