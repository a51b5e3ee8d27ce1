// Puts the instances of a run that is foretold into three classes: hit, runs, and depends on what others return.

import {
  instanceKey,
  isTerminal,
  reasonSentence,
  UNMAPPED,
  type DagRun,
  type SerializedDag,
  type TaskInstance,
} from "@memodag/core";
import type { CacheDecision } from "@memodag/result-cache";
import { cacheIntent, unfollowedReason } from "../cache/cache-intent.ts";
import type { DagNode } from "../graph/dag-graph.ts";
import type { ForeseenTask } from "../run/pass.ts";

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
    const decided = rows.filter(({ state }) => state !== "none");
    for (const row of decided) {
      const instance = ofRow(row, decisions.get(instanceKey(row)));
      if (instance) instances.push(instance);
      else skipped += 1;
    }
    if (decided.length > 0) continue;
    const indexes = rows.length > 0 ? rows.map(({ mapIndex }) => mapIndex) : [UNMAPPED];
    for (const mapIndex of indexes) {
      instances.push({
        taskId: node.task.taskId,
        mapIndex: node.isMapped && mapIndex === UNMAPPED ? null : mapIndex,
        producer: null,
        dependsOn,
        ...openClass(task, happens.has(node), facts),
      });
    }
  }
  return { instances, skipped };
}

/** Undefined for an instance that does not run at all. */
function ofRow(row: TaskInstance, decision: CacheDecision | undefined): ForeseenInstance | undefined {
  const { taskId, mapIndex, state, cacheStatus, cacheReason, producer } = row;
  const common = { taskId, mapIndex, producer, dependsOn: [] };
  if (isTerminal(state)) {
    if (cacheStatus === "hit") return { ...common, class: "hit", note: cacheReason && noteOf(cacheReason) };
    if (state !== "failed") return undefined;
    const text = row.error?.message ?? "it cannot run";
    return { ...common, class: "runs", note: { code: row.error?.code ?? "failed", text } };
  }
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
  { node, isLetRun }: ForeseenTask,
  isCertain: boolean,
  { dag, run, offReason }: PlanFacts,
): Pick<ForeseenInstance, "class" | "note"> {
  const intent = cacheIntent(dag, node.task, run, offReason);
  const reason = intent.kind === "use" ? unfollowedReason(node.task) : intent.reason;
  if (reason && isCertain) return { class: "runs", note: noteOf(reason) };
  if (isLetRun && node.task.cache?.key)
    return { class: "depends", note: noteOf({ code: "waiting_for_key" }) };
  return { class: "depends", note: null };
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

function openUpstream({ node, isDone }: ForeseenTask, tasks: readonly ForeseenTask[]): string[] {
  if (isDone) return [];
  return node.upstream.flatMap((index) => {
    const above = tasks[index];
    return above && !above.isDone ? [above.node.task.taskId] : [];
  });
}
