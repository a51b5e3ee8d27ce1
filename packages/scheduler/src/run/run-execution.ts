// One run in the hands of this scheduler: what happened goes in, passes decide, write and dispatch.

import {
  MemodagError,
  UNMAPPED,
  isTerminal,
  type ClaimedRun,
  type DagRun,
  type DagVersion,
  type ExecutorEvent,
  type StoredError,
  type TaskInstance,
} from "@memodag/core";
import type { PassLookup } from "@memodag/result-cache";
import type { DagNode } from "../graph/dag-graph.ts";
import { RunProgress, type Decision } from "../graph/run-progress.ts";
import type { VersionGraph } from "../graph/version-graphs.ts";
import { AttemptResults, type ResultEvent } from "./attempt-results.ts";
import type { AnsweredInstance } from "./cache-answer.ts";
import { CacheStep, type ArgsOf } from "./cache-step.ts";
import { Dispatcher } from "./dispatcher.ts";
import { argsOfInstance, expandTask, type Expansion } from "./expansion.ts";
import { InstanceTable } from "./instance-table.ts";
import { PassWriter, type WriteResult } from "./pass-writer.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import type { RunContext } from "./run-context.ts";
import { Retries } from "./retries.ts";
import { RunResults } from "./run-results.ts";
import { SingleFlight } from "./single-flight.ts";

/** What a pass came to. `reload`: the database has moved on; the run must be claimed again. */
export type PassResult = "open" | "over" | Exclude<WriteResult, "written">;

type RunEvent = ExecutorEvent | ResultEvent;

/** Executes one claimed run. Passes must not overlap; events may come at any time. */
export class RunExecution {
  readonly #context: RunContext;
  readonly #version: DagVersion;
  readonly #progress: RunProgress;
  readonly #table: InstanceTable;
  readonly #results: RunResults;
  readonly #cacheStep: CacheStep;
  readonly #attemptResults: AttemptResults;
  readonly #dispatcher: Dispatcher;
  readonly #singleFlight: SingleFlight;
  readonly #writer: PassWriter;
  readonly #expansions = new Map<number, Expansion>();
  /** Tasks that the graph has let run; an attempt at another is of before its upstream was cleared. */
  readonly #letRun = new Set<DagNode>();
  readonly #retries: Retries;
  readonly #wake: () => void;

  #run: DagRun;
  #events: RunEvent[] = [];
  #decisions: Decision[] = [];
  #ready: ReadyInstance[] = [];

  constructor(context: RunContext, claimed: ClaimedRun, { version, graph }: VersionGraph, wake: () => void) {
    this.#context = context;
    this.#version = version;
    this.#wake = wake;
    this.#retries = new Retries(context.clock, wake);
    this.#run = claimed.run;
    this.#progress = new RunProgress(graph);
    const table = new InstanceTable(graph.nodes.length);
    const results = new RunResults(claimed.run.team, graph, context.runs, context.values);
    const argsOf: ArgsOf = (node, mapIndex) =>
      argsOfInstance(node, this.#expansions.get(node.index), mapIndex);
    const handle = (event: RunEvent): void => this.handle(event);
    this.#table = table;
    this.#results = results;
    const refreshReasonOf = (node: DagNode, mapIndex: number): string | null => {
      const row = table.find(node, mapIndex);
      return row?.cacheStatus === "skipped" ? (row.cacheReason ?? "cleared") : null;
    };
    const cacheStep = new CacheStep(context, version.dag, results, argsOf, refreshReasonOf);
    this.#cacheStep = cacheStep;
    this.#attemptResults = new AttemptResults(context, version.dag, cacheStep, handle);
    const attemptResults = this.#attemptResults;
    this.#dispatcher = new Dispatcher({ context, version, table, results, attemptResults, argsOf, handle });
    const dispatch = (instance: ReadyInstance): void => this.#dispatcher.enqueue(instance);
    this.#singleFlight = new SingleFlight({ context, table, cacheStep, dispatch, wake });
    this.#writer = new PassWriter(context, table, claimed.run.state, version.dag.maxActiveTasks);
    this.#load(claimed);
    this.#decisions = this.#progress.start();
  }

  get run(): DagRun {
    return this.#run;
  }

  /** True while results are being stored in the cache. */
  get isStoring(): boolean {
    return this.#attemptResults.storing > 0;
  }

  /** Resolves when the stores that are under way have ended; each has its deadline. */
  async whenStored(): Promise<void> {
    await this.#attemptResults.whenStored();
  }

  /** True when instances wait for nothing but a free slot. */
  get wantsSlots(): boolean {
    return this.#dispatcher.wantsSlots || this.#singleFlight.wantsSlots;
  }

  /** True when attempts are recorded and not submitted yet. */
  get wantsToSubmit(): boolean {
    return this.#dispatcher.wantsToSubmit;
  }

  /** Takes note of what happened; the next pass acts on it. */
  handle(event: RunEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  /**
   * Acts on everything that happened, lets hits feed the graph until nothing new is ready, writes all
   * of it in one transaction, and only then dispatches. When it throws (the database is away), nothing
   * is lost: the next pass goes on where this one stopped.
   */
  async pass(): Promise<PassResult> {
    const lookup = this.#context.cache.openPass(this.#run.team);
    for (let event = this.#events[0]; event; event = this.#events[0]) {
      await this.#apply(event);
      this.#events.shift();
    }
    this.#collectRetries();
    await this.#settle(lookup);
    this.#dispatcher.choose();
    const isStoring = this.#attemptResults.pending > 0 || this.#events.length > 0;
    const isOver = this.#progress.isOver && !isStoring;
    const now = this.#context.clock.now();
    this.#run = {
      ...this.#run,
      state: isOver ? this.#progress.outcome : "running",
      startedAt: this.#run.startedAt ?? now,
      endedAt: isOver ? now : null,
      lookups: this.#run.lookups + lookup.roundTrips,
    };
    const written = await this.#writer.write(this.#run, (free) => this.#dispatcher.retreat(free));
    if (written !== "written") return written;
    this.#dispatcher.giveRoom();
    await this.#dispatcher.submit(this.#run);
    this.#results.releaseBytes();
    this.#attemptResults.startStores(this.#run);
    return isOver ? "over" : "open";
  }

  /** Ends every attempt of the run; for a run whose lease is lost. */
  cancelAttempts(error: StoredError): void {
    this.#dispatcher.cancelAll(error);
    this.#singleFlight.leave();
  }

  /** Leaves the attempts to run on, for the execution that takes over from this one. */
  forgetAttempts(): void {
    this.#dispatcher.forgetAll();
    this.#singleFlight.leave();
  }

  /** Rows of an earlier holder. Its attempts are gone with it unless this process's executor has them. */
  #load(claimed: ClaimedRun): void {
    for (const row of claimed.instances) {
      const node = this.#results.nodeOf(row.taskId);
      this.#table.load(node, row);
      this.#writer.load(row);
      if (row.state !== "queued" && row.state !== "running") continue;
      if (row.attemptId !== null && this.#context.attempts.isLive(row.attemptId)) {
        this.#dispatcher.adopt(row.attemptId, { node, mapIndex: row.mapIndex });
        continue;
      }
      this.#table.change(node, row.mapIndex, afterLoss(row));
      this.#context.log.warn("an attempt was lost with its scheduler and runs again", {
        dagId: claimed.run.dagId,
        runId: claimed.run.runId,
        taskId: row.taskId,
        mapIndex: row.mapIndex,
        tryNumber: row.tryNumber,
      });
    }
    for (const xcom of claimed.xcoms) this.#attemptResults.load(this.#results, xcom);
    this.#context.attempts.cancelUnheard(claimed.run, CLEARED);
  }

  async #apply(event: RunEvent): Promise<void> {
    if (event.kind === "stored") {
      const { cacheStatus, cacheReason } = event;
      if (this.#table.find(event.node, event.mapIndex))
        this.#table.change(event.node, event.mapIndex, { cacheStatus, cacheReason });
      this.#singleFlight.release(event);
      return;
    }
    const instance = this.#dispatcher.instanceOf(event.attemptId);
    // An attempt that nobody waits for any more: its result must change nothing.
    if (!instance) return;
    if (event.kind === "finished") {
      await this.#finish(instance, event.outcome);
      if (!this.#attemptResults.isPending(instance)) this.#singleFlight.release(instance);
      this.#dispatcher.settle(event.attemptId);
      return;
    }
    this.#run = { ...this.#run, processesSpawned: this.#run.processesSpawned + 1 };
    const startedAt = this.#context.clock.now();
    this.#table.change(instance.node, instance.mapIndex, { state: "running", startedAt });
  }

  async #finish(
    instance: ReadyInstance,
    outcome: Extract<ExecutorEvent, { kind: "finished" }>["outcome"],
  ): Promise<void> {
    const { node, mapIndex } = instance;
    const row = this.#table.get(node, mapIndex);
    const endedAt = this.#context.clock.now();
    const end = { attemptId: null, endedAt, durationMs: endedAt - (row.startedAt ?? endedAt) };
    if (outcome.kind === "succeeded") {
      const accepted = await this.#attemptResults.accept(node, { ...row, ...end }, outcome);
      this.#table.change(node, mapIndex, { ...end, ...accepted.change, state: "success", error: null });
      this.#writer.addXComs(accepted.xcoms.map((xcom) => ({ ...xcom, isCached: false })));
      this.#results.keepBytes(accepted.xcoms);
      this.#results.setReturned(node, mapIndex, accepted.returned);
      this.#settleOf(node, "success");
    } else if (outcome.error.code === "attempt_lost") {
      this.#table.change(node, mapIndex, afterLoss(row));
      this.#singleFlight.release(instance);
      if (this.#letRun.has(node)) this.#singleFlight.enqueue(instance);
    } else if (outcome.retryable && row.tryNumber < row.maxTries) {
      const retryAt = endedAt + node.task.retryDelayMs;
      this.#table.change(node, mapIndex, { ...end, state: "up_for_retry", retryAt, error: outcome.error });
      if (this.#letRun.has(node)) this.#retries.add(instance, retryAt);
    } else {
      this.#table.change(node, mapIndex, { ...end, state: "failed", error: outcome.error });
      this.#attemptResults.acceptFailure(node, { ...row, ...end }, outcome);
      this.#settleOf(node, "failed");
    }
  }

  /** The graph hears of an end once it has let the task run; until then the row keeps it. */
  #settleOf(node: DagNode, state: "success" | "failed"): void {
    if (this.#letRun.has(node)) this.#queue(this.#progress.settle(node, state));
  }

  #collectRetries(): void {
    for (const instance of this.#retries.takeDue()) {
      this.#table.change(instance.node, instance.mapIndex, { state: "scheduled", retryAt: null });
      this.#singleFlight.enqueue(instance);
    }
  }

  /** Turns decisions into rows and asks the cache, until neither has anything new. */
  async #settle(lookup: PassLookup): Promise<void> {
    do {
      await this.#decideAll();
      const answered = await this.#cacheStep.ask(lookup, this.#run, this.#ready);
      this.#ready = [];
      this.#take(answered);
      this.#take(await this.#singleFlight.admit(lookup, this.#run));
    } while (this.#decisions.length > 0 || this.#ready.length > 0);
  }

  #take(answered: readonly AnsweredInstance[]): void {
    for (const { node, mapIndex, change, xcoms, returned } of answered) {
      const { state } = this.#table.change(node, mapIndex, change);
      if (!isTerminal(state)) {
        this.#singleFlight.enqueue({ node, mapIndex });
        continue;
      }
      this.#writer.addXComs(xcoms.map((xcom) => ({ ...xcom, isCached: true })));
      this.#results.keepBytes(xcoms);
      if (state === "success") this.#results.setReturned(node, mapIndex, returned);
      this.#queue(this.#progress.settle(node, state));
    }
  }

  /** One by one: a mapped task may give more decisions than a call takes arguments. */
  #queue(decisions: readonly Decision[]): void {
    for (const decision of decisions) this.#decisions.push(decision);
  }

  async #decideAll(): Promise<void> {
    let done = 0;
    try {
      for (; done < this.#decisions.length; done += 1) {
        const decision = this.#decisions[done];
        if (decision) this.#queue(await this.#decide(decision));
      }
    } finally {
      // What was decided before a fault is not decided again.
      this.#decisions.splice(0, done);
    }
  }

  async #decide(decision: Decision): Promise<Decision[]> {
    const { node } = decision;
    if (decision.kind === "expand") return await this.#expand(node);
    const { mapIndex } = decision;
    const row = this.#table.find(node, mapIndex);
    if (decision.kind === "ended") {
      if (node.isMapped) this.#removeOpen(node);
      if (row && isTerminal(row.state)) return [];
      const endedAt = this.#context.clock.now();
      this.#abandon(row?.attemptId);
      this.#table.change(node, mapIndex, { state: decision.state, endedAt, attemptId: null });
      return [];
    }
    this.#letRun.add(node);
    const instance = { node, mapIndex };
    // A row of an earlier holder: what ended stays ended, what waited waits on.
    if (!row || row.state === "none") this.#ready.push(instance);
    else if (isTerminal(row.state)) return this.#progress.settle(node, row.state);
    else if (row.state === "scheduled") this.#singleFlight.enqueue(instance);
    else if (row.state === "up_for_retry") this.#retries.add(instance, row.retryAt ?? 0);
    return [];
  }

  async #expand(node: DagNode): Promise<Decision[]> {
    const unexpanded = this.#table.find(node, UNMAPPED);
    if (unexpanded && isTerminal(unexpanded.state)) return this.#progress.settle(node, unexpanded.state);
    try {
      const expansion = await expandTask(node, this.#results, this.#version.dag.maxMapLength);
      this.#expansions.set(node.index, expansion);
      this.#removeBeyond(node, expansion.count);
      return this.#progress.expand(node, expansion.count);
    } catch (error) {
      if (!(error instanceof MemodagError)) throw error;
      const endedAt = this.#context.clock.now();
      const stored = { code: error.code, message: error.message };
      this.#removeOpen(node);
      this.#table.change(node, UNMAPPED, { state: "failed", endedAt, error: stored });
      return this.#progress.settle(node, "failed");
    }
  }

  /** After a clear, a list may have come to another length: instances that it had before go. */
  #removeBeyond(node: DagNode, count: number): void {
    for (const { mapIndex } of this.#table.listOf(node)) {
      const isUnexpanded = mapIndex === UNMAPPED && count > 0;
      if (isUnexpanded || mapIndex >= count) this.#remove(node, mapIndex);
    }
  }

  /** A mapped task that ends unexpanded ends as one; of what it was, only what has ended stays. */
  #removeOpen(node: DagNode): void {
    for (const { mapIndex, state } of this.#table.listOf(node)) {
      if (mapIndex !== UNMAPPED && !isTerminal(state)) this.#remove(node, mapIndex);
    }
  }

  #remove(node: DagNode, mapIndex: number): void {
    this.#abandon(this.#table.get(node, mapIndex).attemptId);
    this.#results.forgetReturned(node, mapIndex);
    this.#table.remove(node, mapIndex);
  }

  #abandon(attemptId: string | null | undefined): void {
    if (attemptId) this.#dispatcher.abandon(attemptId);
  }
}

/** What ends an attempt whose instance was cleared while it ran. */
const CLEARED: StoredError = { code: "attempt_lost", message: "its task was cleared, and runs anew" };

/** Lost, not failed: the next attempt has a number of its own and costs the author no retry. */
function afterLoss(row: TaskInstance): Partial<TaskInstance> {
  return { state: "scheduled", attemptId: null, startedAt: null, maxTries: row.maxTries + 1 };
}
