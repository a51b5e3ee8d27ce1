// Decides whether an instance asks the cache, and makes its key.

import {
  isOwnFault,
  MemodagError,
  type DagRun,
  type EntrySnapshot,
  type KeyAnswer,
  type Reason,
  type SerializedCacheConfig,
  type SerializedDag,
  type TaskInstance,
  type TaskSurroundings,
} from "@memodag/core";
import type { KeyedInstance } from "./cache-answer.ts";
import { keyFault } from "./key-question.ts";
import { cacheIntent, projectionOf, unfollowedReason, type KnownSurroundings } from "./cache-intent.ts";
import { MadeKey } from "./made-key.ts";
import { isRechecked } from "./recheck.ts";
import type { ReadyInstance } from "../graph/ready-instance.ts";
import type { NamedArgument } from "../values/instance-argument.ts";
import type { RunResults } from "../values/run-results.ts";

/** An outcome without the cache, or a question for it. */
export type Evaluated =
  | (ReadyInstance & {
      readonly kind: "decided";
      readonly change: Partial<TaskInstance>;
      readonly made?: MadeKey | undefined;
    })
  | (KeyedInstance & { readonly kind: "ask" });

/** The inputs of an evaluation. */
export interface ReadyOrder extends ReadyInstance {
  readonly run: DagRun;
  readonly dag: SerializedDag;
  readonly row: TaskInstance | undefined;
  readonly args: readonly NamedArgument[];
  /** Why caching is off; `null`: it is on. */
  readonly offReason: string | null;
  /** The surroundings of the task, possibly still being determined. */
  readonly surroundings: TaskSurroundings | Promise<TaskSurroundings> | undefined;
  /** The entries that the task declares to read, possibly still being listed. */
  readonly entries: readonly EntrySnapshot[] | Promise<readonly EntrySnapshot[]> | undefined;
  /** The answer of the task's key function. */
  readonly keyAnswer?: KeyAnswer | undefined;
  /** The environment that workers will see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Total bytes of the arguments above which an instance is not cached. */
  readonly maxInputSize: number;
  /** The same for arguments of which only fields are in the key. */
  readonly maxProjectedSize: number;
  /** The share of hits under weakened keys that run and are compared, from 0 to 1. */
  readonly recheckShare: number;
  /** Milliseconds; `null`: never expires. */
  readonly defaultTtlMs: number | null;
}

/** Evaluates one instance; reads the values whose digests are not known. */
export async function evaluate(order: ReadyOrder, results: RunResults): Promise<Evaluated> {
  const { node, mapIndex, run, dag } = order;
  const { task } = node;
  const decided = (change: Partial<TaskInstance>, made?: MadeKey): Evaluated => ({
    node,
    mapIndex,
    kind: "decided",
    change,
    made,
  });
  const uncacheable = (cacheReason: Reason) => decided({ cacheStatus: "uncacheable", cacheReason });
  const intent = cacheIntent(dag, task, run, order.offReason);
  if (intent.kind === "off") return decided({ cacheStatus: "disabled", cacheReason: intent.reason });
  const unfollowed = unfollowedReason(task);
  if (unfollowed) return uncacheable(unfollowed);
  const tooLarge = inputTooLarge(order, intent.config, results);
  if (tooLarge) return uncacheable(tooLarge);
  const fault = intent.config.key ? keyFault(order.keyAnswer) : null;
  if (fault) return uncacheable(fault);
  // Most are known immediately, and awaiting each of them would be costly in a wide Dag.
  const { surroundings: around } = order;
  const surroundings = around instanceof Promise ? await around : around;
  if (surroundings?.kind !== "known")
    return uncacheable(surroundings?.reason ?? { code: "surroundings_unknown" });
  const { config } = intent;
  try {
    const made = await makeKey(order, config, surroundings, results);
    const refreshReason = intent.kind === "refresh" ? intent.reason : refreshReasonOf(order.row);
    const { key } = made;
    if (refreshReason)
      return decided({ cacheStatus: "skipped", cacheReason: refreshReason, cacheKey: key }, made);
    const ttlMs = config.ttlMs === "default" ? order.defaultTtlMs : config.ttlMs;
    const { errorsTtlMs } = config;
    const share = order.recheckShare;
    const asked = {
      ttlMs,
      errorsTtlMs,
      isRechecked: isRechecked(config, { key, runId: run.runId, taskId: task.taskId, dag, share }),
    };
    return { node, mapIndex, kind: "ask", key, made, ...asked, limits: run.cacheLimits };
  } catch (error) {
    if (!isOwnFault(error)) throw error;
    // An instance that cannot be keyed exactly is not cached: there are no partial keys.
    return uncacheable({ code: "key_failed", detail: { errorCode: error.code, what: error.message } });
  }
}

/** Why the arguments are too large for a key; `null`: they are not. */
export function inputTooLarge(
  { args, maxInputSize, maxProjectedSize }: Pick<ReadyOrder, "args" | "maxInputSize" | "maxProjectedSize">,
  config: SerializedCacheConfig,
  results: RunResults,
): Reason | null {
  let sizeBytes = 0;
  let projectedBytes = 0;
  for (const [name, template] of args) {
    const size = results.sizeOf(template);
    if (projectionOf(config, name)) projectedBytes += size;
    else sizeBytes += size;
  }
  if (sizeBytes > maxInputSize)
    return { code: "input_too_large", detail: { sizeBytes, limitBytes: maxInputSize } };
  if (projectedBytes <= maxProjectedSize) return null;
  return {
    code: "projected_input_too_large",
    detail: { sizeBytes: projectedBytes, limitBytes: maxProjectedSize },
  };
}

/**
 * Makes the key of an instance.
 * @throws MemodagError when a value that is part of the key cannot be read
 */
export async function makeKey(
  order: Pick<ReadyOrder, "run" | "dag" | "node" | "mapIndex" | "args" | "env" | "entries" | "keyAnswer">,
  config: NonNullable<ReadyInstance["node"]["task"]["cache"]>,
  surroundings: KnownSurroundings,
  results: RunResults,
): Promise<MadeKey> {
  const { run, dag, node, mapIndex, args, env, keyAnswer } = order;
  const entries = order.entries instanceof Promise ? await order.entries : order.entries;
  if (config.reads && !entries)
    throw new MemodagError("cache_not_configured", "There are no job caches here");
  const keyJson = keyAnswer?.kind === "key" ? keyAnswer.json : undefined;
  if (config.key && keyJson === undefined)
    throw new Error("a key was made without the answer of its key function");
  return await MadeKey.make(
    { dag, task: node.task, config, args, run, mapIndex, env, surroundings, entries, keyJson },
    results,
  );
}

/**
 * Why an instance has to run regardless of the cache, according to its row; `null` if it does not have to.
 */
export function refreshReasonOf(row: TaskInstance | undefined): Reason | null {
  if (row?.cacheStatus !== "skipped") return null;
  const { cacheReason } = row;
  const isHeld =
    cacheReason?.code === "waiting_for_rollback" ||
    cacheReason?.code === "waiting_for_lock" ||
    cacheReason?.code === "waiting_for_transaction";
  return cacheReason === null || isHeld ? { code: "cleared" } : cacheReason;
}
