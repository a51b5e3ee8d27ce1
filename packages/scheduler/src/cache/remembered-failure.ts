// Decides which failures are remembered, and describes one that replaces a run.

import { formatDuration, type ErrorCode, type Reason, type StoredError } from "@memodag/core";
import type { FoundRecord } from "@memodag/result-cache";

/** The reason of an instance that failed by a remembered failure, or that stored one. */
export const STORED_FAILURE: Reason = { code: "stored_failure" };

/**
 * Failures that a handler causes itself, given its code and its inputs. A timeout, a kill, an exit, a lost
 * attempt or a worker that could not start depends on the moment and the machine, and may not happen again.
 */
const OWN_FAILURES: ReadonlySet<string> = new Set<ErrorCode>([
  "task_failed",
  "value_not_json",
  "value_too_large",
  "xcom_key_invalid",
  "xcom_too_large",
]);

/**
 * True when the error is the task's own, so that another run with the same key would fail in the same way.
 */
export function isOwnFailure({ code }: StoredError): boolean {
  return OWN_FAILURES.has(code);
}

/** The error of an instance that did not run because its key has failed before. */
export function rememberedError(record: FoundRecord, error: StoredError): StoredError {
  const age = formatDuration(record.ageMs);
  return {
    code: error.code,
    message:
      `${error.message} (remembered from run ${record.producer.runId}, ${age} ago: ` +
      "to try again, run with --no-cached-errors or clear the task)",
  };
}
