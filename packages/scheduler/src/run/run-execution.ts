// One run in the hands of this scheduler: what happened goes in, passes decide, write and dispatch.

import {
  MemodagError,
  UNMAPPED,
  isTerminal,
  messageOf,
  type ClaimedRun,
  type DagRun,
  type DagVersion,
  type ExecutorEvent,
  type NamedTemplate,
  type StoredError,
  type TaskInstance,
  type XComWrite,
} from "@memodag/core";
import type { PassLookup } from "@memodag/result-cache";
import { buildDagGraph, type DagGraph, type DagNode } from "../graph/dag-graph.ts";
import { RunProgress, type Decision } from "../graph/run-progress.ts";
import { buildAttempt } from "./attempt-builder.ts";
import { AttemptResults, type ResultEvent } from "./attempt-results.ts";
import { CacheStep, type ReadyInstance } from "./cache-step.ts";
import { argsOfInstance, expandTask, type Expansion } from "./expansion.ts";
import { InstanceTable } from "./instance-table.ts";
import type { RunContext } from "./run-context.ts";
import { RunResults } from "./run-results.ts";

/** What a pass came to. `reload`: the database has moved on; the run must be claimed again. */
export type PassResult = "open" | "over" | "lease_lost" | "reload";

/** Executes one claimed run. Passes must not overlap; events may come at any time. */
export class RunExecution {
  readonly #context: RunContext;
  readonly #version: DagVersion;
  readonly #graph: DagGraph;
  readonly #progress: RunProgress;
  readonly #table: InstanceTable;
  readonly #results: RunResults;
  readonly #cacheStep: CacheStep;
  readonly #attemptResults: AttemptResults;
  readonly #expansions = new Map<number, Expansion>();
  readonly #attempts = new Map<string, { readonly node: DagNode; readonly mapIndex: number }>();
  readonly #wake: () => void;

  #run: DagRun;
  #storedRunState: DagRun["state"];
  #events: (ExecutorEvent | ResultEvent)[] = [];
  #decisions: Decision[] = [];
  #ready: ReadyInstance[] = [];
  #waiting: ReadyInstance[] = [];
  readonly #retrying = new Set<ReadyInstance>();
  #toSubmit: (ReadyInstance & { readonly attemptId: string })[] = [];
  #xcoms: (XComWrite & { readonly bytes: Uint8Array; readonly isCached: boolean })[] = [];

  constructor(context: RunContext, claimed: ClaimedRun, version: DagVersion, wake: () => void) {
    this.#context = context;
    this.#version = version;
    this.#wake = wake;
    this.#run = claimed.run;
    this.#storedRunState = claimed.run.state;
    this.#graph = buildDagGraph(version.dag);
    this.#progress = new RunProgress(this.#graph);
    this.#table = new InstanceTable(this.#graph.nodes.length);
    this.#results = new RunResults(claimed.run.team, this.#graph, context.runs);
    this.#cacheStep = new CacheStep(context, version.dag, this.#results, this.#argsOf);
    this.#attemptResults = new AttemptResults(context, this.#cacheStep, (event) => this.handle(event));
    this.#load(claimed);
    this.#decisions = this.#progress.start();
  }

  get run(): DagRun {
    return this.#run;
  }

  /** True when instances wait for nothing but a free slot. */
  get wantsSlots(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes note of what happened; the next pass acts on it. */
  handle(event: ExecutorEvent | ResultEvent): void {
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
    this.#chooseAttempts();
    const isOver = this.#progress.isOver && this.#attemptResults.pending === 0;
    const state = isOver ? this.#progress.outcome : "running";
    const now = this.#context.clock.now();
    const { run } = this;
    this.#run = {
      ...run,
      state,
      startedAt: run.startedAt ?? now,
      endedAt: isOver ? now : null,
      lookups: run.lookups + lookup.roundTrips,
    };
    const outcome = await this.#write();
    if (outcome !== "written") return outcome;
    await this.#submit();
    this.#attemptResults.startStores(this.#run);
    return isOver ? "over" : "open";
  }

  /** Ends every attempt of the run; for a run whose lease is lost. */
  cancelAttempts(error: StoredError): void {
    for (const attemptId of this.#attempts.keys()) this.#context.attempts.cancel(attemptId, error);
  }

  /** Leaves the attempts to run on, for the execution that takes over from this one. */
  forgetAttempts(): void {
    this.#context.attempts.forget(this.#attempts.keys());
  }

  /** Rows of an earlier holder. Its attempts are gone with it unless this process's executor has them. */
  #load(claimed: ClaimedRun): void {
    for (const row of claimed.instances) {
      const node = this.#results.nodeOf(row.taskId);
      this.#table.load(node, row);
      if (row.state !== "queued" && row.state !== "running") continue;
      if (row.attemptId !== null && this.#context.attempts.isLive(row.attemptId)) {
        this.#attempts.set(row.attemptId, { node, mapIndex: row.mapIndex });
        this.#context.attempts.listen(row.attemptId, (event) => this.handle(event));
        continue;
      }
      // Lost, not failed: the next attempt has a number of its own and costs the author no retry.
      this.#table.change(node, row.mapIndex, {
        state: "scheduled",
        attemptId: null,
        maxTries: row.maxTries + 1,
      });
      this.#context.log.warn("an attempt was lost with its scheduler and runs again", {
        dagId: claimed.run.dagId,
        runId: claimed.run.runId,
        taskId: row.taskId,
        mapIndex: row.mapIndex,
        tryNumber: row.tryNumber,
      });
    }
    for (const xcom of claimed.xcoms) this.#attemptResults.load(this.#results, xcom);
  }

  async #apply(event: ExecutorEvent | ResultEvent): Promise<void> {
    if (event.kind === "stored") {
      this.#table.change(event.node, event.mapIndex, {
        cacheStatus: event.cacheStatus,
        cacheReason: event.cacheReason,
      });
      return;
    }
    const attempt = this.#attempts.get(event.attemptId);
    // An attempt that nobody waits for any more: its result must change nothing.
    if (!attempt) return;
    const { node, mapIndex } = attempt;
    if (event.kind === "started") {
      this.#run = { ...this.#run, processesSpawned: this.#run.processesSpawned + 1 };
      this.#table.change(node, mapIndex, { state: "running", startedAt: this.#context.clock.now() });
      return;
    }
    const row = this.#table.get(node, mapIndex);
    const endedAt = this.#context.clock.now();
    const times = { attemptId: null, endedAt, durationMs: endedAt - (row.startedAt ?? endedAt) };
    if (event.outcome.kind === "succeeded") {
      const { outcome } = event;
      const ended = { ...row, ...times };
      const accepted = await this.#attemptResults.accept(node, ended, outcome);
      this.#table.change(node, mapIndex, { ...times, ...accepted.change, state: "success", error: null });
      for (const xcom of accepted.xcoms) this.#xcoms.push({ ...xcom, isCached: false });
      this.#results.setReturned(node, mapIndex, accepted.returned);
      this.#decisions.push(...this.#progress.settle(node, "success"));
    } else {
      this.#fail(node, mapIndex, event.outcome.error, event.outcome.retryable, times);
    }
    this.#attempts.delete(event.attemptId);
  }

  #fail(
    node: DagNode,
    mapIndex: number,
    error: StoredError,
    retryable: boolean,
    change: Partial<TaskInstance>,
  ): void {
    const row = this.#table.find(node, mapIndex);
    if (row && retryable && row.tryNumber < row.maxTries) {
      const retryAt = this.#context.clock.now() + node.task.retryDelayMs;
      this.#table.change(node, mapIndex, { ...change, state: "up_for_retry", retryAt, error });
      this.#retryAt({ node, mapIndex }, retryAt);
      return;
    }
    this.#table.change(node, mapIndex, { ...change, state: "failed", error });
    this.#decisions.push(...this.#progress.settle(node, "failed"));
  }

  #retryAt(instance: ReadyInstance, retryAt: number): void {
    this.#retrying.add(instance);
    this.#context.clock.after(retryAt - this.#context.clock.now(), this.#wake);
  }

  #collectRetries(): void {
    const now = this.#context.clock.now();
    for (const instance of this.#retrying) {
      const { node, mapIndex } = instance;
      if ((this.#table.get(node, mapIndex).retryAt ?? 0) > now) continue;
      this.#retrying.delete(instance);
      this.#table.change(node, mapIndex, { state: "scheduled", retryAt: null });
      this.#waiting.push(instance);
    }
  }

  /** Turns decisions into rows and asks the cache, until neither has anything new. */
  async #settle(lookup: PassLookup): Promise<void> {
    while (this.#decisions.length > 0 || this.#ready.length > 0) {
      await this.#decideAll();
      const answered = await this.#cacheStep.ask(lookup, this.#run, this.#ready);
      this.#ready = [];
      for (const { node, mapIndex, change, xcoms, returned } of answered) {
        this.#table.change(node, mapIndex, change);
        if (change.state !== "success") {
          this.#waiting.push({ node, mapIndex });
          continue;
        }
        for (const xcom of xcoms) this.#xcoms.push({ ...xcom, isCached: true });
        this.#results.setReturned(node, mapIndex, returned);
        this.#decisions.push(...this.#progress.settle(node, "success"));
      }
    }
  }

  async #decideAll(): Promise<void> {
    let done = 0;
    try {
      for (; done < this.#decisions.length; done += 1) {
        const decision = this.#decisions[done];
        if (decision) this.#decisions.push(...(await this.#decide(decision)));
      }
    } finally {
      // What was decided before a fault is not decided again.
      this.#decisions.splice(0, done);
    }
  }

  async #decide(decision: Decision): Promise<Decision[]> {
    const { node } = decision;
    if (decision.kind === "expand") return await this.#expand(node);
    const row = this.#table.find(node, decision.mapIndex);
    if (decision.kind === "ended") {
      const endedAt = this.#context.clock.now();
      if (!row) this.#table.change(node, decision.mapIndex, { state: decision.state, endedAt });
      return [];
    }
    if (!row) {
      this.#ready.push({ node, mapIndex: decision.mapIndex });
      return [];
    }
    // A row of an earlier holder: what ended stays ended, what waited waits on.
    if (isTerminal(row.state)) return this.#progress.settle(node, row.state);
    if (row.state === "scheduled") this.#waiting.push({ node, mapIndex: decision.mapIndex });
    if (row.state === "up_for_retry") this.#retryAt(decision, row.retryAt ?? 0);
    return [];
  }

  async #expand(node: DagNode): Promise<Decision[]> {
    const unexpanded = this.#table.find(node, UNMAPPED);
    if (unexpanded && isTerminal(unexpanded.state)) return this.#progress.settle(node, unexpanded.state);
    try {
      const expansion = await expandTask(node, this.#results, this.#version.dag.maxMapLength);
      this.#expansions.set(node.index, expansion);
      return this.#progress.expand(node, expansion.count);
    } catch (error) {
      if (!(error instanceof MemodagError)) throw error;
      const endedAt = this.#context.clock.now();
      this.#table.change(node, UNMAPPED, {
        state: "failed",
        endedAt,
        error: { code: error.code, message: error.message },
      });
      return this.#progress.settle(node, "failed");
    }
  }

  /** Gives the slots there are to what waits, heaviest first; the rest waits on. */
  #chooseAttempts(): void {
    const waiting = this.#waiting.toSorted((a, b) => b.node.task.priorityWeight - a.node.task.priorityWeight);
    const rest: ReadyInstance[] = [];
    for (const instance of waiting) {
      if (!this.#context.attempts.tryTakeSlot()) {
        rest.push(instance);
        continue;
      }
      const { node, mapIndex } = instance;
      const attemptId = this.#context.newAttemptId();
      const { tryNumber } = this.#table.get(node, mapIndex);
      this.#table.change(node, mapIndex, {
        state: "queued",
        tryNumber: tryNumber + 1,
        attemptId,
        startedAt: null,
        endedAt: null,
        durationMs: null,
      });
      this.#attempts.set(attemptId, instance);
      this.#toSubmit.push({ ...instance, attemptId });
    }
    this.#waiting = rest;
  }

  async #write(): Promise<"written" | "lease_lost" | "reload"> {
    const { run } = this;
    if (!this.#table.isDirty && this.#xcoms.length === 0 && run.state === this.#storedRunState)
      return "written";
    const pending = this.#table.pendingWrites();
    const runWrite = {
      leaves: this.#storedRunState,
      state: run.state,
      startedAt: run.startedAt,
      endedAt: run.endedAt,
      processesSpawned: run.processesSpawned,
      lookups: run.lookups,
    };
    const write = async (sendCachedBytes: boolean) =>
      await this.#context.runs.writePass({
        runId: run.id,
        owner: this.#context.owner,
        run: runWrite,
        instances: pending.writes,
        removed: [],
        xcoms: this.#xcoms.map(({ isCached, ...xcom }) => ({
          ...xcom,
          bytes: isCached && !sendCachedBytes ? null : xcom.bytes,
        })),
      });
    let outcome = await write(!this.#context.resultsInMetastore);
    // The bytes of a hit went between lookup and commit; they are still in hand.
    if (outcome.kind === "bytes_missing") outcome = await write(true);
    if (outcome.kind === "lease_lost") return "lease_lost";
    if (outcome.kind !== "written") {
      this.#giveSlotsBack();
      return "reload";
    }
    pending.confirm();
    this.#xcoms = [];
    const runChanged = this.#storedRunState !== run.state;
    this.#storedRunState = run.state;
    for (const { instance } of pending.writes) this.#context.listener.instanceChanged?.(run, instance);
    if (runChanged) this.#context.listener.runChanged?.(run);
    this.#countHits(pending.writes.map((item) => item.instance));
    return "written";
  }

  #countHits(instances: readonly TaskInstance[]): void {
    const keys = instances.flatMap(({ cacheStatus, cacheKey }) =>
      cacheStatus === "hit" && cacheKey !== null ? [cacheKey] : [],
    );
    if (keys.length > 0) void this.#context.cache.countHits(this.#run.team, keys);
  }

  readonly #argsOf = (node: DagNode, mapIndex: number): NamedTemplate[] =>
    argsOfInstance(node, this.#expansions.get(node.index), mapIndex);

  #giveSlotsBack(): void {
    for (const _ of this.#toSubmit) this.#context.attempts.giveSlot();
    this.#toSubmit = [];
  }

  async #submit(): Promise<void> {
    for (let next = this.#toSubmit[0]; next; next = this.#toSubmit[0]) {
      const { node, mapIndex, attemptId } = next;
      const instance = this.#table.get(node, mapIndex);
      try {
        const attempt = await buildAttempt(
          {
            run: this.#run,
            version: this.#version,
            node,
            instance,
            attemptId,
            args: this.#argsOf(node, mapIndex),
            declaredContext: this.#attemptResults.willStore(instance)
              ? (node.task.cache?.includeInputs ?? [])
              : null,
          },
          this.#results,
        );
        this.#context.attempts.submit(attempt, (event) => this.handle(event));
      } catch (error) {
        if (!(error instanceof MemodagError)) throw error;
        const failure = { code: error.code, message: messageOf(error) };
        this.handle({
          kind: "finished",
          attemptId,
          outcome: { kind: "failed", error: failure, durationMs: 0, retryable: false },
        });
      }
      this.#toSubmit.shift();
      this.#context.attempts.giveSlot();
    }
  }
}
