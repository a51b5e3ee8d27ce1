// Turns decisions of the graph into rows: instances become ready, mapped tasks are expanded, tasks end
// without running.

import {
  isOwnFault,
  MemodagError,
  UNMAPPED,
  isTerminal,
  type TaskInstance,
  type TerminalState,
} from "@memodag/core";
import { chooseBranch } from "../../graph/branch-choice.ts";
import type { DagNode } from "../../graph/dag-graph.ts";
import { expandTask, type Expansion } from "../../values/expansion.ts";
import type { RunResults } from "../../values/run-results.ts";
import type { Step } from "../state/graph-work.ts";
import type { InstanceTable } from "../state/instance-table.ts";

/** The input of a step besides rows: the content of a result. */
export type StepInput =
  | { readonly kind: "none" }
  | { readonly kind: "expansion"; readonly expansion: Expansion }
  | { readonly kind: "choice"; readonly chosen: ReadonlySet<number> }
  /** The result does not have the required form: the task's own fault. */
  | { readonly kind: "fault"; readonly error: MemodagError };

/** The consequences of a step, in this order. */
export interface Decided {
  /** Instances that no longer exist, whose attempts are to be ended. */
  readonly removed: readonly TaskInstance[];
  /** The attempt of an instance that ends without its outcome. */
  readonly abandoned: string | null;
  readonly mapIndex: number;
  readonly change: Partial<TaskInstance> | null;
  readonly follows: Follows;
}

/** How the instance, or the task, continues. */
type Follows =
  | { readonly kind: "nothing" }
  | { readonly kind: "ask" }
  | { readonly kind: "resume" }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "settle"; readonly state: TerminalState }
  | { readonly kind: "conclude"; readonly state: TerminalState; readonly chosen?: ReadonlySet<number> }
  | { readonly kind: "expand"; readonly expansion: Expansion }
  | { readonly kind: "fail" };

const NO_INPUT: StepInput = { kind: "none" };

/** Reads the input of a step; does not await anything for the many steps that need no input. */
export function readStepInput(
  step: Step,
  table: InstanceTable,
  results: RunResults,
  maxMapLength: number,
): StepInput | Promise<StepInput> {
  if (step.kind === "choose") return readChoice(step.node, results);
  if (step.kind !== "expand" || endedUnexpanded(step.node, table)) return NO_INPUT;
  return readExpansion(step.node, results, maxMapLength);
}

async function readExpansion(node: DagNode, results: RunResults, maxMapLength: number): Promise<StepInput> {
  return await orFault(async () => ({
    kind: "expansion",
    expansion: await expandTask(node, results, maxMapLength),
  }));
}

async function readChoice(node: DagNode, results: RunResults): Promise<StepInput> {
  // Its state was set manually. As in Airflow, it excludes no branch.
  if (results.returnedBy(node) === undefined)
    return { kind: "choice", chosen: new Set(node.branch?.targets) };
  return await orFault(async () => {
    const value = await results.decidingValue(node, node.task.branch?.path ?? []);
    return { kind: "choice", chosen: chooseBranch(node, value) };
  });
}

async function orFault(read: () => Promise<StepInput>): Promise<StepInput> {
  try {
    return await read();
  } catch (error) {
    if (!isOwnFault(error)) throw error;
    return { kind: "fault", error };
  }
}

/** Decides a step, at `now` in milliseconds since the Unix epoch. A function of values. */
export function decideStep(step: Step, input: StepInput, table: InstanceTable, now: number): Decided {
  const { node } = step;
  switch (step.kind) {
    case "ended": {
      const { mapIndex, state } = step;
      const change = { state, endedAt: now, attemptId: null, waitingSince: null };
      const abandoned = table.find(node, mapIndex)?.attemptId ?? null;
      const removed = node.isMapped ? openInstances(node, table) : [];
      return { removed, abandoned, mapIndex, change, follows: { kind: "nothing" } };
    }
    case "ready":
      return only(step.mapIndex, afterReady(node, table.find(node, step.mapIndex)));
    case "expand":
      return decideExpansion(node, input, table, now);
    case "choose":
      if (input.kind === "fault") return failed(node, input.error, table, {});
      if (input.kind !== "choice") throw new Error("a choice was expected");
      return only(UNMAPPED, { kind: "conclude", state: "success", chosen: input.chosen });
  }
}

/** For a row of an earlier holder: ended instances stay ended, waiting ones keep waiting. */
function afterReady(node: DagNode, row: TaskInstance | undefined): Follows {
  if (!row || row.state === "none") return { kind: "ask" };
  if (isTerminal(row.state)) return { kind: "settle", state: row.state };
  if (row.state === "scheduled" || isCarriedOutHere(row, node)) return { kind: "resume" };
  if (row.state === "up_for_retry" || row.state === "up_for_reschedule")
    return { kind: "wait", until: row.retryAt ?? 0 };
  return { kind: "nothing" };
}

function decideExpansion(node: DagNode, input: StepInput, table: InstanceTable, now: number): Decided {
  const state = endedUnexpanded(node, table);
  if (state) return only(UNMAPPED, { kind: "conclude", state });
  if (input.kind === "fault") return failed(node, input.error, table, { endedAt: now });
  if (input.kind !== "expansion") throw new Error("an expansion was expected");
  const { expansion } = input;
  // After a clear, a list may have a different length: surplus instances are removed.
  const removed = table.listOf(node).filter(({ mapIndex }) => {
    const isUnexpanded = mapIndex === UNMAPPED && expansion.count > 0;
    return isUnexpanded || mapIndex >= expansion.count;
  });
  return { ...only(UNMAPPED, { kind: "expand", expansion }), removed };
}

/**
 * A result that selects no case, or is not a list, is a failure of the task that returned it, not of those
 * downstream.
 */
function failed(
  node: DagNode,
  { code, message }: MemodagError,
  table: InstanceTable,
  change: Partial<TaskInstance>,
): Decided {
  const failure = { ...change, state: "failed", error: { code, message } } as const;
  const removed = node.isMapped ? openInstances(node, table) : [];
  return { ...only(UNMAPPED, { kind: "fail" }), removed, change: failure };
}

function only(mapIndex: number, follows: Follows): Decided {
  return { removed: [], abandoned: null, mapIndex, change: null, follows };
}

function endedUnexpanded(node: DagNode, table: InstanceTable): TerminalState | undefined {
  const row = table.find(node, UNMAPPED);
  return row && isTerminal(row.state) ? row.state : undefined;
}

/**
 * A mapped task that ends unexpanded ends as one instance; of its earlier instances, only those that have
 * ended stay.
 */
function openInstances(node: DagNode, table: InstanceTable): TaskInstance[] {
  return table.listOf(node).filter(({ mapIndex, state }) => mapIndex !== UNMAPPED && !isTerminal(state));
}

/** True for a try that the scheduler carries out itself and that an earlier holder started. */
function isCarriedOutHere({ state }: TaskInstance, { task }: DagNode): boolean {
  return task.runStep !== undefined && (state === "running" || state === "up_for_reschedule");
}
