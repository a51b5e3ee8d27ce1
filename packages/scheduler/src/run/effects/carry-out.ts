// Carries out what phases decided: changes rows, informs the graph, and passes instances on to where they
// wait.

import {
  isTerminal,
  notSelected,
  UNMAPPED,
  type ClaimedRun,
  type ReasonCode,
  type TaskInstance,
} from "@memodag/core";
import { afterLoss, CLEARED, LOST_WITH_SCHEDULER, MOST_LOSSES } from "../../attempts/lost-attempt.ts";
import type { AnsweredInstance } from "../../cache/cache-answer.ts";
import { verdictOf } from "../../cache/store-status.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { TimedWaits } from "../../time/timed-waits.ts";
import type { Decided } from "../phases/decide.ts";
import { returnedOf, type AttemptEnd } from "../phases/end-attempt.ts";
import type { PlacedSuccess } from "../../attempts/value-intake.ts";
import type { Step } from "../state/graph-work.ts";
import type { RunState, StoredEvent } from "../state/run-state.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { KeyQuestions } from "./key-questions.ts";
import type { EntryLocks } from "./entry-locks.ts";
import type { GroupLookups } from "./group-lookups.ts";
import type { RollbackGate } from "./rollback-gate.ts";
import type { RunSteps } from "./run-steps.ts";
import type { HeldLocks } from "./held-locks.ts";
import type { SingleFlight } from "./single-flight.ts";

/** Why instances wait to be asked about. */
const HELD: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  "waiting_for_key",
  "waiting_for_lock",
  "waiting_for_rollback",
  "waiting_for_transaction",
]);

/** Where instances go next. */
export interface Destinations {
  /** Wait until a time. */
  readonly waits: TimedWaits;
  /** Wait for the answer of their key function. */
  readonly keyQuestions: KeyQuestions;
  /** Wait for the lease of their key. */
  readonly singleFlight: SingleFlight;
  /** The locks that they hold. */
  readonly locks: HeldLocks;
  /** Wait for the rollback of their transaction. */
  readonly rollbacks: RollbackGate;
  /** Wait for the lock of their transaction. */
  readonly entries: EntryLocks;
  /** Wait until their transaction, which has one record, is looked up. */
  readonly groups: GroupLookups;
  /** Wait for a free worker. */
  readonly dispatcher: Dispatcher;
  /** Are carried out by the scheduler itself. */
  readonly steps: RunSteps;
}

/** Applies decisions to one run. */
export class CarryOut {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #to: Destinations;

  constructor(context: RunContext, state: RunState, to: Destinations) {
    this.#context = context;
    this.#state = state;
    this.#to = to;
  }

  /**
   * Takes over what an earlier holder of the run has written. Attempts ended with their holder unless this
   * process's executor runs them; whether a queued attempt had started is not known.
   */
  load({ run, instances, xcoms }: ClaimedRun): void {
    const { table, results, inbox } = this.#state;
    const { attempts } = this.#context;
    for (const row of instances) {
      const node = results.nodeOf(row.taskId);
      const { state, mapIndex, attemptId } = row;
      table.load(node, row);
      // The cache is asked again about what missed: another run may have stored that result since. So is a key function.
      const reason = row.cacheReason?.code;
      const wasHeld = reason !== undefined && HELD.has(reason);
      if (state === "scheduled" && (row.cacheStatus === "miss" || wasHeld))
        table.change(node, mapIndex, { state: "none" });
      // A step has no attempt: it continues what it started.
      if ((state !== "queued" && state !== "running") || node.task.runStep) continue;
      if (attemptId === null) {
        table.change(node, mapIndex, afterLoss(row));
        continue;
      }
      this.#to.dispatcher.adopt(attemptId, { node, mapIndex });
      if (attempts.isLive(attemptId)) this.#to.locks.adopt({ node, mapIndex });
      if (!attempts.isLive(attemptId))
        inbox.put({ kind: "finished", attemptId, outcome: LOST_WITH_SCHEDULER });
    }
    for (const xcom of xcoms) results.load(xcom);
    this.#skipUnselected();
    void attempts.cancelDetached(run, CLEARED);
  }

  /**
   * Tasks that the run does not include have ended before it begins. Those upstream of one that it includes may
   * have values of an earlier run, as many as they had instances there.
   */
  #skipUnselected(): void {
    const { table, results, selected, run } = this.#state;
    if (!selected || !run.selection) return;
    const error = notSelected(run.selection);
    const endedAt = this.#context.clock.now();
    for (const { taskId } of this.#state.version.dag.tasks) {
      const node = results.nodeOf(taskId);
      if (selected.has(node.index)) continue;
      const ended = table.endedOf(node);
      if (node.isMapped) results.setLength(node, ended.filter(({ mapIndex }) => mapIndex >= 0).length);
      // A state that was set manually stays.
      if (ended.length > 0) continue;
      table.change(node, UNMAPPED, { state: "skipped", endedAt, error });
    }
  }

  /** The instance's waiting time is over. */
  due({ node, mapIndex }: ReadyInstance): void {
    this.#state.table.change(node, mapIndex, { state: "scheduled", retryAt: null });
    this.resume({ node, mapIndex });
  }

  /** The store of a result finished. */
  stored({ node, mapIndex, cacheStatus, cacheReason }: StoredEvent): void {
    const { table } = this.#state;
    if (table.find(node, mapIndex)) table.change(node, mapIndex, { cacheStatus, cacheReason });
  }

  /** A process started for an attempt. */
  begin({ node, mapIndex }: ReadyInstance, worker: string): void {
    const { run, table } = this.#state;
    const now = this.#context.clock.now();
    this.#state.run = { ...run, processesSpawned: run.processesSpawned + 1 };
    const row = table.change(node, mapIndex, { state: "running", startedAt: now, worker });
    // The first poke of a sensor, from which its timeout counts.
    if (node.task.sensor && row.waitingSince === null) table.change(node, mapIndex, { waitingSince: now });
  }

  /** An attempt ended; `placed` is the result of a success. */
  end(instance: ReadyInstance, end: AttemptEnd, placed: PlacedSuccess | null): void {
    const { node, mapIndex } = instance;
    const { table, work, storeJobs, endedMembers, keys, entries } = this.#state;
    const { attemptId } = table.get(node, mapIndex);
    const row = table.change(node, mapIndex, end.change);
    if (end.settles === "success" && attemptId !== null && this.#context.entries)
      entries.publish.push({ taskId: row.taskId, mapIndex, attemptId });
    if (end.losses !== undefined) this.#warnOfLoss(row, end.losses);
    if (end.owes) this.#state.owe(end.owes, node, row);
    if (placed && end.settles === "success")
      this.#state.keep(instance, placed.xcoms, returnedOf(placed, row));
    if (end.waitsUntil !== undefined) this.#to.waits.add(instance, end.waitsUntil);
    if (end.settles) work.settle(node, end.settles);
    const unit = end.settles === "success" ? this.#state.units.of(node) : undefined;
    if (unit) endedMembers.push({ node, mapIndex, unit, job: end.stores });
    else if (end.stores) storeJobs.push(end.stores);
    if (!end.stores) this.#to.locks.release(instance);
    if (end.settles && !end.stores) keys.delete(node, mapIndex);
    if (end.resumes) this.resume(instance);
  }

  /** A decision of the graph. */
  step({ node, kind }: Step, { removed, abandoned, mapIndex, change, follows }: Decided): void {
    const { table, work, results } = this.#state;
    for (const row of removed) {
      if (row.attemptId) this.#to.dispatcher.abandon(row.attemptId);
      this.#state.remove(node, row.mapIndex);
    }
    if (abandoned !== null) this.#to.dispatcher.abandon(abandoned);
    if (change) table.change(node, mapIndex, change);
    if (change?.state === "skipped") this.#to.groups.noteSkipped({ node, mapIndex });
    if (kind === "ready") work.letRun(node);
    const instance = { node, mapIndex };
    switch (follows.kind) {
      case "nothing":
        return;
      case "ask":
        return this.enter(instance);
      case "resume":
        return this.resume(instance);
      case "wait":
        return this.#to.waits.add(instance, follows.until);
      case "settle":
        return work.settle(node, follows.state);
      case "conclude":
        return work.conclude(node, follows.state, follows.chosen);
      case "expand":
        results.setLength(node, follows.expansion.count);
        return work.expand(node, follows.expansion);
      case "fail":
        this.#state.owe("failure", node, table.get(node, mapIndex));
        return work.conclude(node, "failed");
    }
  }

  /** Passes on a ready instance, which may have to wait until its transactions let it in. */
  enter(instance: ReadyInstance): void {
    const { rollbacks, entries } = this.#to;
    if (!rollbacks.tryHold(instance) && !entries.tryHold(instance)) this.ask(instance);
  }

  /** Passes on a ready instance that is to ask the cache; its key function may have to answer first. */
  ask(instance: ReadyInstance): void {
    const { groups, keyQuestions } = this.#to;
    if (!groups.tryEnqueue(instance) && !keyQuestions.tryEnqueue(instance))
      this.#state.work.addReady(instance);
  }

  /** An answer of the cache. */
  answer(answered: AnsweredInstance): void {
    const { node, mapIndex, change, xcoms, returned, made } = answered;
    const { table, work, keys, keyAnswers, misses } = this.#state;
    keyAnswers.delete(node, mapIndex);
    const row = table.change(node, mapIndex, change);
    const { state } = row;
    if (!isTerminal(state)) {
      const verdict = verdictOf(change);
      if (made) keys.set(node, mapIndex, made);
      const { taskId, cache: storage } = node.task;
      if (made && verdict && storage) misses.push({ taskId, mapIndex, storage, made, verdict });
      return this.resume(answered);
    }
    if (answered.entries) {
      const { taskId } = node.task;
      this.#state.entries.restore.push({ taskId, mapIndex, entries: answered.entries });
    }
    this.#state.keep(answered, xcoms, state === "success" ? returned : null);
    if (state === "success" || state === "failed")
      this.#state.owe(state === "success" ? "success" : "failure", node, row);
    keys.delete(node, mapIndex);
    work.settle(node, state);
  }

  /** Passes on an instance that has to run; it may have to wait for the lease of its key. */
  resume({ node, mapIndex }: ReadyInstance): void {
    const instance = { node, mapIndex };
    if (!this.#to.singleFlight.tryEnqueue(instance)) this.dispatch(instance);
  }

  /** Passes on an instance that may run as soon as there is a free slot. */
  dispatch(instance: ReadyInstance): void {
    if (instance.node.task.runStep) this.#to.steps.enqueue(instance);
    else this.#to.dispatcher.enqueue(instance);
  }

  #warnOfLoss({ taskId, mapIndex, tryNumber }: TaskInstance, losses: number): void {
    const { dagId, runId } = this.#state.run;
    const what = losses < MOST_LOSSES ? "and runs again" : "too often, and has failed";
    const fields = { dagId, runId, taskId, mapIndex, tryNumber, losses };
    this.#context.log.warn(`an attempt was lost with its scheduler ${what}`, fields);
  }
}
