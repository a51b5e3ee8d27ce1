// The progress of a run through its graph: decides what comes next, as a function of the graph and the
// events.

import { UNMAPPED, type TerminalState } from "@memodag/core";
import type { DagGraph, DagNode, NodeBranch } from "./dag-graph.ts";
import { decideTrigger, type TriggerDecision } from "./trigger-decision.ts";

/**
 * A consequence of an event.
 *
 * - `ready`: this instance may run.
 * - `expand`: this mapped task may run once the number of its elements is known.
 * - `ended`: this instance ended without running.
 */
export type Decision =
  | { readonly kind: "ready"; readonly node: DagNode; readonly mapIndex: number }
  | { readonly kind: "expand"; readonly node: DagNode }
  | {
      readonly kind: "ended";
      readonly node: DagNode;
      readonly mapIndex: number;
      readonly state: "skipped" | "upstream_failed";
    };

/** An instance that had ended before this graph was built. */
export interface EndedInstance {
  readonly mapIndex: number;
  readonly state: TerminalState;
}

interface NodeProgress {
  success: number;
  failed: number;
  skipped: number;
  /** Upstream tasks with unfinished instances. */
  openUpstream: number;
  isDecided: boolean;
  /** Unfinished instances of this task; meaningful once they are known. */
  openInstances: number;
  areInstancesKnown: boolean;
  hasFailed: boolean;
  hasSucceeded: boolean;
  /** Undecided branches that may exclude this task. */
  openBranches: number;
  isChosenAgainst: boolean;
}

/**
 * Counts the outcomes of each task's upstream, so that the cost of an event depends on the number of edges
 * out of its task and not on the size of the Dag. Deterministic and independent of time, processes and the
 * database: any order of the same events leads to the same states.
 */
export class RunProgress {
  readonly #graph: DagGraph;
  readonly #selected: ReadonlySet<number> | null;
  readonly #endsOf: (node: DagNode) => readonly EndedInstance[];
  readonly #nodes: NodeProgress[];
  #openNodes: number;

  /**
   * @param endsOf the instances of a task, in order, if all of them have already ended, under an earlier
   * holder or because their state was set manually; empty by default. They keep their states, whatever their
   * upstream tasks do.
   * @param selected the tasks of the run, if not all: the others have ended, and do not decide its outcome
   */
  constructor(
    graph: DagGraph,
    endsOf: (node: DagNode) => readonly EndedInstance[] = () => [],
    selected: ReadonlySet<number> | null = null,
  ) {
    this.#graph = graph;
    this.#selected = selected;
    this.#endsOf = endsOf;
    this.#openNodes = graph.nodes.length;
    this.#nodes = graph.nodes.map((node) => ({
      success: 0,
      failed: 0,
      skipped: 0,
      openUpstream: node.upstream.length,
      isDecided: false,
      openInstances: node.isMapped ? 0 : 1,
      areInstancesKnown: !node.isMapped,
      hasFailed: false,
      hasSucceeded: false,
      openBranches: node.branchCount,
      isChosenAgainst: false,
    }));
  }

  /** True when every instance of every task has ended. */
  get isOver(): boolean {
    return this.#openNodes === 0;
  }

  /** How the run ended: failed when a leaf task failed, as in Airflow. */
  get outcome(): "success" | "failed" {
    const hasFailedLeaf = this.#graph.nodes.some(
      (node) => this.#isLeaf(node) && this.#nodes[node.index]?.hasFailed,
    );
    return hasFailedLeaf ? "failed" : "success";
  }

  /** True when every instance of a task has ended. */
  isDone({ index }: DagNode): boolean {
    const progress = this.#nodes[index];
    return progress?.areInstancesKnown === true && progress.openInstances === 0;
  }

  /** True when an instance of a task has failed, or could not run because of one. */
  hasFailed({ index }: DagNode): boolean {
    return this.#nodes[index]?.hasFailed === true;
  }

  /** True for a task that is not part of the run. */
  #isOutside(index: number): boolean {
    return this.#selected?.has(index) === false;
  }

  /** True for a selected task without a selected task below it. */
  #isLeaf({ index, downstream }: DagNode): boolean {
    const selected = this.#selected;
    if (selected === null) return downstream.length === 0;
    return selected.has(index) && !downstream.some((below) => selected.has(below));
  }

  /** The decisions that are possible before any event. */
  start(): Decision[] {
    const decisions: Decision[] = [];
    const ended = this.#graph.nodes.flatMap((node) => {
      const ends = this.#endsOf(node);
      // The list of a mapped task that is part of the run may be a different one now.
      const isKept = ends[0]?.mapIndex === UNMAPPED || (ends.length > 0 && this.#isOutside(node.index));
      return isKept ? [[node, ends] as const] : [];
    });
    for (const [node, ends] of ended) this.#keep(node, ends);
    for (const [node, ends] of ended) {
      for (const { state } of ends) {
        if (isChoice(node, state)) decisions.push({ kind: "ready", node, mapIndex: UNMAPPED });
        else this.#settle(node, state, decisions);
      }
    }
    for (const node of this.#graph.nodes) this.#decide(node, decisions);
    return decisions;
  }

  /** A mapped task has `count` instances, none of which has ended; a task without instances is skipped. */
  expand(node: DagNode, count: number): Decision[] {
    const progress = this.#progressOf(node);
    if (progress.areInstancesKnown) throw new Error(`task "${node.task.taskId}" was expanded twice`);
    progress.areInstancesKnown = true;
    progress.openInstances = count;
    const decisions: Decision[] = [];
    if (count === 0) {
      progress.openInstances = 1;
      decisions.push({ kind: "ended", node, mapIndex: UNMAPPED, state: "skipped" });
      this.#settle(node, "skipped", decisions);
      return decisions;
    }
    for (let mapIndex = 0; mapIndex < count; mapIndex += 1) decisions.push({ kind: "ready", node, mapIndex });
    return decisions;
  }

  /** One instance of a task ended; `chosen` is what the result of a task that decides a branch selected. */
  settle(node: DagNode, state: TerminalState, chosen?: ReadonlySet<number>): Decision[] {
    if (isChoice(node, state) && !chosen)
      throw new Error(`task "${node.task.taskId}" decides a branch and selected nothing`);
    const decisions: Decision[] = [];
    this.#settle(node, state, decisions, chosen);
    return decisions;
  }

  /** Without a selection, as when the deciding task failed, trigger rules alone decide. */
  #closeBranch({ targets }: NodeBranch, chosen: ReadonlySet<number> | undefined): void {
    for (const index of targets) {
      const target = this.#nodes[index];
      if (!target) continue;
      target.openBranches -= 1;
      target.isChosenAgainst ||= chosen?.has(index) === false;
    }
  }

  #settle(
    first: DagNode,
    firstState: TerminalState,
    decisions: Decision[],
    chosen?: ReadonlySet<number>,
  ): void {
    // A queue instead of recursion: a chain of a thousand failures must not need a thousand stack frames.
    const ended: [DagNode, TerminalState][] = [[first, firstState]];
    for (const [node, state] of ended) {
      const progress = this.#progressOf(node);
      // A mapped task that ends before it is expanded ends as one instance that stands for all.
      if (!progress.areInstancesKnown) {
        progress.areInstancesKnown = true;
        progress.openInstances = 1;
      }
      progress.openInstances -= 1;
      if (progress.openInstances < 0)
        throw new Error(`task "${node.task.taskId}" ended more often than it has instances`);
      progress.isDecided = true;
      const isFailure = state === "failed" || state === "upstream_failed";
      progress.hasFailed ||= isFailure;
      progress.hasSucceeded ||= state === "success";
      const isNodeDone = progress.openInstances === 0;
      if (isNodeDone) this.#openNodes -= 1;
      if (node.branch) this.#closeBranch(node.branch, node === first ? chosen : undefined);
      for (const index of node.downstream) {
        const below = this.#nodes[index];
        const belowNode = this.#graph.nodes[index];
        if (!below || !belowNode) continue;
        if (state === "success") below.success += 1;
        else if (isFailure) below.failed += 1;
        else below.skipped += 1;
        if (isNodeDone) below.openUpstream -= 1;
        for (const end of this.#decide(belowNode, decisions)) ended.push([belowNode, end]);
      }
      // Of a group that is selected, or not, only the first tasks are downstream.
      for (const index of node.branch?.targets ?? []) {
        const target = this.#graph.nodes[index];
        if (!target) continue;
        for (const end of this.#decide(target, decisions)) ended.push([target, end]);
      }
    }
  }

  /** Decides a task if possible; returns the states of its instances if it ends without running. */
  #decide(node: DagNode, decisions: Decision[]): readonly TerminalState[] {
    const progress = this.#progressOf(node);
    if (progress.isDecided) return [];
    const decision = this.#decisionOn(node, progress);
    if (decision === "wait") return [];
    progress.isDecided = true;
    if (decision === "run") {
      decisions.push(node.isMapped ? { kind: "expand", node } : { kind: "ready", node, mapIndex: UNMAPPED });
      return [];
    }
    const ends = this.#endsOf(node);
    if (ends.some(({ state }) => isChoice(node, state))) {
      decisions.push({ kind: "ready", node, mapIndex: UNMAPPED });
      return [];
    }
    if (ends.length > 0) {
      this.#keep(node, ends);
      return ends.map(({ state }) => state);
    }
    decisions.push({ kind: "ended", node, mapIndex: UNMAPPED, state: decision });
    return [decision];
  }

  #decisionOn(node: DagNode, progress: NodeProgress): TriggerDecision {
    if (progress.isChosenAgainst) return "skipped";
    // Even a satisfied rule waits for the branch to be decided.
    if (progress.openBranches > 0) return "wait";
    // Tasks outside of the run do not decide whether it runs, also where it takes their earlier results.
    if (node.upstream.every((above) => this.#isOutside(above))) return "run";
    const { success, failed, skipped, openUpstream } = progress;
    const decision = decideTrigger(node.triggerRule, {
      success,
      failed,
      skipped,
      allDone: openUpstream === 0,
    });
    return decision === "run" && node.isMapped ? this.#decisionOnLists(node) : decision;
  }

  /**
   * A satisfied rule with a missing list has nothing to map over. As in Airflow, the task then ends like the
   * task that should have returned the list, and never by a failure of its own.
   */
  #decisionOnLists(node: DagNode): TriggerDecision {
    const lists = node.mappedOver.map((index) => this.#nodes[index]).filter((list) => list !== undefined);
    if (lists.some((list) => !list.areInstancesKnown || list.openInstances > 0)) return "wait";
    const without = lists.filter((list) => !list.hasSucceeded);
    if (without.length === 0) return "run";
    return without.some((list) => list.hasFailed) ? "upstream_failed" : "skipped";
  }

  /** The instances of a task are those that have ended. */
  #keep(node: DagNode, ends: readonly EndedInstance[]): void {
    const progress = this.#progressOf(node);
    progress.isDecided = true;
    progress.areInstancesKnown = true;
    progress.openInstances = ends.length;
  }

  #progressOf(node: DagNode): NodeProgress {
    const progress = this.#nodes[node.index];
    if (!progress) throw new Error(`task "${node.task.taskId}" is not in this Dag`);
    return progress;
  }
}

/**
 * The outcome is not known without the selection; the caller finds the instance ended when it is told that
 * the task may run.
 */
function isChoice(node: DagNode, state: TerminalState): boolean {
  return node.branch !== null && state === "success";
}
