// The execution of one run by this scheduler, and what happens in a pass over it: read `pass()` from top to
// bottom.
//
// `state/` holds the state, `phases/` decide without side effects, `effects/` talk to stores, executors and
// clocks.

import {
  MemodagError,
  type AttemptOutcome,
  type ClaimedRun,
  type DagRun,
  type StoredError,
} from "@memodag/core";
import type { PassLookups } from "@memodag/result-cache";
import { judgeOutcome } from "../attempts/judged-outcome.ts";
import { requirePlaced } from "../attempts/value-intake.ts";
import type { RunContext } from "../context/run-context.ts";
import type { DagNode } from "../graph/dag-graph.ts";
import type { ReadyInstance } from "../graph/ready-instance.ts";
import type { RunGraph } from "../graph/version-graphs.ts";
import { ScopedClock } from "../time/scoped-clock.ts";
import { TimedWaits } from "../time/timed-waits.ts";
import { AskCache } from "./effects/ask-cache.ts";
import { CarryOut } from "./effects/carry-out.ts";
import { Dispatcher } from "./effects/dispatcher.ts";
import { EntryLocks } from "./effects/entry-locks.ts";
import { GroupKeys } from "./effects/group-keys.ts";
import { GroupLookups } from "./effects/group-lookups.ts";
import { HeldLocks } from "./effects/held-locks.ts";
import { KeyQuestions } from "./effects/key-questions.ts";
import { OwnResults } from "./effects/own-results.ts";
import { PassWriter, type WriteResult } from "./effects/pass-writer.ts";
import { ResultStores } from "./effects/result-stores.ts";
import { RollbackGate } from "./effects/rollback-gate.ts";
import { RunSteps } from "./effects/run-steps.ts";
import { SingleFlight } from "./effects/single-flight.ts";
import { Transactions } from "./effects/transactions.ts";
import type { ForeseenTask } from "./foreseen-task.ts";
import { decideStep, readStepInput } from "./phases/decide.ts";
import { endAttempt } from "./phases/end-attempt.ts";
import { isOfAttempt, RunState, type RunEvent } from "./state/run-state.ts";

/** The outcome of a pass. `reload`: the database has changed; the run must be claimed again. */
export type PassResult = "open" | "over" | Exclude<WriteResult, "written">;

/** Instances for which the cache is asked at a time, which bounds the memory of very large runs. */
const MOST_ASKED = 10_000;

/** Executes one claimed run. Passes must not overlap; events may arrive at any time. */
export class RunExecution {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #nodes: readonly DagNode[];
  /** Packages, as `name@version`, that the Dag was loaded with. */
  readonly #locked: ReadonlySet<string>;
  readonly #waits: TimedWaits;
  readonly #cache: AskCache;
  readonly #keyQuestions: KeyQuestions;
  readonly #locks: HeldLocks;
  readonly #singleFlight: SingleFlight;
  readonly #dispatcher: Dispatcher;
  readonly #rollbacks: RollbackGate;
  readonly #entries: EntryLocks;
  readonly #steps: RunSteps;
  readonly #stores: ResultStores;
  readonly #own: OwnResults;
  readonly #groups: GroupLookups;
  readonly #transactions: Transactions;
  readonly #writer: PassWriter;
  readonly #carryOut: CarryOut;
  /** Aborted when this execution is over, which cancels its timers and watches. */
  readonly #closed = new AbortController();
  /** Everything has ended except the processes of attempts that are being ended. */
  #isEnding = false;

  constructor(context: RunContext, claimed: ClaimedRun, graph: RunGraph, wake: () => void) {
    const clock = new ScopedClock(context.clock, this.#closed.signal);
    const state = new RunState(context, claimed, graph, wake);
    const { packages } = graph.version.dag;
    this.#context = context;
    this.#state = state;
    this.#nodes = graph.graph.nodes;
    this.#locked = new Set(packages.map(({ name, version }) => `${name}@${version}`));
    this.#waits = new TimedWaits(clock, wake);
    this.#cache = new AskCache(context, state);
    this.#keyQuestions = new KeyQuestions(context, clock, state, this.#locked);
    this.#locks = new HeldLocks(context, state);
    this.#singleFlight = new SingleFlight(context, clock, state, this.#cache, this.#locks);
    const groupKeys = new GroupKeys(context, state);
    this.#dispatcher = new Dispatcher(context, state, { locks: this.#locks, groupKeys });
    this.#rollbacks = new RollbackGate(context, clock, state);
    this.#steps = new RunSteps(context, clock, state);
    this.#entries = new EntryLocks(context, clock, state);
    const used = { entries: this.#entries, locks: this.#locks, keyQuestions: this.#keyQuestions, groupKeys };
    this.#groups = new GroupLookups(context, state, groupKeys);
    this.#stores = new ResultStores(context, clock, state, used);
    this.#own = new OwnResults(context, state);
    this.#transactions = new Transactions(context, state, used);
    this.#writer = new PassWriter(context, state);
    this.#carryOut = new CarryOut(context, state, {
      waits: this.#waits,
      keyQuestions: this.#keyQuestions,
      singleFlight: this.#singleFlight,
      locks: this.#locks,
      dispatcher: this.#dispatcher,
      rollbacks: this.#rollbacks,
      entries: this.#entries,
      groups: this.#groups,
      steps: this.#steps,
    });
    this.#carryOut.load(claimed);
    this.#transactions.load();
    this.#entries.load();
    this.#own.load();
    state.work.start();
  }

  get run(): DagRun {
    return this.#state.run;
  }

  /** How often the run had been changed manually when it was loaded. */
  get handCount(): number {
    return this.#state.handCount;
  }

  /** True while results are being stored in the cache. */
  get isStoring(): boolean {
    return this.#stores.size + this.#transactions.size > 0;
  }

  /** Resolves when the stores in progress have ended; each has a deadline. */
  async whenStored(): Promise<void> {
    await this.#stores.whenStored();
    await this.#transactions.whenStored();
  }

  /** True when something happened that no pass has acted on, if only the end of a store. */
  get hasNews(): boolean {
    return this.#state.inbox.events.length > 0;
  }

  /** True when instances wait only for a free slot, or the run for its last process to end. */
  get wantsSlots(): boolean {
    return this.#dispatcher.wantsSlots || this.#singleFlight.wantsSlots || this.#isEnding;
  }

  /** True when attempts are recorded and not submitted yet. */
  get wantsToSubmit(): boolean {
    return this.#dispatcher.wantsToSubmit || this.#steps.wantsToSubmit;
  }

  /**
   * True when everything in progress waits for a time or for another run, so that the run costs nothing but
   * memory.
   */
  get isResting(): boolean {
    const wantsSlots = this.#dispatcher.wantsSlots || this.#singleFlight.wantsSlots;
    const isBusy = this.#state.underWay.size > 0 || wantsSlots || this.#keyQuestions.isWaiting;
    return this.#waits.size + this.#steps.waiting > 0 && !isBusy;
  }

  /**
   * Acts on all events, lets hits advance the graph until nothing new is ready, writes everything in one
   * transaction, and only then dispatches. When it throws (the database is unreachable), nothing is lost: the
   * next pass continues where this one stopped.
   */
  async pass(): Promise<PassResult> {
    this.#state.isPassing = true;
    try {
      return await this.#pass();
    } finally {
      this.#state.isPassing = false;
    }
  }

  async #pass(): Promise<PassResult> {
    const { results, inbox } = this.#state;
    const lookups = this.#context.caches.openPass(this.#state.run.team);
    this.#steps.reportLate();
    await this.#takeEvents();
    await this.#transactions.stage();
    for (const instance of this.#waits.takeDue()) this.#carryOut.due(instance);
    for (const instance of this.#rollbacks.release()) this.#carryOut.enter(instance);
    const { free, failed } = this.#entries.release();
    for (const instance of failed) this.#carryOut.answer(instance);
    for (const instance of free) this.#carryOut.enter(instance);
    const isSettled = await this.#settle(lookups);
    for (const instance of this.#dispatcher.choose()) {
      this.#carryOut.resume(instance);
      inbox.wake();
    }
    this.#steps.begin();
    await this.#transactions.judge();
    const isOver = this.#closeBooks(lookups.roundTrips);
    const written = await this.#writer.write(this.#dispatcher);
    if (written !== "written") return written;
    this.#context.attempts.settle(this.#state.unwritten);
    this.#state.unwritten = [];
    this.#entries.settle();
    this.#dispatcher.giveRoom();
    this.#dispatcher.submit();
    await this.#steps.submit();
    this.#keyQuestions.send();
    results.releaseBytes();
    this.#stores.start();
    this.#transactions.start();
    this.#stores.explain();
    if (!isSettled) inbox.wake();
    if (isOver) return "over";
    // Statuses of stores that ended during this pass are left to a later pass.
    this.#stores.tell();
    return "open";
  }

  /**
   * Decides everything that can be decided before anything has run, for a plan: nothing is written, stored or started,
   * and the execution is of no use afterwards.
   */
  async foresee(): Promise<ForeseenTask[]> {
    const { table, work, run, results, groups } = this.#state;
    if (!(await this.#settle(this.#context.caches.openPass(run.team))))
      throw new MemodagError(
        "plan_too_large",
        "The results that the cache has for this run are too many bytes to foretell it: plan a part of it, or run it",
      );
    this.#stores.explain();
    return this.#nodes.map((node) => ({
      node,
      rows: table.listOf(node),
      length: node.isMapped ? results.knownLengthOf(node) : 1,
      group: groups.of(node),
      isDone: work.isDone(node),
      isLetRun: work.hasLetRun(node),
    }));
  }

  /** Cancels its timers and watches; no pass starts any more. */
  close(): void {
    this.#closed.abort();
    this.#singleFlight.leave();
    this.#locks.leave();
    this.#entries.leave();
    this.#keyQuestions.leave();
    this.#steps.leave();
  }

  /** Ends every attempt of the run, after its lease was lost. */
  cancelAttempts(error: StoredError): void {
    this.#dispatcher.cancelAll(error);
  }

  /** Leaves the attempts running, for the execution that replaces this one. */
  forgetAttempts(): void {
    this.#dispatcher.forgetAll();
    // Their outcomes were not written: without this they would be lost, and the attempts would run again.
    this.#context.attempts.handBack(this.#state.run, this.#state.unacted);
  }

  async #takeEvents(): Promise<void> {
    const { intake, underWay, inbox } = this.#state;
    const { events } = inbox;
    for (let event = events[0]; event; event = events[0]) {
      if (intake.isUnplaced(event)) event = await intake.placeAll(events, event, underWay);
      await this.#take(event);
      events.shift();
      if (isOfAttempt(event)) this.#state.unwritten.push(event);
    }
    this.#stores.rest();
  }

  async #take(event: RunEvent): Promise<void> {
    const { underWay } = this.#state;
    switch (event.kind) {
      case "stored":
        return this.#carryOut.stored(event);
      case "keyed":
        return this.#keyQuestions.take(event);
      case "keys_awaited":
        return this.#keyQuestions.showWaiting();
      case "committed":
        return this.#transactions.take(event);
      case "step": {
        const outcome = this.#steps.take(event);
        if (outcome) await this.#end(event, await this.#state.intake.placeOne(outcome));
        return;
      }
      case "started": {
        const instance = underWay.get(event.attemptId);
        if (instance) this.#carryOut.begin(instance, event.where);
        return;
      }
      case "finished": {
        // The result of an attempt that is no longer awaited must not change anything.
        const instance = underWay.get(event.attemptId);
        if (!instance) return;
        await this.#end(instance, event.outcome);
        this.#dispatcher.settle(event.attemptId);
      }
    }
  }

  async #end(instance: ReadyInstance, reported: AttemptOutcome): Promise<void> {
    const { node, mapIndex } = instance;
    const { table, results, work } = this.#state;
    const { clock, random } = this.#context;
    const outcome = await judgeOutcome(node, reported, results);
    const row = table.get(node, mapIndex);
    const placed = outcome.kind === "succeeded" ? requirePlaced(outcome) : null;
    const isLetRun = work.hasLetRun(node);
    const known = { node, row, outcome, placed, isLetRun, locked: this.#locked, random };
    this.#carryOut.end(instance, endAttempt({ ...known, now: clock.now() }), placed);
  }

  /**
   * Turns decisions into rows and asks the cache until neither yields anything new.
   * @returns false when there is so much to write that the rest is left to another pass
   */
  async #settle(lookups: PassLookups): Promise<boolean> {
    const { work, results } = this.#state;
    do {
      // Bytes are held until they are written, and there may be many more.
      if (results.isFull) return false;
      await this.#decide();
      await this.#keyQuestions.recall();
      const answered = await this.#cache.ask(lookups, work.nextReady(MOST_ASKED));
      work.dropReady(answered.length);
      for (const instance of await this.#own.take(answered)) this.#carryOut.answer(instance);
      for (const instance of await this.#own.release()) this.#carryOut.answer(instance);
      for (const instance of await this.#groups.answer(lookups)) this.#carryOut.answer(instance);
      const { answered: settled, free } = await this.#singleFlight.admit(lookups);
      for (const instance of settled) this.#carryOut.answer(instance);
      for (const instance of free) this.#carryOut.dispatch(instance);
    } while (work.hasWork || this.#groups.hasWork);
    return true;
  }

  async #decide(): Promise<void> {
    const { work, table, results, version } = this.#state;
    for (let step = work.nextStep(); step; step = work.nextStep()) {
      const reading = readStepInput(step, table, results, version.dag.maxMapLength);
      // Awaited only if there is something to wait for: a wide Dag has many thousands of steps.
      const input = reading instanceof Promise ? await reading : reading;
      this.#carryOut.step(step, decideStep(step, input, table, this.#context.clock.now()));
      work.stepDone();
    }
  }

  /** The state of the run after this pass: over when everything has ended, including stores and processes. */
  #closeBooks(roundTrips: number): boolean {
    const { work, run, inbox, storeJobs } = this.#state;
    const isStoring =
      storeJobs.length + this.#stores.size + this.#transactions.size + inbox.events.length > 0;
    const hasEnded = work.isOver && !isStoring;
    // A process that runs it again must find none of its processes running.
    this.#isEnding = hasEnded && this.#context.attempts.hasRunning(run);
    const isOver = hasEnded && !this.#isEnding;
    const now = this.#context.clock.now();
    this.#state.run = {
      ...run,
      state: isOver ? work.outcome : "running",
      startedAt: run.startedAt ?? now,
      endedAt: isOver ? now : null,
      lookups: run.lookups + roundTrips,
      bytesMoved: run.bytesMoved + (this.#context.entries?.takeMoved(run) ?? 0),
    };
    return isOver;
  }
}
