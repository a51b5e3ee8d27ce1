// Which hits are compared with a run, because their keys rest on what authors vouch for. Functions of values.

import {
  sha256,
  type DagRun,
  type Digest,
  type SerializedCacheConfig,
  type SerializedDag,
  type TaskInstanceId,
} from "@memodag/core";

/** The highest number of {@link numberOf}, plus one. */
const NUMBERS = 2 ** 48;

/** A hit that may be rechecked. */
export interface RecheckedHit {
  readonly key: Digest;
  readonly runId: string;
  readonly taskId: string;
  readonly dag: Pick<SerializedDag, "transactions">;
  readonly share: number;
}

/**
 * True if a hit is to be run and compared. Every scheduler and every pass decides alike: by key and run. Members of
 * transactions never are: their effects belong together.
 * @param share of the hits under weakened keys, from 0 to 1
 */
export function isRechecked(
  config: SerializedCacheConfig,
  { key, runId, taskId, dag, share }: RecheckedHit,
): boolean {
  if (share <= 0 || !isWeakened(config) || numberOf(key, runId) >= share * NUMBERS) return false;
  return !dag.transactions?.some(({ taskIds }) => taskIds.includes(taskId));
}

/**
 * The share of a task's hits that run and are compared; for one instance it is 0 or 1 if the run asks for a number of them.
 * @param count the number of instances of the task
 * @param configured the deployment's share
 */
export function recheckShareOf(
  { runId, cacheLimits: { recheck, recheckTask } = {} }: Pick<DagRun, "runId" | "cacheLimits">,
  { taskId, mapIndex }: TaskInstanceId,
  count: number,
  configured: number,
): number {
  if (!recheckTask) return recheck ?? configured;
  const { most } = recheckTask;
  if (taskId !== recheckTask.taskId) return 0;
  if (most >= count) return 1;
  // Evenly, and others in each run.
  const at = (mapIndex + (numberOf(sha256(taskId), runId) % count)) % count;
  return Math.floor(((at + 1) * most) / count) - Math.floor((at * most) / count);
}

/** True if a part of what the result depends on is left out of the key by its author. A task that only reads stores nothing. */
export function isWeakened({
  excludeInputs,
  projections,
  ignoreSource,
  share,
  key,
  mode,
}: SerializedCacheConfig): boolean {
  if (mode === "read") return false;
  return excludeInputs.length > 0 || Boolean(projections ?? ignoreSource ?? share ?? key);
}

function numberOf(key: Digest, runId: string): number {
  return parseInt(sha256(["memodag recheck v1", key, runId].join("\n")).slice(0, 12), 16);
}
