// The scheduler: claims runs, executes their passes, renews its leases, and drains on shutdown.

import {
  DEFAULT_POOLS,
  messageOf,
  type CancelTimer,
  type ClaimedRun,
  type Clock,
  type DagRun,
} from "@memodag/core";
import { randomUUID } from "node:crypto";
import { ResultCaches } from "@memodag/result-cache";
import { AwaitedRuns } from "../steps/awaited-runs.ts";
import { AttemptRouter } from "../attempts/attempt-router.ts";
import { CallbackCaller } from "../callbacks/callback-caller.ts";
import { remainingPaths } from "../graph/remaining-paths.ts";
import { VersionGraphs, type VersionGraph } from "../graph/version-graphs.ts";
import { TaskDurations } from "./task-durations.ts";
import { keepLeases } from "./held-leases.ts";
import { HeldRuns } from "./held-runs.ts";
import { Backoff } from "../time/backoff.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { LimitLedger } from "../attempts/limit-ledger.ts";
import { ChangedRuns } from "./changed-runs.ts";
import { newOwner } from "../identity/process-identity.ts";
import { RunClaims } from "./run-claims.ts";
import { UnsettledRuns } from "./unsettled-runs.ts";
import { OwnSurroundings } from "../cache/own-surroundings.ts";
import type { RunContext, SchedulerListener } from "../context/run-context.ts";
import { RunExecution } from "../run/pass.ts";
import { settleEnded } from "../run/settle-ended.ts";
import { withTimeouts, type SchedulerParts } from "./scheduler-parts.ts";
import { ScopedClock } from "../time/scoped-clock.ts";
import { ValueWorker } from "../values/value-worker.ts";

/** How long the recorded usage of other schedulers is trusted, in milliseconds. */
const OTHERS_REST_MS = 500;

/** How long to wait before a run that cannot be loaded is tried again, in milliseconds. */
const LOAD_RESTS = { firstMs: 1_000, longestMs: 300_000 };

/**
 * Consecutive failures to load a run after which its listener is notified; a single one may be the
 * database's.
 */
const FAILURES_TOLD = 3;

const DEFAULT_KEY_TIMEOUT_MS = 5_000;

/** Executes the runs in the database until it is stopped. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #context: RunContext;
  readonly #attempts: AttemptRouter;
  readonly #owner = newOwner();
  readonly #graphs: VersionGraphs;
  readonly #durations: TaskDurations;
  readonly #held: HeldRuns;
  readonly #claims: RunClaims;
  readonly #moved: ChangedRuns;
  readonly #awaited: AwaitedRuns;
  readonly #leases: LeaseKeeper;
  readonly #callbacks: CallbackCaller | undefined;
  readonly #unsettled: UnsettledRuns;
  readonly #unloadable: Backoff<number>;
  /** Aborted when this scheduler has stopped, which ends everything that it started. */
  readonly #stopped = new AbortController();
  readonly #clock: Clock;
  #cancelPoll: CancelTimer = () => undefined;

  constructor(given: SchedulerParts) {
    const parts = withTimeouts(given);
    const { runs, log, options } = parts;
    const clock = new ScopedClock(parts.clock, this.#stopped.signal);
    this.#parts = parts;
    this.#clock = clock;
    this.#unloadable = new Backoff(clock, LOAD_RESTS);
    this.#graphs = new VersionGraphs(parts.dags);
    this.#durations = new TaskDurations({ runs, clock, log });
    this.#held = new HeldRuns({
      clock,
      log,
      onOver: () => this.wake(),
      onMoved: (run) => this.#moved.take(run),
      onLosing: (run) => this.#attempts.lose(run),
      onLost: (run) => this.#moved.lost(run),
    });
    this.#claims = new RunClaims({
      runs,
      clock,
      log,
      owner: this.#owner,
      options,
      countHeld: () => this.#held.countBusy(),
      exceptRuns: () => this.#unloadable.resting(),
      heldRuns: () => this.#held.ids(),
      take: (claimed, askedAt) => this.#take(claimed, askedAt),
    });
    this.#awaited = new AwaitedRuns({ runs, clock, log });
    this.#leases = keepLeases(
      { runs, clock, log, owner: this.#owner, leaseMs: options.leaseMs },
      {
        held: this.#held,
        claims: this.#claims,
        isMoving: (id) => this.#moved.isMoving(id),
        giveBack: (runIds) => this.#claims.giveBack(runIds),
        onExpired: () => this.#moved.loseAll(),
      },
    );
    this.#attempts = new AttemptRouter({
      executor: parts.executor,
      clock,
      log,
      onSlotFree: () => this.#wakeWaiting(),
      maySubmit: () => this.#leases.areSure,
    });
    this.#callbacks =
      parts.callbacks &&
      new CallbackCaller({
        store: parts.callbacks,
        attempts: this.#attempts,
        graphs: this.#graphs,
        clock,
        log,
        owner: this.#owner,
        options,
        newAttemptId: randomUUID,
      });
    this.#moved = new ChangedRuns({
      runs,
      clock,
      log,
      owner: this.#owner,
      held: this.#held,
      attempts: this.#attempts,
      leaseMs: options.leaseMs,
      take: (claimed) => this.#load(claimed),
      giveBack: (runId) => this.#claims.giveBack([runId]),
      onEnded: (run) => {
        this.#context.listener.runChanged?.(run, true);
        void this.#settleEnded();
      },
    });
    this.#unsettled = new UnsettledRuns({
      runs,
      clock,
      log,
      dag: options.dag,
      settle: (runId) => this.#settle(runId),
    });
    this.#context = {
      runs,
      dags: parts.dags,
      awaited: this.#awaited,
      onRunMade: (run, isAwaited) => {
        // There may be no other process to execute it.
        if (isAwaited) this.#claims.alsoTake(run.id);
        this.wake();
      },
      caches: new ResultCaches(parts.cache, parts.namedCaches),
      keyLocks: parts.keyLocks,
      decisionLog: parts.decisionLog,
      attempts: this.#attempts,
      callbacks: this.#callbacks,
      limits: this.#bookLimits(),
      areLeasesSure: () => this.#leases.areSure,
      values: new ValueWorker(),
      xcomValues: parts.values,
      entries: parts.entries,
      clock,
      log,
      listener: this.#listen(),
      owner: this.#owner,
      cachingOffReason: parts.cachingOffReason,
      defaultTtlMs: options.defaultTtlMs,
      maxInputSize: options.maxInputSize,
      maxProjectedSize: options.maxProjectedSize,
      keyMaker: parts.keyMaker,
      keyMemos: parts.keyMemos,
      keyTimeoutMs: options.keyTimeoutMs ?? (() => DEFAULT_KEY_TIMEOUT_MS),
      recheckShare: options.recheckShare ?? (() => 0),
      surroundings: parts.surroundings ?? new OwnSurroundings(parts.env),
      env: parts.env,
      secrets: parts.secrets,
      newAttemptId: randomUUID,
      random: parts.random ?? Math.random,
    };
  }

  /** Starts to claim and execute runs. */
  start(): void {
    this.#poll();
    this.#leases.start();
    this.#callbacks?.start();
    void this.#unsettled.wake();
  }

  /**
   * Looks now for new runs and for changes that other processes made to held runs; call when there may be
   * either.
   */
  wake(): void {
    this.#claims.wake();
    this.#moved.wake();
    this.#awaited.wake();
  }

  /**
   * Call when a live setting has changed: what was timed or refused under the previous value is checked
   * again.
   */
  settingsChanged(): void {
    this.#cancelPoll();
    this.#poll();
    this.#held.wakeWaiting();
    this.#callbacks?.wake();
  }

  /** Resolves with the run when this scheduler has completed it. */
  async whenOver(runId: number): Promise<DagRun> {
    return await this.#held.whenOver(runId);
  }

  /** Resolves when no callback is due; more may become due while runs continue. */
  async whenCallbacksCalled(): Promise<void> {
    await this.#settleEnded();
    await this.#callbacks?.whenIdle();
  }

  /** Runs held now. */
  get heldRuns(): DagRun[] {
    return this.#held.list();
  }

  /**
   * Starts nothing new, waits up to `graceMs` for running attempts, ends the rest, and releases the runs:
   * interrupted attempts are rescheduled by the scheduler that claims them next. Once it has resolved, no
   * activity remains.
   */
  async stop(graceMs: number): Promise<void> {
    const { executor, keyLocks, decisionLog, runs, log } = this.#parts;
    this.#attempts.close();
    this.#cancelPoll();
    await this.#claims.close();
    // Leases are renewed until the last attempt has ended: draining may take longer than a lease lasts.
    await executor.close(graceMs);
    await this.#held.finishEnded();
    await this.#held.close();
    await this.#unsettled.close();
    await this.#callbacks?.close();
    this.#leases.stop();
    this.#moved.close();
    this.#awaited.close();
    await this.#context.caches.flush();
    await decisionLog?.flush();
    await keyLocks?.close();
    try {
      await runs.releaseLeases(this.#owner);
    } catch (error) {
      // The leases expire, and those of a process that is known to be dead are taken over at once.
      log.error("could not release runs", { error: messageOf(error) });
    }
    this.#stopped.abort();
  }

  /** Tasks that wait for a run are notified before the program is. */
  #listen(): SchedulerListener {
    const { listener = {} } = this.#parts;
    return {
      instanceChanged: (run, instance, before) => listener.instanceChanged?.(run, instance, before),
      triesChanged: (run, tries) => listener.triesChanged?.(run, tries),
      runChanged: (run, isCancelled) => {
        this.#awaited.changed(run);
        listener.runChanged?.(run, isCancelled);
      },
    };
  }

  #poll(): void {
    this.wake();
    this.#attempts.retry();
    // A safety net for missed wake-ups of runs that wait for a slot; also covers additional slots.
    this.#wakeWaiting();
    this.#cancelPoll = this.#clock.after(this.#parts.options.pollMs(), () => this.#poll());
  }

  #wakeWaiting(): void {
    this.#held.wakeWaiting();
    this.#callbacks?.wake();
  }

  async #take(claimed: readonly ClaimedRun[], askedAt: number): Promise<void> {
    if (this.#held.size === 0) this.#leases.begin(askedAt);
    for (const claim of claimed) {
      const { id, dagId, runId, state } = claim.run;
      // Its own lease had expired unnoticed: the run continues.
      if (this.#held.has(id) || this.#moved.isMoving(id)) continue;
      if (!(await this.#load(claim))) this.#claims.giveBack([id]);
      else
        this.#parts.log.info(state === "queued" ? "run claimed" : "interrupted run taken over", {
          dagId,
          runId,
        });
    }
  }

  /** Settles the transactions of runs that were cancelled, once nothing of them runs any more. */
  async #settleEnded(): Promise<void> {
    await this.#moved.whenEnded();
    await this.#claims.whenGivenBack();
    await this.#unsettled.wake();
  }

  /** Settles the transactions of a run that has ended. */
  async #settle(runId: number): Promise<void> {
    const ended = await this.#parts.runs.loadEndedRun(runId);
    if (!ended) return;
    if (ended.fault !== undefined) throw new Error(ended.fault);
    await settleEnded(this.#context, ended, await this.#graphs.get(ended.run.dagVersionId));
  }

  /** False when it cannot be loaded: it is tried again at growing intervals. */
  async #load(claim: ClaimedRun): Promise<boolean> {
    const { id, dagId, runId } = claim.run;
    let execution: RunExecution;
    try {
      if (claim.fault !== undefined) throw new Error(claim.fault);
      const graph = await this.#graphs.get(claim.run.dagVersionId);
      await this.#attempts.adopt(claim);
      const transactions =
        graph.version.dag.transactions && (await this.#parts.runs.findTransactions(claim.run.id));
      const loaded = { ...claim, ...(transactions && { transactions }) };
      const paths = await this.#findPaths(graph);
      execution = new RunExecution(this.#context, loaded, { ...graph, paths }, () => this.#held.wake(id));
    } catch (error) {
      const restMs = this.#unloadable.failed(id);
      const fields = { dagId, runId, restMs, error: messageOf(error) };
      this.#parts.log.error("a claimed run cannot be loaded; retrying later", fields);
      if (this.#unloadable.failuresOf(id) >= FAILURES_TOLD)
        this.#parts.listener?.runNotLoaded?.(claim.run, messageOf(error));
      return false;
    }
    this.#unloadable.forget(id);
    this.#held.add(execution);
    return true;
  }

  /** Where tasks are in no order to choose, nothing is read. */
  async #findPaths({ version, graph }: VersionGraph): Promise<readonly number[]> {
    if (graph.nodes.length < 2) return [];
    return remainingPaths(graph, await this.#durations.of(version.team, version.dag.dagId));
  }

  #bookLimits(): LimitLedger {
    const limits = new LimitLedger(
      this.#parts.options.poolSlots ?? DEFAULT_POOLS,
      () => this.#held.wakeWaiting(),
      () =>
        this.#clock.after(OTHERS_REST_MS, () => {
          limits.forgetOthers();
          this.#held.wakeWaiting();
        }),
    );
    return limits;
  }
}
