// Holds runs: claims them, lets each one's passes follow one another, renews leases, drains at the end.

import {
  messageOf,
  type CancelTimer,
  type ClaimedRun,
  type Clock,
  type DagRun,
  type DagStore,
  type Executor,
  type Logger,
  type RunStore,
} from "@memodag/core";
import type { CacheLeases, ResultCache, SecretRules } from "@memodag/result-cache";
import { randomUUID } from "node:crypto";
import { AttemptRouter } from "./attempt-router.ts";
import { VersionGraphs } from "./graph/version-graphs.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { LimitBook } from "./limit-book.ts";
import { isDeadOwner, newOwner } from "./process-identity.ts";
import type { RunContext, SchedulerListener } from "./run/run-context.ts";
import { ValueWorker } from "./values/value-worker.ts";
import { RunExecution, type PassResult } from "./run/run-execution.ts";

/** Settings of a {@link Scheduler}. Times in milliseconds. */
export interface SchedulerOptions {
  /** How long a lease lasts that nobody renews; it is renewed three times as often. */
  readonly leaseMs: number;
  /** How often the database is asked for new runs when nothing wakes the scheduler. */
  readonly pollMs: number;
  /** Runs held at once, at most. */
  readonly maxRuns: number;
  /** The admin's ttl for tasks that name none; `null`: never expires. */
  readonly defaultTtlMs: number | null;
  /** Bytes of all arguments of an instance together, above which it is not cached. */
  readonly maxInputSize: number;
  /** True when the cache keeps results in the metadata database, where XComs find them. */
  readonly resultsInMetastore: boolean;
  /** Slots by pool; {@link DEFAULT_POOLS} unless said otherwise. The same for every scheduler. */
  readonly poolSlots?: ReadonlyMap<string, number>;
  /** Only runs of this Dag. */
  readonly dag?: { readonly team: string; readonly dagId: string };
}

/** What a {@link Scheduler} is made of. */
export interface SchedulerParts {
  readonly runs: RunStore;
  readonly dags: DagStore;
  readonly cache: ResultCache;
  /** Leases of cache keys; without them `serialize` means nothing. */
  readonly keyLeases?: CacheLeases;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly log: Logger;
  /** Which switch turns caching off, in words; `null`: none does. */
  readonly cachingOffReason: () => string | null;
  /** Which names a record must not show, and the key under which their digests are kept. */
  readonly secrets: SecretRules;
  /** The environment that workers will see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly listener?: SchedulerListener;
  readonly options: SchedulerOptions;
}

interface HeldRun {
  readonly execution: RunExecution;
  isPassing: boolean;
  /** Something happened since the pass under way began. */
  isDue: boolean;
}

/** The pool that tasks are of unless they say otherwise, and its slots. */
export const DEFAULT_POOLS: ReadonlyMap<string, number> = new Map([["default_pool", 128]]);

/** How long a run rests after a pass that a fault ended. */
const FAULT_REST_MS = 1_000;

/** Runs claimed at a time, so that each of several idle schedulers gets its share of a burst. */
const CLAIM_BATCH = 4;

/** How long what other schedulers take of a pool is taken for true, in milliseconds. */
const OTHERS_REST_MS = 500;

/** Runs whatever the database has to run, until it is stopped. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #context: RunContext;
  readonly #attempts: AttemptRouter;
  readonly #owner = newOwner();
  readonly #graphs: VersionGraphs;
  readonly #held = new Map<number, HeldRun>();
  readonly #waiters = new Map<number, ((run: DagRun) => void)[]>();
  readonly #leases: LeaseKeeper;
  #cancelPoll: CancelTimer = () => undefined;
  #isClaiming = false;
  #isClaimDue = false;
  #claimsUnderWay = Promise.resolve();
  /** Counts claims, so that a renewal can tell whether one went on meanwhile. */
  #claimCount = 0;
  #isDraining = false;
  #isStopping = false;
  #passesUnderWay = new Set<Promise<void>>();

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#graphs = new VersionGraphs(parts.dags);
    this.#attempts = new AttemptRouter(parts.executor, () => this.#wakeWaiting());
    const limits = new LimitBook(
      parts.options.poolSlots ?? DEFAULT_POOLS,
      () => this.#wakeWaiting(),
      () =>
        parts.clock.after(OTHERS_REST_MS, () => {
          limits.forgetOthers();
          this.#wakeWaiting();
        }),
    );
    this.#leases = this.#keepLeases();
    this.#context = {
      runs: parts.runs,
      cache: parts.cache,
      keyLeases: parts.keyLeases,
      attempts: this.#attempts,
      limits,
      areLeasesSure: () => this.#leases.areSure,
      values: new ValueWorker(),
      clock: parts.clock,
      log: parts.log,
      listener: parts.listener ?? {},
      owner: this.#owner,
      cachingOffReason: parts.cachingOffReason,
      defaultTtlMs: parts.options.defaultTtlMs,
      maxInputSize: parts.options.maxInputSize,
      resultsInMetastore: parts.options.resultsInMetastore,
      env: parts.env,
      secrets: parts.secrets,
      newAttemptId: randomUUID,
    };
  }

  /** Begins to claim and execute runs. */
  start(): void {
    this.#poll();
    this.#leases.start();
  }

  /** Looks for new runs now; call after making one in this process. */
  wake(): void {
    this.#isClaimDue = true;
    if (this.#isClaiming || this.#isDraining) return;
    this.#isClaiming = true;
    this.#claimsUnderWay = this.#claimWhileDue();
  }

  /** Resolves with the run when this scheduler has brought it to its end. */
  async whenOver(runId: number): Promise<DagRun> {
    return await new Promise((resolve) => {
      this.#waiters.set(runId, [...(this.#waiters.get(runId) ?? []), resolve]);
    });
  }

  /** Runs held now. */
  get heldRuns(): DagRun[] {
    return Array.from(this.#held.values(), (held) => held.execution.run);
  }

  /**
   * Starts nothing new, lets what runs end for `graceMs`, ends the rest, and gives the runs back: the
   * attempts that were cut off are rescheduled by whoever claims them.
   */
  async stop(graceMs: number): Promise<void> {
    const { executor, cache, keyLeases, runs, log } = this.#parts;
    this.#isDraining = true;
    this.#attempts.close();
    this.#cancelPoll();
    await this.#claimsUnderWay;
    // Leases are renewed until the last attempt has ended: a drain may take longer than one lasts.
    await executor.shutdown(graceMs);
    await this.#finishEnded();
    this.#isStopping = true;
    await Promise.all(this.#passesUnderWay);
    this.#leases.stop();
    this.#held.clear();
    await cache.flush();
    await keyLeases?.close();
    try {
      await runs.releaseLeases(this.#owner);
    } catch (error) {
      // They expire, and a holder that is known to be dead is not waited for.
      log.error("could not give runs back", { error: messageOf(error) });
    }
  }

  #poll(): void {
    this.wake();
    void this.#reloadCleared();
    const { clock, options } = this.#parts;
    this.#cancelPoll = clock.after(options.pollMs, () => this.#poll());
  }

  /** A run that is cleared while it is held goes on from what its rows say then. */
  async #reloadCleared(): Promise<void> {
    if (this.#held.size === 0) return;
    try {
      for (const id of await this.#parts.runs.listQueuedRuns(this.#owner)) {
        const held = this.#held.get(id);
        // A pass under way, or one to come first, finds it out by itself.
        if (held && !held.isPassing && held.execution.run.state === "running")
          this.#finishPass(id, held, "reload");
      }
    } catch (error) {
      this.#parts.log.error("could not look for cleared runs", { error: messageOf(error) });
    }
  }

  async #claimWhileDue(): Promise<void> {
    while (this.#isClaimDue && !this.#isDraining) {
      this.#isClaimDue = false;
      this.#claimCount += 1;
      try {
        await this.#claim();
      } catch (error) {
        // The poll is the net: it asks again.
        this.#parts.log.error("could not claim runs", { error: messageOf(error) });
      }
    }
    this.#isClaiming = false;
  }

  async #claim(): Promise<void> {
    const { runs, clock, options } = this.#parts;
    const limit = Math.min(CLAIM_BATCH, options.maxRuns - this.#held.size);
    if (limit <= 0) return;
    const deadOwners = (await runs.listLeaseOwners()).filter(isDeadOwner);
    const askedAt = clock.monotonic();
    const claimed = await runs.claimRuns({
      owner: this.#owner,
      leaseMs: options.leaseMs,
      limit,
      deadOwners,
      ...(options.dag && { dag: options.dag }),
    });
    // There may be more: a claim looks at the oldest alone.
    if (claimed.length > 0) this.#isClaimDue = true;
    if (this.#held.size === 0) this.#leases.begin(askedAt);
    for (const claim of claimed) await this.#hold(claim);
  }

  async #hold(claim: ClaimedRun): Promise<void> {
    const { id, dagId, runId, state } = claim.run;
    // Its own lease had expired unseen: it goes on.
    if (this.#held.has(id)) return;
    const { log, clock } = this.#parts;
    try {
      const graph = await this.#graphs.get(claim.run.dagVersionId);
      const execution = new RunExecution(this.#context, claim, graph, () => this.#wakeRun(id));
      this.#held.set(id, { execution, isPassing: false, isDue: false });
    } catch (error) {
      log.error("a claimed run cannot be loaded", { dagId, runId, error: messageOf(error) });
      clock.after(FAULT_REST_MS, () => this.#giveBack([id]));
      return;
    }
    log.info(state === "queued" ? "run claimed" : "interrupted run taken over", { dagId, runId });
    this.#wakeRun(id);
  }

  #wakeWaiting(): void {
    for (const [id, held] of this.#held) if (held.execution.wantsSlots) this.#wakeRun(id);
  }

  #wakeRun(id: number): void {
    const held = this.#held.get(id);
    if (!held) return;
    held.isDue = true;
    if (held.isPassing || this.#isStopping) return;
    held.isPassing = true;
    const passes = this.#passWhileDue(id, held);
    this.#passesUnderWay.add(passes);
    void passes.then(() => this.#passesUnderWay.delete(passes));
  }

  async #passWhileDue(id: number, held: HeldRun): Promise<void> {
    // Events that come together are one pass.
    await new Promise((resolve) => setImmediate(resolve));
    while (held.isDue) {
      held.isDue = false;
      try {
        this.#finishPass(id, held, await held.execution.pass());
      } catch (error) {
        const { dagId, runId } = held.execution.run;
        this.#parts.log.error("a scheduling pass failed and will be repeated", {
          dagId,
          runId,
          error: messageOf(error),
        });
        this.#parts.clock.after(FAULT_REST_MS, () => this.#wakeRun(id));
        break;
      }
    }
    held.isPassing = false;
  }

  /** Lets passes write what has ended, and its results be stored, until nothing of that is left. */
  async #finishEnded(): Promise<void> {
    for (let isBusy = true; isBusy;) {
      await Promise.all(this.#passesUnderWay);
      const storing = Array.from(this.#held.values(), ({ execution }) => execution).filter(
        ({ isStoring }) => isStoring,
      );
      await Promise.all(storing.map((execution) => execution.whenStored()));
      isBusy = storing.length > 0 || this.#passesUnderWay.size > 0;
    }
  }

  #finishPass(id: number, held: HeldRun, result: PassResult): void {
    // It was lost while the pass went on.
    if (this.#held.get(id) !== held) return;
    switch (result) {
      case "open":
        return;
      case "over":
        this.#drop(id, held);
        for (const resolve of this.#waiters.get(id) ?? []) resolve(held.execution.run);
        this.#waiters.delete(id);
        // Its Dag may have room for another run now.
        this.wake();
        return;
      case "lease_lost":
        this.#loseRun(id, held);
        return;
      case "reload":
        // Its attempts run on, unheard until the run is claimed again.
        held.execution.forgetAttempts();
        this.#drop(id, held);
        this.#giveBack([id]);
    }
  }

  #giveBack(runIds: readonly number[]): void {
    void this.#parts.runs.releaseLeases(this.#owner, runIds).then(
      () => this.wake(),
      (error: unknown) => this.#parts.log.error("could not give a run back", { error: messageOf(error) }),
    );
  }

  #loseRun(id: number, held: HeldRun): void {
    const { dagId, runId } = held.execution.run;
    this.#parts.log.warn("the lease of a run was lost: its attempts here are ended", { dagId, runId });
    held.execution.cancelAttempts({
      code: "attempt_lost",
      message: "the lease of its run was lost: another scheduler may have taken it over",
    });
    this.#drop(id, held);
  }

  #drop(id: number, held: HeldRun): void {
    held.isDue = false;
    this.#held.delete(id);
  }

  #keepLeases(): LeaseKeeper {
    const { runs, clock, log, options } = this.#parts;
    let claimCount = 0;
    return new LeaseKeeper({
      runs,
      clock,
      log,
      owner: this.#owner,
      leaseMs: options.leaseMs,
      listHeld: () => {
        claimCount = this.#claimCount;
        return new Set(this.#held.keys());
      },
      onRenewed: (asked, renewed) => {
        for (const [id, held] of this.#held) {
          if (renewed.has(id)) {
            // What could not be dispatched while the lease was in doubt.
            if (held.execution.wantsToSubmit) this.#wakeRun(id);
          } else if (asked.has(id) && !held.isPassing) {
            // One that a pass is ending at this moment has no lease any more, and is not lost.
            this.#loseRun(id, held);
          }
        }
        // Leases without a run, left by a claim that was cut off: nobody would ever go on with them.
        const isSettled = !this.#isClaiming && claimCount === this.#claimCount;
        const strays = [...renewed].filter((id) => !this.#held.has(id));
        if (isSettled && strays.length > 0) this.#giveBack(strays);
      },
      onExpired: () => {
        for (const [id, held] of this.#held) this.#loseRun(id, held);
      },
    });
  }
}
