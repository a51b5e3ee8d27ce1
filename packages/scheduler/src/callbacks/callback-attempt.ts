// The attempt that calls a callback, which a worker runs like any other.

import { DEFAULT_QUEUE, queueOf, type Attempt, type DagVersion, type OwedCallback } from "@memodag/core";
import { attemptContext } from "../attempts/attempt-builder.ts";

/** Builds the attempt; its log continues that of the task's attempt. */
export function callbackAttempt(
  { run, instance, report, returned }: OwedCallback,
  version: DagVersion,
  { attemptId, timeoutMs }: { readonly attemptId: string; readonly timeoutMs: number },
): Attempt {
  const { taskId, mapIndex, tryNumber } = instance;
  return {
    attemptId,
    queue: callbackQueue(version, taskId),
    team: run.team,
    dagId: run.dagId,
    runId: run.runId,
    taskId,
    mapIndex,
    tryNumber,
    file: version.file,
    artifactDigest: version.dag.artifactDigest,
    ...argumentsOf(taskId, returned),
    context: attemptContext(run, instance, attemptId),
    declaredContext: null,
    declaredEnv: null,
    executionTimeoutMs: timeoutMs,
    callback: report,
  };
}

/** A callback runs where its task does: workers of other queues may lack what it needs. */
function callbackQueue({ dag }: DagVersion, taskId: string): string {
  const task = dag.tasks.find((one) => one.taskId === taskId);
  return task ? queueOf(task) : DEFAULT_QUEUE;
}

/** Returns the arguments that give a callback what the task returned. */
function argumentsOf(taskId: string, returned: OwedCallback["returned"]): Pick<Attempt, "args" | "results"> {
  if (!returned) return { args: [], results: [] };
  return {
    args: [["returned", { kind: "result", taskId, path: [] }]],
    results: [[taskId, { kind: "single", ref: returned }]],
  };
}
