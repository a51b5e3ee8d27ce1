// Transactions with one record for all of their tasks: what they may contain, and how their tasks are watched.

import type { SerializedBranch, SerializedCacheConfig, TriggerRule } from "@memodag/core";
import { dagInvalid } from "../authoring/dag-fault.ts";
import type { DagState, GroupDeclaration, TaskDeclaration } from "../authoring/dag-state.ts";
import type { Upstreams } from "./resolve-edges.ts";

/** Rules by which a task may start before all of its upstream tasks have ended, so that it takes what is there by chance. */
const EARLY_RULES: ReadonlySet<TriggerRule> = new Set<TriggerRule>([
  "one_success",
  "one_failed",
  "one_done",
  "always",
]);

type Problem = { readonly problem: string; readonly fix: string };

/** The transaction with a record that a group is, or is in. */
export function findCachedTransaction(
  group: GroupDeclaration | null,
): (GroupDeclaration & { readonly cache: SerializedCacheConfig }) | undefined {
  for (let around = group; around; around = around.group) {
    const cache = around.transaction?.cache;
    if (cache) return { ...around, cache };
  }
  return undefined;
}

/** Returns the declarations of a task of such a transaction, which is looked up as a whole. */
export function memberCache(
  own: SerializedCacheConfig | null,
  group: SerializedCacheConfig,
): SerializedCacheConfig {
  const { keyStorage, resultStorage } = group;
  const files = union(own?.files, group.files);
  const trust = union(own?.trust, group.trust);
  return {
    ttlMs: own?.ttlMs ?? "default",
    excludeInputs: own?.excludeInputs ?? [],
    includeInputs: union(own?.includeInputs, group.includeInputs),
    env: union(own?.env, group.env),
    version: own?.version ?? null,
    serialize: false,
    errorsTtlMs: null,
    ...(files.length > 0 && { files }),
    ...(trust.length > 0 && { trust }),
    ...(own?.expires && { expires: own.expires }),
    ...(keyStorage !== undefined && { keyStorage }),
    ...(resultStorage !== undefined && { resultStorage }),
  };
}

function union<T extends string>(own: readonly T[] = [], group: readonly T[] = []): T[] {
  return [...new Set([...own, ...group])].sort();
}

/**
 * Checks a transaction with a record.
 * @throws MemodagError `dag_invalid` for what cannot be part of a record
 */
export function checkCachedTransaction(
  state: DagState,
  { groupId, group, taskIds, transaction }: GroupDeclaration,
  upstreams: Upstreams,
  branches: ReadonlyMap<string, SerializedBranch>,
): void {
  const { dagId } = state;
  const refuse = (fault: Problem) => dagInvalid({ dagId, groupId }, fault);
  if (transaction?.isEager) {
    throw refuse({
      problem: "cache is set, and the transaction is eager, which stores each result by itself",
      fix: 'use commit: "lazy", or remove cache',
    });
  }
  const outer = findCachedTransaction(group);
  if (outer) {
    throw refuse({
      problem: `cache is set, and transaction "${outer.groupId}" around it has one record for all of its tasks`,
      fix: "remove cache from one of them",
    });
  }
  for (const inner of state.groups.values()) {
    if (!inner.transaction?.isEager || inner.taskIds.size === 0 || !isIn(inner, groupId)) continue;
    throw refuse({
      problem: `cache is set, and transaction "${inner.groupId}" in it is eager, which stores each result by itself`,
      fix: 'use commit: "lazy" for it, or remove cache',
    });
  }
  for (const taskId of taskIds) {
    const task = state.tasks.get(taskId);
    const fault = task && faultOf(task, upstreams.get(taskId)?.size ?? 0);
    if (!fault) continue;
    const problem = `${fault.problem}, and transaction "${groupId}" has one record for all of its tasks`;
    throw dagInvalid({ dagId, taskId }, { problem, fix: fault.fix });
  }
  const way = findWayBack(taskIds, upstreams, branches);
  if (!way) return;
  throw refuse({
    problem: `cache is set, and its task "${way.member}" waits for "${way.outside}", which is not in it and waits for another of its tasks`,
    fix: `declare "${way.outside}" in the transaction: all that it takes from outside has to be known when it is looked up`,
  });
}

/** True if a group is in the one with this id. */
function isIn({ group }: GroupDeclaration, groupId: string): boolean {
  for (let around = group; around; around = around.group) if (around.groupId === groupId) return true;
  return false;
}

/** Why a task cannot be part of a record; undefined if it can. */
function faultOf(
  { sensor, hitl, runStep, command, settings }: TaskDeclaration,
  upstreamCount: number,
): Problem | undefined {
  const outside = "declare it outside of the transaction, or remove cache from the transaction";
  if (hitl) return { problem: "it waits for an answer from a person", fix: outside };
  if (sensor) return { problem: "it is a sensor, which looks at the world outside", fix: outside };
  if (runStep) {
    const what = runStep.kind === "trigger" ? "triggers" : "waits for";
    return { problem: `it ${what} a run of another Dag`, fix: outside };
  }
  const { cache, triggerRule } = settings;
  if (command?.entries || cache?.reads)
    return { problem: "it uses entries of job caches, which such a record does not have", fix: outside };
  if (EARLY_RULES.has(triggerRule) && upstreamCount > 0) {
    return {
      problem: `its triggerRule is "${triggerRule}", by which it may start before its upstream tasks have ended`,
      fix: 'use another rule, such as "all_done"',
    };
  }
  if (cache?.key)
    return {
      problem: "it has a key function",
      fix: "remove cache.key: the arguments themselves are in the key",
    };
  if (cache?.mode) {
    return {
      problem: `its cache.mode is "${cache.mode}"`,
      fix: "set mode in cache of the transaction",
    };
  }
  if (cache?.serialize)
    return { problem: "its cache is serializable", fix: "remove serialize, or isolation, from the task" };
  return undefined;
}

interface WayBack {
  readonly member: string;
  readonly outside: string;
}

/** A member that waits for a task outside, which waits for a member: neither could go first. */
function findWayBack(
  taskIds: ReadonlySet<string>,
  upstreams: Upstreams,
  branches: ReadonlyMap<string, SerializedBranch>,
): WayBack | undefined {
  const before = new Map<string, Set<string>>();
  for (const [taskId, above] of upstreams) before.set(taskId, new Set(above));
  for (const [decider, { cases, otherwise }] of branches)
    for (const target of [...cases.flatMap(({ taskIds: chosen }) => chosen), ...otherwise])
      before.get(target)?.add(decider);
  for (const member of taskIds) {
    for (const outside of before.get(member) ?? []) {
      if (taskIds.has(outside)) continue;
      const seen = new Set([outside]);
      for (const taskId of seen) {
        if (taskIds.has(taskId)) return { member, outside };
        for (const above of before.get(taskId) ?? []) seen.add(above);
      }
    }
  }
  return undefined;
}
