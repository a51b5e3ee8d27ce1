// Holds runs: claims them, lets each one's passes follow one another, renews leases, drains at the end.

import {
  messageOf,
  type CancelTimer,
  type Clock,
  type DagRun,
  type DagStore,
  type Executor,
  type Logger,
  type RunStore,
} from "@memodag/core";
import type { ResultCache } from "@memodag/result-cache";
import { randomUUID } from "node:crypto";
import { AttemptRouter } from "./attempt-router.ts";
import { VersionGraphs } from "./graph/version-graphs.ts";
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
  /** Only runs of this Dag. */
  readonly dag?: { readonly team: string; readonly dagId: string };
}

/** What a {@link Scheduler} is made of. */
export interface SchedulerParts {
  readonly runs: RunStore;
  readonly dags: DagStore;
  readonly cache: ResultCache;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly log: Logger;
  readonly isCachingEnabled: () => boolean;
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

/** How long a run rests after a pass that a fault ended. */
const FAULT_REST_MS = 1_000;

/** Runs whatever the database has to run, until it is stopped. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #context: RunContext;
  readonly #attempts: AttemptRouter;
  readonly #owner = newOwner();
  readonly #graphs: VersionGraphs;
  readonly #held = new Map<number, HeldRun>();
  readonly #waiters = new Map<number, ((run: DagRun) => void)[]>();
  readonly #timers = new Map<"poll" | "renew", CancelTimer>();
  #isClaiming = false;
  #isClaimDue = false;
  #isStopping = false;
  #passesUnderWay = new Set<Promise<void>>();

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#graphs = new VersionGraphs(parts.dags);
    this.#attempts = new AttemptRouter(parts.executor, () => this.#wakeWaiting());
    this.#context = {
      runs: parts.runs,
      cache: parts.cache,
      attempts: this.#attempts,
      values: new ValueWorker(),
      clock: parts.clock,
      log: parts.log,
      listener: parts.listener ?? {},
      owner: this.#owner,
      isCachingEnabled: parts.isCachingEnabled,
      defaultTtlMs: parts.options.defaultTtlMs,
      maxInputSize: parts.options.maxInputSize,
      resultsInMetastore: parts.options.resultsInMetastore,
      env: parts.env,
      newAttemptId: randomUUID,
    };
  }

  /** Begins to claim and execute runs. */
  start(): void {
    this.#poll();
    this.#renew();
  }

  /** Looks for new runs now; call after making one in this process. */
  wake(): void {
    this.#isClaimDue = true;
    if (this.#isClaiming || this.#isStopping) return;
    this.#isClaiming = true;
    void this.#claimWhileDue();
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
    this.#attempts.close();
    for (const cancel of this.#timers.values()) cancel();
    await this.#parts.executor.shutdown(graceMs);
    this.#isStopping = true;
    await Promise.all(this.#passesUnderWay);
    this.#held.clear();
    await this.#parts.cache.flush();
    await this.#parts.runs.releaseLeases(this.#owner);
  }

  #poll(): void {
    this.wake();
    this.#timers.set(
      "poll",
      this.#parts.clock.after(this.#parts.options.pollMs, () => this.#poll()),
    );
  }

  async #claimWhileDue(): Promise<void> {
    while (this.#isClaimDue && !this.#isStopping) {
      this.#isClaimDue = false;
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
    const { runs, options, log } = this.#parts;
    const limit = options.maxRuns - this.#held.size;
    if (limit <= 0) return;
    const deadOwners = (await runs.listLeaseOwners()).filter(isDeadOwner);
    const claimed = await runs.claimRuns({
      owner: this.#owner,
      leaseMs: options.leaseMs,
      limit,
      deadOwners,
      ...(options.dag && { dag: options.dag }),
    });
    for (const claim of claimed) {
      const { id, dagId, runId, state } = claim.run;
      log.info(state === "queued" ? "run claimed" : "interrupted run taken over", { dagId, runId });
      const graph = await this.#graphs.get(claim.run.dagVersionId);
      const execution = new RunExecution(this.#context, claim, graph, () => this.#wakeRun(id));
      this.#held.set(id, { execution, isPassing: false, isDue: false });
      this.#wakeRun(id);
    }
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

  #finishPass(id: number, held: HeldRun, result: PassResult): void {
    switch (result) {
      case "open":
        return;
      case "over":
        this.#drop(id, held);
        for (const resolve of this.#waiters.get(id) ?? []) resolve(held.execution.run);
        this.#waiters.delete(id);
        return;
      case "lease_lost":
        this.#loseRun(id, held);
        return;
      case "reload":
        // Its attempts run on, unheard until the run is claimed again.
        held.execution.forgetAttempts();
        this.#drop(id, held);
        void this.#parts.runs.releaseLeases(this.#owner, [id]).then(
          () => this.wake(),
          (error: unknown) => this.#parts.log.error("could not give a run back", { error: messageOf(error) }),
        );
    }
  }

  #loseRun(id: number, held: HeldRun): void {
    const { dagId, runId } = held.execution.run;
    this.#parts.log.warn("the lease of a run was lost: its attempts here are ended", { dagId, runId });
    held.execution.cancelAttempts({
      code: "attempt_lost",
      message: "another scheduler has taken the run over",
    });
    this.#drop(id, held);
  }

  #drop(id: number, held: HeldRun): void {
    held.isDue = false;
    this.#held.delete(id);
  }

  #renew(): void {
    const everyMs = this.#parts.options.leaseMs / 3;
    void this.#renewHeld().then(() => {
      if (this.#isStopping) return;
      this.#timers.set(
        "renew",
        this.#parts.clock.after(everyMs, () => this.#renew()),
      );
    });
  }

  async #renewHeld(): Promise<void> {
    if (this.#held.size === 0) return;
    const before = new Map(this.#held);
    try {
      const still = new Set(await this.#parts.runs.renewLeases(this.#owner, this.#parts.options.leaseMs));
      for (const [id, held] of before) {
        // A run that a pass is ending at this moment has no lease any more, and is not lost.
        if (!still.has(id) && this.#held.get(id) === held && !held.isPassing) this.#loseRun(id, held);
      }
    } catch (error) {
      this.#parts.log.error("could not renew leases", { error: messageOf(error) });
    }
  }
}
