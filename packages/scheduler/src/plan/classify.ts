// Puts the instances of a run that is foretold into three classes: hit, runs, and depends on what others return.

import {
  instanceKey,
  isTerminal,
  reasonSentence,
  UNMAPPED,
  type DagRun,
  type Reason,
  type ReasonCode,
  type SerializedDag,
  type TaskInstance,
} from "@memodag/core";
import type { CacheDecision } from "@memodag/result-cache";
import { cacheIntent, unfollowedReason } from "../cache/cache-intent.ts";
import { groupIntent } from "../cache/group-intent.ts";
import type { DagNode } from "../graph/dag-graph.ts";
import type { ForeseenTask } from "../run/foreseen-task.ts";

/**
 * - `hit`: it has a result, which the run will use;
 * - `runs`: it has none, or does not ask for one;
 * - `depends`: on a result that is not there yet.
 */
export type PlanClass = "hit" | "runs" | "depends";

/** An instance of the run, with its class. */
export interface ForeseenInstance {
  readonly taskId: string;
  /** `null`: of a mapped task whose list is not known yet, which has one row. */
  readonly mapIndex: number | null;
  readonly class: PlanClass;
  /** Of a hit. */
  readonly producer: TaskInstance["producer"];
  /** For an instance that asked and did not hit. Absent: it does not ask, or cannot yet. */
  readonly decision?: CacheDecision;
  /** Why else it is in its class; `null`: the decision says it, or what it depends on. */
  readonly note: { readonly code: string; readonly text: string } | null;
  /** The tasks directly upstream whose results are not known, in the Dag's order. */
  readonly dependsOn: readonly string[];
}

/** The facts from which classes follow, besides rows. */
export interface PlanFacts {
  readonly run: DagRun;
  readonly dag: SerializedDag;
  readonly misses: readonly CacheDecision[];
  /** Why caching is switched off; `null`: it is on. */
  readonly offReason: string | null;
}

/** Classifies every instance; those that a branch excludes are counted. A function of values. */
export function classify(
  tasks: readonly ForeseenTask[],
  facts: PlanFacts,
): { readonly instances: ForeseenInstance[]; readonly skipped: number } {
  const decisions = new Map(facts.misses.map((miss) => [instanceKey(miss), miss]));
  const happens = tasksThatHappen(tasks);
  const instances: ForeseenInstance[] = [];
  let skipped = 0;
  for (const task of tasks) {
    const { node, rows } = task;
    const dependsOn = openUpstream(task, tasks);
    const decided = new Map(
      rows.filter(({ state }) => state !== "none").map((row) => [row.mapIndex, row] as const),
    );
    for (const mapIndex of indexesOf(task, decided)) {
      const row = decided.get(mapIndex ?? UNMAPPED);
      if (!row) {
        const rest = openClass(task, happens.has(node), facts);
        instances.push({ taskId: node.task.taskId, mapIndex, producer: null, dependsOn, ...rest });
        continue;
      }
      const instance = ofRow(row, decisions.get(instanceKey(row)), dependsOn);
      if (instance) instances.push(instance);
      else skipped += 1;
    }
  }
  return { instances, skipped };
}

/**
 * The map indexes to list, in order; `null` stands for all of a list that is not known. A task that as a whole was
 * decided, such as one that a branch excludes, has a row instead of a list.
 */
function indexesOf(
  { node, length }: ForeseenTask,
  decided: ReadonlyMap<number, TaskInstance>,
): readonly (number | null)[] {
  if (!node.isMapped || decided.has(UNMAPPED)) return [UNMAPPED];
  return length === undefined ? [null] : Array.from({ length }, (_, index) => index);
}

/** Reasons of instances that may still be hits, when what they wait for has ended. */
const WAITS: ReadonlySet<string> = new Set<ReasonCode>([
  "waiting",
  "waiting_for_key",
  "waiting_for_lock",
  "waiting_for_rollback",
  "waiting_for_transaction",
]);

/** Undefined for an instance that does not run at all. */
function ofRow(
  row: TaskInstance,
  decision: CacheDecision | undefined,
  openUpstreams: readonly string[],
): ForeseenInstance | undefined {
  const { taskId, mapIndex, state, cacheStatus, cacheReason, producer } = row;
  const common = { taskId, mapIndex, producer, dependsOn: [] };
  if (isTerminal(state)) {
    if (cacheStatus === "hit") return { ...common, class: "hit", note: cacheReason && noteOf(cacheReason) };
    if (state !== "failed") return undefined;
    const text = row.error?.message ?? "it cannot run";
    return { ...common, class: "runs", note: { code: row.error?.code ?? "failed", text } };
  }
  if (cacheReason && WAITS.has(cacheReason.code))
    return { ...common, class: "depends", note: noteOf(cacheReason), dependsOn: openUpstreams };
  return {
    ...common,
    class: "runs",
    ...(decision && { decision }),
    note: decision || !cacheReason ? statusNote(row) : noteOf(cacheReason),
  };
}

function noteOf(reason: NonNullable<TaskInstance["cacheReason"]>): { code: string; text: string } {
  return { code: reason.code, text: reasonSentence(reason) };
}

function statusNote({ cacheStatus }: TaskInstance): ForeseenInstance["note"] {
  return cacheStatus === "lookup_timeout"
    ? { code: "lookup_timeout", text: "the cache did not answer in time" }
    : null;
}

/** Of an instance that the graph has not let run, or whose key function has to answer. */
function openClass(
  { node, isLetRun, group }: ForeseenTask,
  isCertain: boolean,
  { dag, run, offReason }: PlanFacts,
): Pick<ForeseenInstance, "class" | "note"> {
  const intent = group
    ? groupIntent(group, dag, run, offReason)
    : cacheIntent(dag, node.task, run, offReason);
  const reason = intent.kind === "use" ? unfollowedOf({ node, group }) : intent.reason;
  if (reason && isCertain) return { class: "runs", note: noteOf(reason) };
  if (isLetRun && node.task.cache?.key)
    return { class: "depends", note: noteOf({ code: "waiting_for_key" }) };
  return { class: "depends", note: null };
}

/** A record of a transaction has the code of all of its tasks in its key. */
function unfollowedOf({ node, group }: Pick<ForeseenTask, "node" | "group">): Reason | null {
  for (const { task } of group?.nodes ?? [node]) {
    const reason = unfollowedReason(task);
    if (reason) return reason;
  }
  return null;
}

/**
 * Tasks that run or hit whatever those upstream return, unless one fails: no branch decides about them or about those
 * that they wait for.
 */
function tasksThatHappen(tasks: readonly ForeseenTask[]): ReadonlySet<DagNode> {
  const happens = new Set<DagNode>();
  for (const { node, isDone, rows } of tasks) {
    const isExcluded = rows.some(({ state }) => state === "skipped" || state === "upstream_failed");
    const isOpen = node.branchCount > 0 && !isDone && rows.length === 0;
    const follows = node.upstream.every((index) => {
      const above = tasks[index]?.node;
      return above !== undefined && happens.has(above);
    });
    if (!isExcluded && !isOpen && follows) happens.add(node);
  }
  return happens;
}

/** The tasks of a transaction with one record wait for all that comes into it from outside. */
function openUpstream({ node, isDone, group }: ForeseenTask, tasks: readonly ForeseenTask[]): string[] {
  if (isDone) return [];
  const above = new Set([...node.upstream, ...(group?.outside ?? []).map(({ index }) => index)]);
  return tasks.flatMap(({ node: { index, task }, isDone: hasEnded }) =>
    above.has(index) && !hasEnded ? [task.taskId] : [],
  );
}
