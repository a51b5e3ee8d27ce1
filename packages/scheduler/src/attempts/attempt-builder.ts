// Builds attempts: everything that a worker needs, with values by reference.

import {
  queueOf,
  type Attempt,
  type AttemptContext,
  type AttemptRuntime,
  type CacheTrust,
  type DagRun,
  type DagVersion,
  type EntrySnapshot,
  type KeyedSurroundings,
  type SerializedTask,
  type TaskInstance,
} from "@memodag/core";
import { referToInputs } from "./attempt-inputs.ts";
import type { DagNode } from "../graph/dag-graph.ts";
import type { NamedArgument } from "../values/instance-argument.ts";
import type { RunResults } from "../values/run-results.ts";

/** The context of an attempt; also what `includeInputs` paths select from. */
export function attemptContext(
  run: DagRun,
  instance: Pick<TaskInstance, "taskId" | "mapIndex" | "tryNumber" | "maxTries">,
  attemptId: string,
): AttemptContext {
  const { dataIntervalStart: start, dataIntervalEnd: end } = run;
  const logicalDate = isoDate(run.logicalDate);
  return {
    dag: { dagId: run.dagId },
    dagRun: { runId: run.runId, runType: run.runType, logicalDate, conf: run.conf },
    task: { taskId: instance.taskId },
    taskInstance: {
      mapIndex: instance.mapIndex,
      tryNumber: instance.tryNumber,
      maxTries: instance.maxTries,
      attemptId,
    },
    params: run.params,
    logicalDate,
    dataInterval:
      start === null || end === null
        ? null
        : { start: new Date(start).toISOString(), end: new Date(end).toISOString() },
  };
}

export interface AttemptParts {
  readonly run: DagRun;
  readonly version: DagVersion;
  readonly node: DagNode;
  readonly instance: TaskInstance;
  readonly attemptId: string;
  readonly args: readonly NamedArgument[];
  readonly declaredContext: readonly string[] | null;
  /** True if the key is shared with other tasks. */
  readonly isShared: boolean;
  readonly declaredEnv: readonly string[] | null;
  readonly declaredFiles: readonly string[] | undefined;
  readonly entries: readonly EntrySnapshot[] | undefined;
  readonly trust: readonly CacheTrust[] | undefined;
  readonly runtime: AttemptRuntime | undefined;
  readonly keyed: KeyedSurroundings | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Returns the attempt, with references to the values that it takes. */
export function buildAttempt(parts: AttemptParts, results: RunResults): Attempt {
  const { run, version, node, instance } = parts;
  return {
    attemptId: parts.attemptId,
    queue: queueOf(node.task),
    ...(node.task.priorityWeight !== 1 && { priority: node.task.priorityWeight }),
    team: run.team,
    dagId: run.dagId,
    runId: run.runId,
    taskId: instance.taskId,
    mapIndex: instance.mapIndex,
    tryNumber: instance.tryNumber,
    file: version.file,
    artifactDigest: version.dag.artifactDigest,
    ...referToInputs(parts.args, results),
    context: attemptContext(run, instance, parts.attemptId),
    declaredContext: parts.declaredContext,
    ...(parts.isShared && { isShared: true as const }),
    declaredEnv: parts.declaredEnv,
    ...(parts.declaredFiles && { declaredFiles: parts.declaredFiles }),
    ...(parts.entries && { entries: parts.entries }),
    ...(parts.trust && { trust: parts.trust }),
    ...(parts.declaredEnv && version.dag.inputs && { inputs: version.dag.inputs }),
    ...(parts.runtime && { runtime: parts.runtime }),
    ...(parts.keyed && { keyed: parts.keyed }),
    executionTimeoutMs: node.task.executionTimeoutMs,
    ...(node.task.memoryBytes !== undefined && { memoryBytes: node.task.memoryBytes }),
    ...(node.task.reuse && { reuse: true, sourceHash: node.task.sourceHash }),
    ...commandOf(node.task),
    ...sensorOf(parts),
    ...(node.task.hitl && { hitl: true }),
  };
}

function sensorOf({ node, instance, now }: AttemptParts): Pick<Attempt, "sensor"> {
  const { sensor } = node.task;
  return sensor ? { sensor: { ...sensor, waitedMs: Math.max(0, now - (instance.waitingSince ?? now)) } } : {};
}

/** Depends on the task alone, not on the attempt's cache mode: a command sees the same with `--no-cache`. */
function commandOf({ command, cache }: SerializedTask): Pick<Attempt, "command"> {
  return command ? { command: { ...command, visibleEnv: cache?.env ?? null } } : {};
}

function isoDate(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
