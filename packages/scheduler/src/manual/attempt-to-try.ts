// Builds an attempt at a task outside of any run: with the inputs that an earlier run left, read and not written.

import {
  MemodagError,
  NOT_SELECTED,
  RETURN_VALUE,
  UNMAPPED,
  UNTOUCHED,
  instanceName,
  type Attempt,
  type AttemptRuntime,
  type DagRun,
  type DagVersion,
  type TaskInstance,
  type XCom,
} from "@memodag/core";
import type { Values } from "@memodag/result-cache";
import { buildAttempt } from "../attempts/attempt-builder.ts";
import { buildDagGraph, type DagNode } from "../graph/dag-graph.ts";
import { resultsTakenBy } from "../graph/earlier-results.ts";
import { argsOfInstance, expandTask, type Expansion } from "../values/expansion.ts";
import { RunResults } from "../values/run-results.ts";
import { ValueWorker } from "../values/value-worker.ts";
import { requireTask } from "../graph/selected-tasks.ts";

/** The task to try, and the run whose values it receives. */
export interface TryParts {
  readonly run: DagRun;
  /** Of the run. */
  readonly instances: readonly TaskInstance[];
  /** Of the run. */
  readonly xcoms: readonly XCom[];
  /** The code to try, which may be newer than the run's. */
  readonly version: DagVersion;
  readonly taskId: string;
  readonly mapIndex: number | undefined;
  readonly values: Pick<Values, "read">;
  readonly attemptId: string;
  /** The runtime of workers. */
  readonly runtime: AttemptRuntime;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/**
 * The attempt, whose inputs are values of the run.
 * @throws MemodagError `task_not_found`; `xcom_not_found` naming the upstream task whose result the run does not
 * have; `usage` for a task without code to run, and for an index that does not fit the task.
 */
export async function attemptToTry(parts: TryParts): Promise<Attempt> {
  const { run, version, taskId } = parts;
  const graph = buildDagGraph(version.dag);
  requireTask(version.dag, taskId);
  const results = new RunResults(run.team, graph, parts.values, new ValueWorker());
  const node = results.nodeOf(taskId);
  if (node.task.runStep) {
    throw new MemodagError(
      "usage",
      `Task "${taskId}" is carried out by the scheduler and has no code to try: choose another task`,
    );
  }
  if (node.task.hitl) {
    throw new MemodagError(
      "usage",
      `Task "${taskId}" waits for an answer from a person, whom a try cannot ask: run the Dag for that`,
    );
  }
  for (const xcom of parts.xcoms) if (graph.indexOf.has(xcom.taskId)) results.load(xcom);
  for (const upstream of graph.nodes) {
    const mapped = parts.instances.filter((row) => row.taskId === upstream.task.taskId && row.mapIndex >= 0);
    if (upstream.isMapped) results.setLength(upstream, mapped.length);
  }
  requireInputs(node, parts);
  const expansion = node.isMapped ? await expandTask(node, results, version.dag.maxMapLength) : undefined;
  const mapIndex = readMapIndex(node, parts.mapIndex, expansion);
  const { cache, command } = node.task;
  const instance = { taskId, mapIndex, tryNumber: 1, maxTries: node.task.retries + 1 };
  return buildAttempt(
    {
      run,
      version,
      node,
      instance: { ...UNTOUCHED, ...instance },
      attemptId: parts.attemptId,
      args: argsOfInstance(node, expansion, mapIndex),
      declaredContext: cache?.includeInputs ?? null,
      isShared: cache?.share !== undefined,
      declaredEnv: cache?.env ?? null,
      declaredFiles: cache?.files,
      entries: undefined,
      trust: cache?.trust,
      keyed: undefined,
      runtime: cache && !command ? parts.runtime : undefined,
      now: parts.now,
    },
    results,
  );
}

/** A task that was skipped hands on `null` in its run as well; of others without a result, a try does not guess. */
function requireInputs(node: DagNode, { run, instances, xcoms }: TryParts): void {
  for (const { taskId: upstreamId, isList } of resultsTakenBy(node.task)) {
    const isReturned = xcoms.some(({ taskId, key }) => taskId === upstreamId && key === RETURN_VALUE);
    if (isReturned) continue;
    const rows = instances.filter((row) => row.taskId === upstreamId);
    const wasSkipped = rows[0]?.state === "skipped" && rows[0].error?.code !== NOT_SELECTED;
    if (wasSkipped && !isList) continue;
    const state = rows[0]?.state ?? "none";
    throw new MemodagError(
      "xcom_not_found",
      `Task "${node.task.taskId}" takes the result of "${upstreamId}", which run ${run.runId} does not have ` +
        `(it is ${state} there): name a run in which "${upstreamId}" succeeded`,
      { fields: { dagId: run.dagId, runId: run.runId, taskId: upstreamId } },
    );
  }
}

function readMapIndex(
  { task: { taskId } }: DagNode,
  mapIndex: number | undefined,
  expansion: Expansion | undefined,
): number {
  if (!expansion) {
    if (mapIndex === undefined) return UNMAPPED;
    throw new MemodagError("usage", `Task "${taskId}" is not mapped: remove --map-index`);
  }
  const { count } = expansion;
  if (mapIndex !== undefined && mapIndex < count) return mapIndex;
  throw new MemodagError(
    "usage",
    count === 0
      ? `Task "${taskId}" has no instances with the values of this run: its list is empty`
      : `${mapIndex === undefined ? `Task "${taskId}" is mapped` : `There is no ${instanceName(taskId, mapIndex)}`}: ` +
          `choose an instance with --map-index, from 0 to ${count - 1}`,
  );
}
