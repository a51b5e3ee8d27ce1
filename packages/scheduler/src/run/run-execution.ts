// One run in the hands of this scheduler: what happened goes in, passes decide, write and dispatch.

import {
  isTerminal,
  type ClaimedRun,
  type DagRun,
  type ExecutorEvent,
  type StoredError,
} from "@memodag/core";
import type { PassLookup } from "@memodag/result-cache";
import type { VersionGraph } from "../graph/version-graphs.ts";
import type { AnsweredInstance } from "./cache-answer.ts";
import { loadRun } from "./load-run.ts";
import type { WriteResult } from "./pass-writer.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import type { RunContext } from "./run-context.ts";
import { assembleRun, type RunEvent, type RunParts } from "./run-parts.ts";

/** What a pass came to. `reload`: the database has moved on; the run must be claimed again. */
export type PassResult = "open" | "over" | Exclude<WriteResult, "written">;

/** Instances that the cache is asked about at a time, so that a run of very many takes no more memory. */
const MOST_ASKED = 10_000;

/** Executes one claimed run. Passes must not overlap; events may come at any time. */
export class RunExecution {
  readonly #parts: RunParts;
  readonly #wake: () => void;
  /** Aborted when this execution is over: its timers and watches end with it. */
  readonly #closed = new AbortController();

  /** How often the run had been changed manually when it was loaded. */
  readonly handCount: number;

  #run: DagRun;
  /** Everything has ended but processes of attempts that are being ended. */
  #isEnding = false;
  #events: RunEvent[] = [];
  /** Of attempts, what passes have acted on since one was written. */
  #unwritten: ExecutorEvent[] = [];

  constructor(context: RunContext, claimed: ClaimedRun, graph: VersionGraph, wake: () => void) {
    this.#wake = wake;
    this.#run = claimed.run;
    this.handCount = claimed.handCount;
    this.#parts = assembleRun(context, claimed, graph, {
      handle: (event) => this.handle(event),
      wake,
      closed: this.#closed.signal,
    });
    loadRun(claimed, this.#parts, (event) => this.handle(event));
    this.#parts.decisions.start();
  }

  get run(): DagRun {
    return this.#run;
  }

  /** True while results are being stored in the cache. */
  get isStoring(): boolean {
    return this.#parts.attemptResults.storing > 0;
  }

  /** Resolves when the stores that are under way have ended; each has its deadline. */
  async whenStored(): Promise<void> {
    await this.#parts.attemptResults.whenStored();
  }

  /** True when instances wait for nothing but a free slot, or the run for the last process to go. */
  get wantsSlots(): boolean {
    const { dispatcher, singleFlight } = this.#parts;
    return dispatcher.wantsSlots || singleFlight.wantsSlots || this.#isEnding;
  }

  /** True when attempts are recorded and not submitted yet. */
  get wantsToSubmit(): boolean {
    const { dispatcher, steps } = this.#parts;
    return dispatcher.wantsToSubmit || steps.wantsToSubmit;
  }

  /** True when everything under way waits for a time or for another run: it costs nothing but its place. */
  get isResting(): boolean {
    const { waits, steps, dispatcher, singleFlight } = this.#parts;
    return waits.size + steps.waiting > 0 && !dispatcher.isBusy && !singleFlight.wantsSlots;
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
    const { context, decisions, dispatcher, steps, attemptResults, writer, results, missNotes } = this.#parts;
    const lookup = context.cache.openPass(this.#run.team);
    steps.reportLate();
    for (let event = this.#events[0]; event; event = this.#events[0]) {
      await this.#apply(event);
      this.#events.shift();
      if (isOfAttempt(event)) this.#unwritten.push(event);
    }
    this.#collectDue();
    const isSettled = await this.#settle(lookup);
    dispatcher.choose();
    steps.begin();
    const isStoring = attemptResults.pending > 0 || this.#events.length > 0;
    const hasEnded = decisions.isOver && !isStoring;
    // Whoever runs it again finds nothing of it running.
    this.#isEnding = hasEnded && context.attempts.hasRunning(this.#run);
    const isOver = hasEnded && !this.#isEnding;
    const now = context.clock.now();
    this.#run = {
      ...this.#run,
      state: isOver ? decisions.outcome : "running",
      startedAt: this.#run.startedAt ?? now,
      endedAt: isOver ? now : null,
      lookups: this.#run.lookups + lookup.roundTrips,
    };
    const written = await writer.write(this.#run, (free) => dispatcher.retreat(free));
    if (written !== "written") return written;
    this.#unwritten = [];
    dispatcher.giveRoom();
    await dispatcher.submit(this.#run);
    await steps.submit(this.#run);
    results.releaseBytes();
    attemptResults.startStores(this.#run);
    missNotes.release(this.#run);
    if (!isSettled) this.#wake();
    return isOver ? "over" : "open";
  }

  /** Ends its timers and watches; no pass begins from now on. */
  close(): void {
    this.#closed.abort();
    this.#parts.singleFlight.leave();
    this.#parts.steps.leave();
  }

  /** Ends every attempt of the run; for a run whose lease is lost. */
  cancelAttempts(error: StoredError): void {
    this.#parts.dispatcher.cancelAll(error);
  }

  /** Leaves the attempts to run on, for the execution that takes over from this one. */
  forgetAttempts(): void {
    const { context, dispatcher } = this.#parts;
    dispatcher.forgetAll();
    // What came of them was not written: it would be lost, and they would run once more.
    const unwritten = [...this.#unwritten, ...this.#events.filter(isOfAttempt)];
    context.attempts.handBack(this.#run, unwritten);
  }

  async #apply(event: RunEvent): Promise<void> {
    const { context, table, dispatcher, steps, attemptEnds, singleFlight } = this.#parts;
    if (event.kind === "stored") {
      const { cacheStatus, cacheReason } = event;
      if (table.find(event.node, event.mapIndex))
        table.change(event.node, event.mapIndex, { cacheStatus, cacheReason });
      singleFlight.release(event);
      return;
    }
    if (event.kind === "step") {
      const outcome = steps.take(event);
      if (outcome) await attemptEnds.take(event, outcome);
      return;
    }
    const instance = dispatcher.instanceOf(event.attemptId);
    // An attempt that nobody waits for any more: its result must change nothing.
    if (!instance) return;
    if (event.kind === "finished") {
      await attemptEnds.take(instance, event.outcome);
      dispatcher.settle(event.attemptId);
      return;
    }
    this.#run = { ...this.#run, processesSpawned: this.#run.processesSpawned + 1 };
    const startedAt = context.clock.now();
    table.change(instance.node, instance.mapIndex, { state: "running", startedAt });
    this.#beginWait(instance, startedAt);
  }

  /** A sensor's first poke, from which its timeout counts. */
  #beginWait({ node, mapIndex }: ReadyInstance, now: number): void {
    const { table } = this.#parts;
    if (!node.task.sensor || table.get(node, mapIndex).waitingSince !== null) return;
    table.change(node, mapIndex, { waitingSince: now });
  }

  #collectDue(): void {
    const { waits, table, singleFlight } = this.#parts;
    for (const instance of waits.takeDue()) {
      table.change(instance.node, instance.mapIndex, { state: "scheduled", retryAt: null });
      singleFlight.enqueue(instance);
    }
  }

  /**
   * Turns decisions into rows and asks the cache, until neither has anything new.
   * @returns false when there is so much to write that the rest is for another pass
   */
  async #settle(lookup: PassLookup): Promise<boolean> {
    const { decisions, cacheStep, singleFlight, results } = this.#parts;
    do {
      // Bytes are kept until they are written, and there may be many more.
      if (results.isFull) return false;
      await decisions.carryOut();
      const ready = decisions.nextReady(MOST_ASKED);
      const answered = await cacheStep.ask(lookup, this.#run, ready);
      decisions.dropReady(answered.length);
      this.#take(answered);
      this.#take(await singleFlight.admit(lookup, this.#run));
    } while (decisions.hasWork);
    return true;
  }

  #take(answered: readonly AnsweredInstance[]): void {
    const { table, missNotes, singleFlight, writer, results, decisions } = this.#parts;
    for (const instance of answered) {
      const { node, mapIndex, change, xcoms, returned } = instance;
      const row = table.change(node, mapIndex, change);
      const { state } = row;
      if (!isTerminal(state)) {
        missNotes.add(instance);
        singleFlight.enqueue({ node, mapIndex });
        continue;
      }
      writer.addXComs(xcoms.map((xcom) => ({ ...xcom, isCached: true })));
      results.keepBytes(xcoms);
      if (state === "success") results.setReturned(node, mapIndex, returned);
      if (state === "success" || state === "failed")
        writer.owe(state === "success" ? "success" : "failure", node, row);
      decisions.settle(node, state);
    }
  }
}

function isOfAttempt(event: RunEvent): event is ExecutorEvent {
  return event.kind === "started" || event.kind === "finished";
}
