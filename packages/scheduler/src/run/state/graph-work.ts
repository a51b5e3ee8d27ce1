// How far the graph of a run has come, and what it has decided that is not carried out yet.

import type { TerminalState } from "@memodag/core";
import type { DagGraph, DagNode } from "../../graph/dag-graph.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import { RunProgress, type Decision } from "../../graph/run-progress.ts";
import { argsOfInstance, type Expansion } from "../../values/expansion.ts";
import type { NamedArgument } from "../../values/instance-argument.ts";
import type { InstanceTable } from "./instance-table.ts";

/** A decision of the graph; `choose`: a task that decides a branch has succeeded, and its result says what it chose. */
export type Step = Decision | { readonly kind: "choose"; readonly node: DagNode };

/** Decisions and ready instances, first come first served. */
export class GraphWork {
  readonly #progress: RunProgress;
  readonly #expansions = new Map<number, Expansion>();
  /** Tasks that the graph has let run; an attempt at another is of before its upstream was cleared. */
  readonly #letRun = new Set<DagNode>();
  #steps: Step[] = [];
  /** Where what is not carried out begins. */
  #firstStep = 0;
  #ready: ReadyInstance[] = [];
  /** Where what is still ready begins. */
  #firstReady = 0;

  /** Instances in `table` that have ended stay so. */
  constructor(graph: DagGraph, table: InstanceTable) {
    this.#progress = new RunProgress(graph, (node) => table.endedOf(node));
  }

  /** True when every instance of every task has ended. */
  get isOver(): boolean {
    return this.#progress.isOver;
  }

  /** How the run ended. */
  get outcome(): "success" | "failed" {
    return this.#progress.outcome;
  }

  /** True when there is something to carry out or something ready. */
  get hasWork(): boolean {
    return this.#steps.length > 0 || this.#ready.length > this.#firstReady;
  }

  /** Lets the graph decide what may happen before any event; call once the run's rows are loaded. */
  start(): void {
    this.#queue(this.#progress.start());
  }

  /** What is to be carried out next, until {@link stepDone}. */
  nextStep(): Step | undefined {
    return this.#steps[this.#firstStep];
  }

  /** The next step is carried out. */
  stepDone(): void {
    this.#firstStep += 1;
    if (this.#firstStep < this.#steps.length) return;
    this.#steps = [];
    this.#firstStep = 0;
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

  /** An instance may run, as far as the graph is concerned. */
  addReady(instance: ReadyInstance): void {
    this.#ready.push(instance);
  }

  /** True once the graph has let a task run. */
  hasLetRun(node: DagNode): boolean {
    return this.#letRun.has(node);
  }

  letRun(node: DagNode): void {
    this.#letRun.add(node);
  }

  /** An instance ended. The graph hears of it once it has let the task run; until then the row keeps it. */
  settle(node: DagNode, state: TerminalState): void {
    if (!this.#letRun.has(node)) return;
    if (node.branch && state === "success") this.#steps.push({ kind: "choose", node });
    else this.#queue(this.#progress.settle(node, state));
  }

  /** A task ended as one, or chose; it need not have been let run. */
  conclude(node: DagNode, state: TerminalState, chosen?: ReadonlySet<number>): void {
    this.#queue(this.#progress.settle(node, state, chosen));
  }

  /** A mapped task turns out to have so many instances. */
  expand(node: DagNode, expansion: Expansion): void {
    this.#expansions.set(node.index, expansion);
    this.#queue(this.#progress.expand(node, expansion.count));
  }

  /** The arguments of an instance, with its element of each list that its task is mapped over. */
  argsOf(node: DagNode, mapIndex: number): readonly NamedArgument[] {
    return argsOfInstance(node, this.#expansions.get(node.index), mapIndex);
  }

  /** One by one: a mapped task may give more decisions than a call takes arguments. */
  #queue(decisions: readonly Decision[]): void {
    for (const decision of decisions) this.#steps.push(decision);
  }
}
