// Carries out what a run's graph decides: instances become ready, mapped tasks get theirs, tasks end unrun.

import { MemodagError, UNMAPPED, isTerminal, type TaskInstance, type TerminalState } from "@memodag/core";
import { chooseBranch } from "../graph/branch-choice.ts";
import type { DagGraph, DagNode } from "../graph/dag-graph.ts";
import { RunProgress, type Decision } from "../graph/run-progress.ts";
import type { ArgsOf } from "./cache-step.ts";
import { argsOfInstance, expandTask, type Expansion } from "./expansion.ts";
import type { InstanceTable } from "./instance-table.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import type { RunContext } from "./run-context.ts";
import type { RunResults } from "./run-results.ts";
import type { TimedWaits } from "./timed-waits.ts";

/** What {@link RunDecisions} works with. */
export interface RunDecisionsParts {
  readonly context: RunContext;
  readonly graph: DagGraph;
  readonly table: InstanceTable;
  readonly results: RunResults;
  readonly waits: TimedWaits;
  /** Takes an instance that an earlier holder had scheduled. */
  readonly resume: (instance: ReadyInstance) => void;
  /** Ends an attempt whose instance there is no longer. */
  readonly abandon: (attemptId: string) => void;
  /** An instance failed without an attempt. */
  readonly onFailed: (node: DagNode, row: TaskInstance) => void;
}

/** A task that decides a branch has succeeded; what it chose has to be read from its result. */
interface ChoiceToMake {
  readonly kind: "choose";
  readonly node: DagNode;
}

type Step = Decision | ChoiceToMake;

/** Between the graph, which knows no rows, and the rows, which know no graph. */
export class RunDecisions {
  readonly #parts: RunDecisionsParts;
  readonly #progress: RunProgress;
  readonly #expansions = new Map<number, Expansion>();
  /** Tasks that the graph has let run; an attempt at another is of before its upstream was cleared. */
  readonly #letRun = new Set<DagNode>();
  #decisions: Step[] = [];
  #ready: ReadyInstance[] = [];
  /** Where what is still ready begins. */
  #firstReady = 0;

  constructor(parts: RunDecisionsParts) {
    this.#parts = parts;
    this.#progress = new RunProgress(parts.graph, (node) => parts.table.endedOf(node));
  }

  /** The arguments of an instance, with its element of each list that its task is mapped over. */
  readonly argsOf: ArgsOf = (node, mapIndex) =>
    argsOfInstance(node, this.#expansions.get(node.index), mapIndex);

  /** True when every instance of every task has ended. */
  get isOver(): boolean {
    return this.#progress.isOver;
  }

  /** How the run ended. */
  get outcome(): "success" | "failed" {
    return this.#progress.outcome;
  }

  /** True when there is something to decide or something ready. */
  get hasWork(): boolean {
    return this.#decisions.length > 0 || this.#ready.length > this.#firstReady;
  }

  /** The first so many of the instances that may run and of which the cache has not been asked. */
  nextReady(count: number): readonly ReadyInstance[] {
    return this.#ready.slice(this.#firstReady, this.#firstReady + count);
  }

  /** The first so many of what was ready have been taken care of. */
  dropReady(count: number): void {
    this.#firstReady += count;
    if (this.#firstReady < this.#ready.length) return;
    this.#ready = [];
    this.#firstReady = 0;
  }

  /** Lets the graph decide what may happen before any event; call once the run's rows are loaded. */
  start(): void {
    this.#queue(this.#progress.start());
  }

  /** True once the graph has let a task run. */
  hasLetRun(node: DagNode): boolean {
    return this.#letRun.has(node);
  }

  /** The graph hears of an end once it has let the task run; until then the row keeps it. */
  settle(node: DagNode, state: TerminalState): void {
    if (this.#letRun.has(node)) this.#queue(this.#settle(node, state));
  }

  #settle(node: DagNode, state: TerminalState): readonly Step[] {
    if (node.branch && state === "success") return [{ kind: "choose", node }];
    return this.#progress.settle(node, state);
  }

  /** Turns every decision into rows and ready instances. After a fault, call again. */
  async carryOut(): Promise<void> {
    let done = 0;
    try {
      for (; done < this.#decisions.length; done += 1) {
        const decision = this.#decisions[done];
        if (!decision) continue;
        // Awaited only where there is something to wait for: a wide Dag makes many thousands of these.
        if (decision.kind === "expand") this.#queue(await this.#expand(decision.node));
        else if (decision.kind === "choose") this.#queue(await this.#choose(decision.node));
        else this.#queue(this.#carryOut(decision));
      }
    } finally {
      // What was decided before a fault is not decided again.
      this.#decisions.splice(0, done);
    }
  }

  /** One by one: a mapped task may give more decisions than a call takes arguments. */
  #queue(decisions: readonly Step[]): void {
    for (const decision of decisions) this.#decisions.push(decision);
  }

  #carryOut(decision: Exclude<Decision, { kind: "expand" }>): readonly Step[] {
    const { table, waits, resume, context } = this.#parts;
    const { node, mapIndex } = decision;
    const row = table.find(node, mapIndex);
    if (decision.kind === "ended") {
      if (node.isMapped) this.#removeOpen(node);
      this.#abandon(row?.attemptId);
      table.change(node, mapIndex, {
        state: decision.state,
        endedAt: context.clock.now(),
        attemptId: null,
        waitingSince: null,
      });
      return [];
    }
    this.#letRun.add(node);
    // A row of an earlier holder: what ended stays ended, what waited waits on.
    if (!row || row.state === "none") this.#ready.push(decision);
    else if (isTerminal(row.state)) return this.#settle(node, row.state);
    else if (row.state === "scheduled" || isCarriedOutHere(row, node)) resume(decision);
    else if (row.state === "up_for_retry" || row.state === "up_for_reschedule")
      waits.add(decision, row.retryAt ?? 0);
    return [];
  }

  async #expand(node: DagNode): Promise<readonly Decision[]> {
    const { table, results, graph, context } = this.#parts;
    const unexpanded = table.find(node, UNMAPPED);
    if (unexpanded && isTerminal(unexpanded.state)) return this.#progress.settle(node, unexpanded.state);
    try {
      const expansion = await expandTask(node, results, graph.dag.maxMapLength);
      this.#expansions.set(node.index, expansion);
      results.setLength(node, expansion.count);
      this.#removeBeyond(node, expansion.count);
      return this.#progress.expand(node, expansion.count);
    } catch (error) {
      if (!(error instanceof MemodagError)) throw error;
      this.#removeOpen(node);
      const failed = table.change(node, UNMAPPED, {
        state: "failed",
        endedAt: context.clock.now(),
        error: { code: error.code, message: error.message },
      });
      this.#parts.onFailed(node, failed);
      return this.#progress.settle(node, "failed");
    }
  }

  /** A result that is no choice is a failure of the task that returned it, not of those that it chooses among. */
  async #choose(node: DagNode): Promise<readonly Decision[]> {
    const { table, results } = this.#parts;
    // Its state was set by hand. As in Airflow, it chose against nothing.
    if (results.returnedBy(node) === undefined)
      return this.#progress.settle(node, "success", new Set(node.branch?.targets));
    try {
      const value = await results.decidingValue(node, node.task.branch?.path ?? []);
      return this.#progress.settle(node, "success", chooseBranch(node, value));
    } catch (error) {
      if (!(error instanceof MemodagError)) throw error;
      const failed = table.change(node, UNMAPPED, {
        state: "failed",
        error: { code: error.code, message: error.message },
      });
      this.#parts.onFailed(node, failed);
      return this.#progress.settle(node, "failed");
    }
  }

  /** After a clear, a list may have come to another length: instances that it had before go. */
  #removeBeyond(node: DagNode, count: number): void {
    for (const { mapIndex } of this.#parts.table.listOf(node)) {
      const isUnexpanded = mapIndex === UNMAPPED && count > 0;
      if (isUnexpanded || mapIndex >= count) this.#remove(node, mapIndex);
    }
  }

  /** A mapped task that ends unexpanded ends as one; of what it was, only what has ended stays. */
  #removeOpen(node: DagNode): void {
    for (const { mapIndex, state } of this.#parts.table.listOf(node)) {
      if (mapIndex !== UNMAPPED && !isTerminal(state)) this.#remove(node, mapIndex);
    }
  }

  #remove(node: DagNode, mapIndex: number): void {
    const { table, results } = this.#parts;
    this.#abandon(table.get(node, mapIndex).attemptId);
    results.forgetReturned(node, mapIndex);
    table.remove(node, mapIndex);
  }

  #abandon(attemptId: string | null | undefined): void {
    if (attemptId) this.#parts.abandon(attemptId);
  }
}

/** A try that the scheduler carries out itself, begun by an earlier holder, which took no notice with it. */
function isCarriedOutHere({ state }: TaskInstance, { task }: DagNode): boolean {
  return task.runStep !== undefined && (state === "running" || state === "up_for_reschedule");
}
