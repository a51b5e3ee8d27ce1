// Computes how long a failed instance waits before its next attempt.

import { LONGEST_DURATION_MS, type SerializedTask, type TaskInstance } from "@memodag/core";

/** As in Airflow: the longest delay, unless the author sets another. */
const LONGEST_DELAY_MS = 86_400_000;

/**
 * Milliseconds until the next attempt. With a backoff factor, this is Airflow's formula: the delay is
 * multiplied by the factor for every failure, and up to as much again is added at random, so that instances
 * that failed together do not retry together.
 * @param instance whose attempt failed and will be retried
 * @param random from 0 (inclusive) to 1 (exclusive)
 */
export function retryDelayMs(
  task: Pick<SerializedTask, "retries" | "retryDelayMs" | "retryBackoffFactor" | "maxRetryDelayMs">,
  instance: Pick<TaskInstance, "tryNumber" | "maxTries">,
  random: () => number,
): number {
  const { retryBackoffFactor: factor, maxRetryDelayMs = LONGEST_DURATION_MS } = task;
  // Dags stored by earlier versions may have unbounded delays.
  const longestMs = Math.min(maxRetryDelayMs, LONGEST_DURATION_MS);
  if (factor === undefined) return Math.min(task.retryDelayMs, longestMs);
  // Lost attempts also have numbers, but are not failures.
  const retriesLeft = instance.maxTries - instance.tryNumber;
  const failures = Math.max(1, task.retries - retriesLeft + 1);
  // An overflowing power is Infinity; a delay of 0 times Infinity is NaN.
  const leastMs = task.retryDelayMs * Math.min(factor ** (failures - 1), Number.MAX_VALUE);
  return Math.round(
    Math.min(leastMs * (1 + random()), task.maxRetryDelayMs === undefined ? LONGEST_DELAY_MS : longestMs),
  );
}
