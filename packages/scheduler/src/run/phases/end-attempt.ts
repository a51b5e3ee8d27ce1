// Decides the end of an attempt for its instance: success, another attempt, or a final failure.

import {
  RETURN_VALUE,
  type AttemptOutcome,
  type CallbackEvent,
  type SerializedTask,
  type StoredError,
  type TaskInstance,
  type TerminalState,
} from "@memodag/core";
import {
  afterLoss,
  isLostWithScheduler,
  lossError,
  lostTooOften,
  MOST_LOSSES,
} from "../../attempts/lost-attempt.ts";
import type { PlacedSuccess } from "../../attempts/value-intake.ts";
import { retryDelayMs } from "../../attempts/retry-delay.ts";
import { codeChange } from "../../cache/input-change.ts";
import { isOwnFailure } from "../../cache/remembered-failure.ts";
import { isMeantForCache, storeFailed } from "../../cache/store-status.ts";
import type { DagNode } from "../../graph/dag-graph.ts";
import type { Returned } from "../../values/run-results.ts";
import type { StoreJob } from "../state/run-state.ts";

type Succeeded = Extract<AttemptOutcome, { kind: "succeeded" }>;
type Failed = Extract<AttemptOutcome, { kind: "failed" }>;

/** The input for deciding the end of an attempt. */
export interface EndedAttempt {
  readonly node: DagNode;
  readonly row: TaskInstance;
  readonly outcome: AttemptOutcome;
  /** Of a success. */
  readonly placed: PlacedSuccess | null;
  /** Packages, as `name@version`, that the Dag was read with. */
  readonly locked: ReadonlySet<string>;
  /** False for an attempt that started before an upstream task was cleared. */
  readonly isLetRun: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  readonly random: () => number;
}

/** The resulting change of the instance, and its consequences. */
export interface AttemptEnd {
  readonly change: Partial<TaskInstance>;
  /** The callback event that is due. */
  readonly owes?: CallbackEvent;
  readonly settles?: TerminalState;
  /** When the instance continues. */
  readonly waitsUntil?: number;
  /** It runs again as soon as possible. */
  readonly resumes?: boolean;
  readonly stores?: StoreJob;
  /** How often it was lost with its scheduler, if this was such a loss. */
  readonly losses?: number;
}

/** The value that a placed success returned. */
export function returnedOf({ xcoms }: PlacedSuccess, { taskId }: TaskInstance): Returned {
  const returned = xcoms.find(({ key }) => key === RETURN_VALUE);
  if (!returned) throw new Error(`the executor reported a success of "${taskId}" without a return value`);
  return { digest: returned.digest, sizeBytes: returned.bytes.length, store: returned.store };
}

/** Decides the end of an attempt. A function of values. */
export function endAttempt(ended: EndedAttempt): AttemptEnd {
  const { row, outcome, now } = ended;
  if (!isLostWithScheduler(outcome)) return endKnown(ended, outcome);
  const losses = row.losses + 1;
  const error = lossError(row, losses, now, outcome.error.message);
  if (losses < MOST_LOSSES) return { ...runAgain(ended, { losses, error }), losses };
  const end = endKnown(ended, lostTooOften(error));
  return { ...end, change: { losses, ...end.change }, losses };
}

function endKnown(ended: EndedAttempt, outcome: AttemptOutcome): AttemptEnd {
  const { node, row, now, isLetRun } = ended;
  const waits = (until: number) => (isLetRun ? { waitsUntil: until } : {});
  if (outcome.kind === "rescheduled") {
    const retryAt = now + outcome.afterMs;
    const change = { attemptId: null, state: "up_for_reschedule", retryAt, losses: 0 } as const;
    return { change, ...waits(retryAt) };
  }
  const durationMs = now - (row.startedAt ?? now);
  const end = { attemptId: null, waitingSince: null, endedAt: now, durationMs };
  switch (outcome.kind) {
    case "succeeded":
      return succeed(ended, { ...row, ...end }, outcome);
    case "skipped": {
      const error = { code: "task_skipped", message: outcome.reason };
      return { change: { ...end, state: "skipped", error }, settles: "skipped" };
    }
    case "failed": {
      const { error } = outcome;
      if (error.code === "attempt_lost") return runAgain(ended, {});
      if (outcome.retryable && row.tryNumber < row.maxTries) {
        const retryAt = now + retryDelayMs(node.task, row, ended.random);
        return {
          change: { ...end, state: "up_for_retry", retryAt, error },
          owes: "retry",
          ...waits(retryAt),
        };
      }
      if (isSkippedBy(node.task, outcome))
        return { change: { ...end, state: "skipped", error }, settles: "skipped" };
      const stores = failureToStore(ended, { ...row, ...end }, outcome);
      const change = { ...end, state: "failed", error } as const;
      return { change, owes: "failure", settles: "failed", ...(stores && { stores }) };
    }
  }
}

function runAgain({ row, isLetRun }: EndedAttempt, loss: Partial<TaskInstance>): AttemptEnd {
  const change = { ...afterLoss(row), ...loss };
  if (isLetRun) return { change, resumes: true };
  // The cache is asked again about what missed: another run may have stored that result since.
  const isAsked = row.waitingSince === null && row.cacheStatus === "miss";
  return { change: isAsked ? { ...change, state: "none" } : change };
}

function succeed(ended: EndedAttempt, row: TaskInstance, outcome: Succeeded): AttemptEnd {
  const { node, placed, locked } = ended;
  if (!placed) throw new Error("a result is placed before it is decided upon");
  const success = { ...row, state: "success", error: null, losses: 0 } as const;
  const follows = { owes: "success", settles: "success" } as const;
  const config = node.task.cache;
  if (!config || !isMeantForCache(row)) return { change: success, ...follows };
  const readOnly = config.mode === "read" ? ({ code: "read_only" } as const) : null;
  const cacheReason = outcome.uncacheable ?? codeChange(outcome.packages, locked) ?? readOnly;
  if (cacheReason) return { change: { ...success, cacheStatus: "uncacheable", cacheReason }, ...follows };
  if (placed.notPlaced !== null) {
    const failure = { cacheStatus: "put_failure", cacheReason: storeFailed(placed.notPlaced) } as const;
    return { change: { ...success, ...failure }, ...follows };
  }
  const { mapIndex } = row;
  const stores = { node, mapIndex, row, config, xcoms: placed.xcoms, code: outcome, error: null };
  return { change: success, ...follows, stores };
}

/**
 * A final failure is remembered if the author asked for it: only the task's own error, and only if the
 * executor vouches that it depends on nothing but the contents of the key.
 */
function failureToStore({ node, locked }: EndedAttempt, row: TaskInstance, failed: Failed): StoreJob | null {
  const { error, uncacheable, packages, spawnedAt } = failed;
  const config = node.task.cache;
  if (!config || config.errorsTtlMs === null || !isMeantForCache(row)) return null;
  if (!isOwnFailure(error) || uncacheable !== null || !packages || codeChange(packages, locked)) return null;
  const code = { packages, ...(spawnedAt !== undefined && { spawnedAt }) };
  return { node, mapIndex: row.mapIndex, row, config, xcoms: [], code, error };
}

/** True for a final failure that the author wants to count as a skip. */
function isSkippedBy({ sensor, runStep }: SerializedTask, { error, retryable }: Failed): boolean {
  const { code }: StoredError = error;
  if (runStep?.kind === "trigger") return runStep.skipWhenAlreadyExists && code === "dag_run_exists";
  if (runStep) return runStep.softFail && code === "sensor_timeout";
  // As in Airflow: a timeout, and a handler that gives up; any other error of the handler fails it.
  const hasGivenUp = code === "task_failed" && !retryable;
  return sensor?.softFail === true && (hasGivenUp || code === "sensor_timeout" || code === "task_timeout");
}
