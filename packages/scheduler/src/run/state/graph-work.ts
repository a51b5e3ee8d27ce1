// The progress of a run's graph, and its decisions that are not carried out yet.

import type { TerminalState } from "@memodag/core";
import type { DagGraph, DagNode } from "../../graph/dag-graph.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import { RunProgress, type Decision } from "../../graph/run-progress.ts";
import { argsOfInstance, type Expansion } from "../../values/expansion.ts";
import type { NamedArgument } from "../../values/instance-argument.ts";
import type { InstanceTable } from "./instance-table.ts";

/**
 * A decision of the graph; `choose`: a task that decides a branch succeeded, and its result has to be read.
 */
export type Step = Decision | { readonly kind: "choose"; readonly node: DagNode };

/** Decisions and ready instances, first in, first out. */
export class GraphWork {
  readonly #progress: RunProgress;
  readonly #expansions = new Map<number, Expansion>();
  /**
   * Tasks that the graph has allowed to run; an attempt at any other task dates from before its upstream was
   * cleared.
   */
  readonly #letRun = new Set<DagNode>();
  #steps: Step[] = [];
  /** Index of the first step that is not carried out. */
  #firstStep = 0;
  #ready: ReadyInstance[] = [];
  /** Index of the first instance that is still ready. */
  #firstReady = 0;

  /** Instances in `table` that have ended keep their states; `selected`: the tasks of the run, if not all. */
  constructor(graph: DagGraph, table: InstanceTable, selected: ReadonlySet<number> | null) {
    this.#progress = new RunProgress(graph, (node) => table.endedOf(node), selected);
  }

  /** True when every instance of every task has ended. */
  get isOver(): boolean {
    return this.#progress.isOver;
  }

  /** How the run ended. */
  get outcome(): "success" | "failed" {
    return this.#progress.outcome;
  }

  /** True when every instance of a task has ended. */
  isDone(node: DagNode): boolean {
    return this.#progress.isDone(node);
  }

  /** True when an instance of a task has failed, or could not run because of one. */
  hasFailed(node: DagNode): boolean {
    return this.#progress.hasFailed(node);
  }

  /** True when there is something to carry out, or something ready. */
  get hasWork(): boolean {
    return this.#steps.length > 0 || this.#ready.length > this.#firstReady;
  }

  /** Makes the decisions that are possible before any event; call once the run's rows are loaded. */
  start(): void {
    this.#queue(this.#progress.start());
  }

  /** The next step to carry out, until {@link stepDone}. */
  nextStep(): Step | undefined {
    return this.#steps[this.#firstStep];
  }

  /** The next step has been carried out. */
  stepDone(): void {
    this.#firstStep += 1;
    if (this.#firstStep < this.#steps.length) return;
    this.#steps = [];
    this.#firstStep = 0;
  }

  /** The first `count` instances that may run and for which the cache has not been asked. */
  nextReady(count: number): readonly ReadyInstance[] {
    return this.#ready.slice(this.#firstReady, this.#firstReady + count);
  }

  /** Removes the first `count` ready instances, which have been handled. */
  dropReady(count: number): void {
    this.#firstReady += count;
    if (this.#firstReady < this.#ready.length) return;
    this.#ready = [];
    this.#firstReady = 0;
  }

  /** Adds an instance that its upstream allows to run. */
  addReady(instance: ReadyInstance): void {
    this.#ready.push(instance);
  }

  /** True once the graph has allowed a task to run. */
  hasLetRun(node: DagNode): boolean {
    return this.#letRun.has(node);
  }

  letRun(node: DagNode): void {
    this.#letRun.add(node);
  }

  /**
   * An instance ended. The graph is informed once it has allowed the task to run; until then, only the row
   * records it.
   */
  settle(node: DagNode, state: TerminalState): void {
    if (!this.#letRun.has(node)) return;
    if (node.branch && state === "success") this.#steps.push({ kind: "choose", node });
    else this.#queue(this.#progress.settle(node, state));
  }

  /** A task ended as a whole, or selected a branch; it need not have been allowed to run. */
  conclude(node: DagNode, state: TerminalState, chosen?: ReadonlySet<number>): void {
    this.#queue(this.#progress.settle(node, state, chosen));
  }

  /** A mapped task's instances are known. */
  expand(node: DagNode, expansion: Expansion): void {
    this.#expansions.set(node.index, expansion);
    this.#queue(this.#progress.expand(node, expansion.count));
  }

  /** The arguments of an instance, with its element of each list that its task is mapped over. */
  argsOf(node: DagNode, mapIndex: number): readonly NamedArgument[] {
    return argsOfInstance(node, this.#expansions.get(node.index), mapIndex);
  }

  /** One at a time: a mapped task may yield more decisions than a call can take arguments. */
  #queue(decisions: readonly Decision[]): void {
    for (const decision of decisions) this.#steps.push(decision);
  }
}
