// Serializes a declared Dag.

import {
  SERIALIZED_DAG_FORMAT,
  sha256,
  type PackageVersion,
  type SerializedDag,
  type SerializedTask,
} from "@memodag/core";
import type { Dag } from "../authoring/dag.ts";
import { dagInvalid } from "../authoring/dag-fault.ts";
import type { DagState, TaskDeclaration } from "../authoring/dag-state.ts";
import { serializeParams } from "../authoring/params.ts";
import { approvalBranches } from "./approval-branches.ts";
import { findCachedTransaction, memberCache } from "./cached-transactions.ts";
import { getState } from "./list-handlers.ts";
import { resolveEdges, type Upstreams } from "./resolve-edges.ts";
import { serializeBranches } from "./serialize-branches.ts";
import { serializeTransactions } from "./serialize-transactions.ts";
import { topologicalOrder } from "./topological-order.ts";

/** The code of a Dag. */
export interface DagSource {
  readonly artifactDigest: string;
  /** Digest of the code that each task can reach, by task id. */
  readonly sourceHashes: ReadonlyMap<string, string>;
  /** Digest of the code that the key function of a task can reach, by task id. */
  readonly keyHashes?: ReadonlyMap<string, string>;
  /** Every package that the artifact can load. Default: none. */
  readonly packages?: readonly PackageVersion[];
}

/**
 * Serializes a Dag. The result depends only on the declarations, not on the order in which options
 * and edges were written.
 * @throws MemodagError `dag_invalid` for a task that was never called, a cycle, and an invalid
 * branch.
 */
export function serializeDag(
  dag: Dag,
  { artifactDigest, sourceHashes, keyHashes = new Map(), packages = [] }: DagSource,
): SerializedDag {
  const state = getState(dag);
  requireAllTasks(state);
  const upstreams = resolveEdges(state);
  const branches = new Map([...serializeBranches(state), ...approvalBranches(state, upstreams)]);
  const tasks = topologicalOrder(state, upstreams).map((task) => {
    const branch = branches.get(task.taskId);
    return {
      ...serializeTask(state, task, upstreams, { sourceHashes, keyHashes }),
      ...(branch && { branch }),
    };
  });
  const transactions = serializeTransactions(state, upstreams, branches);
  const { dagId } = state;
  const { defaultArgs: _applied, params, confSchema, ...settings } = state.settings;
  return {
    format: SERIALIZED_DAG_FORMAT,
    dagId,
    ...settings,
    ...serializeParams({ dagId }, params, confSchema),
    artifactDigest,
    packages,
    tasks,
    ...(transactions.length > 0 && { transactions }),
  };
}

/** A Dag without some of its tasks would run, and be wrong: the file must not load. */
function requireAllTasks({ dagId, tasks, taskCount }: DagState): void {
  if (tasks.size === taskCount) return;
  throw dagInvalid(
    { dagId },
    {
      problem: `${taskCount - tasks.size} of its ${taskCount} tasks were lost, because the file or a package replaced methods of Map`,
      fix: "leave the language's own objects as they are while the file is loaded",
    },
  );
}

/** The source hash of a task without code. */
const NO_SOURCE = sha256("");

function serializeTask(
  { dagId }: DagState,
  task: TaskDeclaration,
  upstreams: Upstreams,
  { sourceHashes, keyHashes }: Required<Pick<DagSource, "sourceHashes" | "keyHashes">>,
): SerializedTask {
  const { taskId, placement, command, sensor, runStep, hitl } = task;
  const { callbacks, hasNoInputs: _checked, keyFunction: _code, ...settings } = task.settings;
  if (!placement) {
    throw dagInvalid(
      { dagId, taskId },
      {
        problem: "it is never called",
        fix: `call the factory that dag.${methodOf(task)}() returned once, or remove the task`,
      },
    );
  }
  // A step that the scheduler carries out itself has no code, and a person's answer is not cached.
  const sourceHash = runStep || hitl ? NO_SOURCE : sourceHashes.get(taskId);
  if (sourceHash === undefined) throw new TypeError(`no source hash for task ${taskId}`);
  const around = findCachedTransaction(task.group);
  const cache = around ? memberCache(settings.cache, around.cache) : settings.cache;
  const key = cache?.key && { ...cache.key, sourceHash: keyHashes.get(taskId) };
  if (key && key.sourceHash === undefined)
    throw new TypeError(`no source hash for the key function of ${taskId}`);
  return {
    taskId,
    ...placement,
    upstream: [...(upstreams.get(taskId) ?? [])].sort(),
    ...settings,
    cache: cache && key ? { ...cache, key: { ...key, sourceHash: key.sourceHash ?? "" } } : cache,
    sourceHash,
    ...(command && { command: { ...command, files: [] } }),
    ...(sensor && { sensor }),
    ...(hitl && { hitl: { params: hitl.params } }),
    ...(runStep && { runStep }),
    ...(callbacks && { callbacks: [...callbacks.keys()].sort() }),
  };
}

/** Returns the method that declared a task, for messages. */
function methodOf({ command, sensor, hitl }: TaskDeclaration): string {
  if (hitl) return "task";
  if (command) return "command";
  return sensor ? "sensor" : "task";
}
