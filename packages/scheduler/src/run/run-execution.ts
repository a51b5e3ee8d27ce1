// One run in the hands of this scheduler: what happened goes in, passes decide, write and dispatch.

import {
  isTerminal,
  type ClaimedRun,
  type DagRun,
  type ExecutorEvent,
  type StoredError,
} from "@memodag/core";
import type { PassLookup } from "@memodag/result-cache";
import type { DagNode } from "../graph/dag-graph.ts";
import type { VersionGraph } from "../graph/version-graphs.ts";
import { AttemptEnds, afterLoss } from "./attempt-ends.ts";
import { AttemptResults, type ResultEvent } from "./attempt-results.ts";
import type { AnsweredInstance } from "./cache-answer.ts";
import { CacheStep } from "./cache-step.ts";
import { Dispatcher } from "./dispatcher.ts";
import { InstanceTable } from "./instance-table.ts";
import { MissNotes } from "./miss-notes.ts";
import { PassWriter, type WriteResult } from "./pass-writer.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import type { RunContext } from "./run-context.ts";
import { RunDecisions } from "./run-decisions.ts";
import { RunResults } from "./run-results.ts";
import { RunSteps, type StepEvent } from "./run-steps.ts";
import { SingleFlight } from "./single-flight.ts";
import { TimedWaits } from "./timed-waits.ts";

/** What a pass came to. `reload`: the database has moved on; the run must be claimed again. */
export type PassResult = "open" | "over" | Exclude<WriteResult, "written">;

type RunEvent = ExecutorEvent | ResultEvent | StepEvent;

/** Executes one claimed run. Passes must not overlap; events may come at any time. */
export class RunExecution {
  readonly #context: RunContext;
  readonly #table: InstanceTable;
  readonly #results: RunResults;
  readonly #waits: TimedWaits;
  readonly #decisions: RunDecisions;
  readonly #cacheStep: CacheStep;
  readonly #missNotes: MissNotes;
  readonly #attemptResults: AttemptResults;
  readonly #attemptEnds: AttemptEnds;
  readonly #dispatcher: Dispatcher;
  readonly #steps: RunSteps;
  readonly #singleFlight: SingleFlight;
  readonly #writer: PassWriter;
  readonly #wake: () => void;

  #run: DagRun;
  #events: RunEvent[] = [];
  /** Of attempts, what passes have acted on since one was written. */
  #unwritten: ExecutorEvent[] = [];

  constructor(context: RunContext, claimed: ClaimedRun, { version, graph }: VersionGraph, wake: () => void) {
    this.#context = context;
    this.#wake = wake;
    this.#run = claimed.run;
    const table = new InstanceTable(graph.nodes.length);
    const results = new RunResults(claimed.run.team, graph, context.runs, context.values);
    const waits = new TimedWaits(context.clock, wake);
    const handle = (event: RunEvent): void => this.handle(event);
    const decisions = new RunDecisions({
      context,
      graph,
      table,
      results,
      waits,
      resume: (instance) => this.#singleFlight.enqueue(instance),
      abandon: (attemptId) => this.#dispatcher.abandon(attemptId),
      onFailed: (node, row) => this.#writer.owe("failure", node, row),
    });
    const { argsOf } = decisions;
    const refreshReasonOf = (node: DagNode, mapIndex: number): string | null => {
      const row = table.find(node, mapIndex);
      return row?.cacheStatus === "skipped" ? (row.cacheReason ?? "cleared") : null;
    };
    const cacheStep = new CacheStep(context, version.dag, results, argsOf, refreshReasonOf);
    const attemptResults = new AttemptResults(context, version.dag, cacheStep, handle);
    const dispatcher = new Dispatcher({ context, version, table, results, attemptResults, argsOf, handle });
    const steps = new RunSteps({ context, table, results, argsOf, handle, wake });
    const dispatch = (instance: ReadyInstance): void =>
      (instance.node.task.runStep ? steps : dispatcher).enqueue(instance);
    const singleFlight = new SingleFlight({ context, table, cacheStep, dispatch, wake });
    const writer = new PassWriter(context, table, claimed, version.dag.maxActiveTasks);
    this.#table = table;
    this.#results = results;
    this.#waits = waits;
    this.#decisions = decisions;
    this.#cacheStep = cacheStep;
    this.#missNotes = new MissNotes(context, cacheStep);
    this.#attemptResults = attemptResults;
    this.#dispatcher = dispatcher;
    this.#steps = steps;
    this.#singleFlight = singleFlight;
    this.#writer = writer;
    this.#attemptEnds = new AttemptEnds({
      context,
      table,
      results,
      attemptResults,
      decisions,
      singleFlight,
      waits,
      writer,
    });
    this.#load(claimed);
    decisions.start();
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
    return this.#dispatcher.wantsToSubmit || this.#steps.wantsToSubmit;
  }

  /** True when everything under way waits for a time or for another run: it costs nothing but its place. */
  get isResting(): boolean {
    const waiting = this.#waits.size + this.#steps.waiting;
    return waiting > 0 && !this.#dispatcher.isBusy && !this.#singleFlight.wantsSlots;
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
    this.#steps.reportLate();
    for (let event = this.#events[0]; event; event = this.#events[0]) {
      await this.#apply(event);
      this.#events.shift();
      if (isOfAttempt(event)) this.#unwritten.push(event);
    }
    this.#collectDue();
    await this.#settle(lookup);
    this.#dispatcher.choose();
    this.#steps.begin();
    const isStoring = this.#attemptResults.pending > 0 || this.#events.length > 0;
    const isOver = this.#decisions.isOver && !isStoring;
    const now = this.#context.clock.now();
    this.#run = {
      ...this.#run,
      state: isOver ? this.#decisions.outcome : "running",
      startedAt: this.#run.startedAt ?? now,
      endedAt: isOver ? now : null,
      lookups: this.#run.lookups + lookup.roundTrips,
    };
    const written = await this.#writer.write(this.#run, (free) => this.#dispatcher.retreat(free));
    if (written !== "written") return written;
    this.#unwritten = [];
    this.#dispatcher.giveRoom();
    await this.#dispatcher.submit(this.#run);
    await this.#steps.submit(this.#run);
    this.#results.releaseBytes();
    this.#attemptResults.startStores(this.#run);
    this.#missNotes.release(this.#run);
    return isOver ? "over" : "open";
  }

  /** Ends every attempt of the run; for a run whose lease is lost. */
  cancelAttempts(error: StoredError): void {
    this.#dispatcher.cancelAll(error);
    this.#steps.leave();
    this.#singleFlight.leave();
  }

  /** Leaves the attempts to run on, for the execution that takes over from this one. */
  forgetAttempts(): void {
    this.#dispatcher.forgetAll();
    // What came of them was not written: it would be lost, and they would run once more.
    const unwritten = [...this.#unwritten, ...this.#events.filter(isOfAttempt)];
    this.#context.attempts.handBack(this.#run, unwritten);
    this.#steps.leave();
    this.#singleFlight.leave();
  }

  /** Rows of an earlier holder. Its attempts are gone with it unless this process's executor has them. */
  #load(claimed: ClaimedRun): void {
    for (const row of claimed.instances) {
      const node = this.#results.nodeOf(row.taskId);
      this.#table.load(node, row);
      if (row.state !== "queued" && row.state !== "running") continue;
      // No attempt: it goes on with what it had begun.
      if (node.task.runStep) continue;
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
    if (event.kind === "step") {
      const outcome = this.#steps.take(event);
      if (outcome) await this.#attemptEnds.take(event, outcome);
      return;
    }
    const instance = this.#dispatcher.instanceOf(event.attemptId);
    // An attempt that nobody waits for any more: its result must change nothing.
    if (!instance) return;
    if (event.kind === "finished") {
      await this.#attemptEnds.take(instance, event.outcome);
      this.#dispatcher.settle(event.attemptId);
      return;
    }
    this.#run = { ...this.#run, processesSpawned: this.#run.processesSpawned + 1 };
    const startedAt = this.#context.clock.now();
    this.#table.change(instance.node, instance.mapIndex, { state: "running", startedAt });
    this.#beginWait(instance, startedAt);
  }

  /** A sensor's first poke, from which its timeout counts. */
  #beginWait({ node, mapIndex }: ReadyInstance, now: number): void {
    if (!node.task.sensor || this.#table.get(node, mapIndex).waitingSince !== null) return;
    this.#table.change(node, mapIndex, { waitingSince: now });
  }

  #collectDue(): void {
    for (const instance of this.#waits.takeDue()) {
      this.#table.change(instance.node, instance.mapIndex, { state: "scheduled", retryAt: null });
      this.#singleFlight.enqueue(instance);
    }
  }

  /** Turns decisions into rows and asks the cache, until neither has anything new. */
  async #settle(lookup: PassLookup): Promise<void> {
    do {
      await this.#decisions.carryOut();
      const ready = this.#decisions.nextReady(MOST_ASKED);
      const answered = await this.#cacheStep.ask(lookup, this.#run, ready);
      this.#decisions.dropReady(ready.length);
      this.#take(answered);
      this.#take(await this.#singleFlight.admit(lookup, this.#run));
    } while (this.#decisions.hasWork);
  }

  #take(answered: readonly AnsweredInstance[]): void {
    for (const instance of answered) {
      const { node, mapIndex, change, xcoms, returned } = instance;
      const row = this.#table.change(node, mapIndex, change);
      const { state } = row;
      if (!isTerminal(state)) {
        this.#missNotes.add(instance);
        this.#singleFlight.enqueue({ node, mapIndex });
        continue;
      }
      this.#writer.addXComs(xcoms.map((xcom) => ({ ...xcom, isCached: true })));
      this.#results.keepBytes(xcoms);
      if (state === "success") this.#results.setReturned(node, mapIndex, returned);
      if (state === "success" || state === "failed")
        this.#writer.owe(state === "success" ? "success" : "failure", node, row);
      this.#decisions.settle(node, state);
    }
  }
}

/** Instances that the cache is asked about at a time, so that a run of very many takes no more memory. */
const MOST_ASKED = 10_000;

function isOfAttempt(event: RunEvent): event is ExecutorEvent {
  return event.kind === "started" || event.kind === "finished";
}

/** What ends an attempt whose instance was cleared, or given a state, while it ran. */
const CLEARED: StoredError = {
  code: "attempt_lost",
  message: "its task was cleared or its state set by hand, so that nobody waits for it any more",
};
