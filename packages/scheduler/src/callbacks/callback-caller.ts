// Calls the callbacks that are due: those of this scheduler's passes, and those that other schedulers left
// behind.
//
// Delivery is at least once: calling twice, even for a page at night, is better than not calling. A row is
// written with the instance's state and deleted when the callback has ended, successfully or not; rows that
// remain after a crash are called again.

import {
  messageOf,
  type AttemptOutcome,
  type CallbackStore,
  type CancelTimer,
  type Clock,
  type Live,
  type Logger,
  type OwedCallback,
} from "@memodag/core";
import { Backoff } from "../time/backoff.ts";
import type { AttemptRouter } from "../attempts/attempt-router.ts";
import type { VersionGraphs } from "../graph/version-graphs.ts";
import { isDeadOwner } from "../identity/process-identity.ts";
import { callbackAttempt } from "./callback-attempt.ts";

/** Callbacks that run concurrently, so that those of a wide Dag leave slots for tasks. */
const AT_A_TIME = 4;
/** Callbacks that are claimed at a time. */
const CLAIM_BATCH = 100;
const DEFAULT_TIMEOUT_MS = 60_000;
/** How long to wait before a callback that could not be started is tried again. */
const RESTS = { firstMs: 1_000, longestMs: 300_000 };
/** How long to wait for a callback that another scheduler has. */
const BLOCKED_REST_MS = 500;
/** Consecutive failures after which shutdown no longer waits for a callback: its next holder calls it. */
const FAILURES_WAITED_FOR = 3;
/** How often a callback is started, at most: it may be what brings down its scheduler. */
const MOST_BEGINS = 3;

/** Settings. Times in milliseconds. */
export interface CallbackCallerOptions {
  /** How long the lease of a callback lasts without renewal. */
  readonly leaseMs: number;
  /** How long a callback may run; defaults to one minute. */
  readonly callbackTimeoutMs?: Live<number>;
  /** Claims only callbacks of this Dag. */
  readonly dag?: { readonly team: string; readonly dagId: string };
}

export interface CallbackCallerParts {
  readonly store: CallbackStore;
  readonly attempts: AttemptRouter;
  readonly graphs: VersionGraphs;
  readonly clock: Clock;
  readonly log: Logger;
  readonly owner: string;
  readonly options: CallbackCallerOptions;
  readonly newAttemptId: () => string;
}

/** The callbacks that this scheduler has to call, in the order in which they became due. */
export class CallbackCaller {
  readonly #parts: CallbackCallerParts;
  readonly #waiting: OwedCallback[] = [];
  /** The queue of each callback by its id, as far as it is known. */
  readonly #queues = new Map<string, string>();
  /** Ids of all callbacks held: waiting, running, or called and not yet deleted. */
  readonly #owed = new Set<string>();
  readonly #called = new Set<string>();
  readonly #faults: Backoff<string>;
  readonly #onIdle: (() => void)[] = [];
  #running = 0;
  #forgetting: Promise<void> | undefined;
  #isClosed = false;
  #looking: Promise<void> = Promise.resolve();
  #cancelLook: CancelTimer = () => undefined;
  #cancelRenewal: CancelTimer | undefined;

  constructor(parts: CallbackCallerParts) {
    this.#parts = parts;
    this.#faults = new Backoff(parts.clock, RESTS);
  }

  /** How long the lease of a callback lasts without renewal, in milliseconds. */
  get leaseMs(): number {
    return this.#parts.options.leaseMs;
  }

  /** Looks for callbacks that others left behind, now and each time that a lease may have expired. */
  start(): void {
    this.#looking = this.#look();
  }

  /**
   * Takes callbacks that are recorded with this scheduler as their owner. Those of a pass that may not have been
   * written are not called if they are not in the queue.
   */
  take(owed: readonly OwedCallback[]): void {
    for (const callback of owed) {
      if (this.#owed.has(callback.id)) continue;
      this.#owed.add(callback.id);
      this.#waiting.push(callback);
    }
    if (this.#owed.size > 0) this.#keepRenewing();
    this.wake();
  }

  /** Starts waiting callbacks while there are slots. */
  wake(): void {
    while (this.#running < AT_A_TIME) {
      const index = this.#waiting.findIndex((owed) => this.#mayCall(owed));
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (!next) return;
      void this.#call(next);
    }
  }

  /**
   * Resolves when neither this scheduler nor any that is known to be dead has callbacks left, except those
   * that repeatedly failed to start.
   */
  async whenIdle(): Promise<void> {
    await this.#looking;
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Releases callbacks that were not called; nothing may be running any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelLook();
    this.#cancelRenewal?.();
    await this.#looking;
    await this.#forgetCalled();
    if (this.#owed.size === 0) return;
    try {
      await this.#parts.store.release([...this.#owed]);
    } catch (error) {
      // Their leases expire.
      this.#parts.log.error("could not release callbacks", { error: messageOf(error) });
    }
  }

  get #isIdle(): boolean {
    for (const id of this.#owed) if (this.#faults.failuresOf(id) < FAILURES_WAITED_FOR) return false;
    return true;
  }

  #tellIdle(): void {
    if (this.#isIdle) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  async #look(): Promise<void> {
    const { store, clock, log, owner, options } = this.#parts;
    try {
      const owners = await store.listOwners();
      for (let isMore = owners.length > 0; isMore && !this.#isClosed;) {
        const claimed = await store.claim({
          owner,
          leaseMs: options.leaseMs,
          limit: CLAIM_BATCH,
          deadOwners: owners.filter(isDeadOwner),
          ...(options.dag && { dag: options.dag }),
        });
        this.#takeOver(claimed);
        isMore = claimed.length === CLAIM_BATCH;
      }
    } catch (error) {
      log.error("could not look for due callbacks", { error: messageOf(error) });
    }
    if (!this.#isClosed) this.#cancelLook = clock.after(options.leaseMs, () => this.start());
  }

  #takeOver(claimed: readonly OwedCallback[]): void {
    this.take(claimed.filter(({ begins, fault }) => begins < MOST_BEGINS && fault === undefined));
    for (const owed of claimed) {
      const { id, run, begins, fault } = owed;
      if (this.#owed.has(id)) continue;
      if (fault !== undefined) {
        const fields = { dagId: run.dagId, runId: run.runId, callback: id, error: fault };
        this.#parts.log.error("a due callback cannot be read and is skipped", fields);
      } else if (begins >= MOST_BEGINS) {
        const fields = { ...fieldsOf(owed), begins };
        this.#parts.log.error(
          "a callback was lost with its scheduler too often and is not called again",
          fields,
        );
      } else continue;
      this.#owed.add(owed.id);
      this.#called.add(owed.id);
    }
    void this.#forgetCalled();
  }

  #mayCall({ id, after }: OwedCallback): boolean {
    if (after !== undefined && this.#owed.has(after)) return false;
    const queue = this.#queues.get(id);
    return queue === undefined || this.#parts.attempts.hasSlot(queue);
  }

  async #call(owed: OwedCallback): Promise<void> {
    const { store, attempts, graphs, options, newAttemptId } = this.#parts;
    this.#running += 1;
    let attempt;
    try {
      const { version } = await graphs.get(owed.run.dagVersionId);
      const timeoutMs = options.callbackTimeoutMs?.() ?? DEFAULT_TIMEOUT_MS;
      attempt = callbackAttempt(owed, version, { attemptId: newAttemptId(), timeoutMs });
    } catch (error) {
      this.#postpone(owed, messageOf(error));
      return;
    }
    const { queue } = attempt;
    this.#queues.set(owed.id, queue);
    if (!attempts.hasSlot(queue)) {
      this.#running -= 1;
      this.#waiting.push(owed);
      return;
    }
    attempts.reserveSlot(queue);
    try {
      const begun = await store.begin(owed.id);
      if (begun !== "begun") {
        attempts.releaseSlot(queue);
        if (begun === "absent") this.#drop(owed);
        else this.#putBack(owed);
        return;
      }
    } catch (error) {
      attempts.releaseSlot(queue);
      this.#postpone(owed, messageOf(error));
      return;
    }
    attempts.submit(attempt, (event) => {
      if (event.kind !== "finished") return;
      attempts.settle([event]);
      this.#end(owed, event.outcome);
    });
  }

  /** It was never written, or another holder has called it. */
  #drop({ id }: OwedCallback): void {
    this.#running -= 1;
    this.#owed.delete(id);
    this.#queues.delete(id);
    this.#faults.forget(id);
    this.#tellIdle();
    this.wake();
  }

  /** Another scheduler has the one that it comes after. */
  #putBack(owed: OwedCallback): void {
    this.#running -= 1;
    if (this.#isClosed) return;
    this.#parts.clock.after(BLOCKED_REST_MS, () => {
      this.#waiting.push(owed);
      this.wake();
    });
  }

  #end(owed: OwedCallback, outcome: AttemptOutcome): void {
    if (outcome.kind === "failed" && outcome.error.code === "attempt_lost") {
      this.#postpone(owed, outcome.error.message);
      return;
    }
    this.#running -= 1;
    if (outcome.kind === "failed") {
      const { code, message } = outcome.error;
      const fields = { ...fieldsOf(owed), code, error: message };
      this.#parts.log.warn("a callback failed; its task is not affected", fields);
    }
    this.#called.add(owed.id);
    void this.#forgetCalled();
    this.wake();
  }

  /** Failing to start is not the callback's failure: it is tried again later. */
  #postpone(owed: OwedCallback, reason: string): void {
    this.#running -= 1;
    // The next process to claim it continues.
    if (this.#isClosed) return;
    const { clock, log } = this.#parts;
    const restMs = this.#faults.failed(owed.id);
    log.warn("a callback could not be called; retrying", {
      ...fieldsOf(owed),
      restMs,
      error: reason,
    });
    clock.after(restMs, () => {
      this.#waiting.push(owed);
      this.wake();
    });
    this.#tellIdle();
  }

  async #forgetCalled(): Promise<void> {
    if (this.#called.size > 0) this.#forgetting ??= this.#forget();
    await this.#forgetting;
  }

  async #forget(): Promise<void> {
    try {
      while (this.#called.size > 0) {
        const ids = [...this.#called];
        await this.#parts.store.remove(ids);
        for (const id of ids) {
          this.#called.delete(id);
          this.#owed.delete(id);
          this.#queues.delete(id);
          this.#faults.forget(id);
        }
      }
    } catch (error) {
      // The next renewal tries again; if this process dies first, they are called twice.
      this.#parts.log.error("could not delete callbacks that were called", { error: messageOf(error) });
    }
    this.#forgetting = undefined;
    this.#tellIdle();
    // Callbacks that come after these.
    this.wake();
  }

  #keepRenewing(): void {
    this.#cancelRenewal ??= this.#parts.clock.after(this.leaseMs / 3, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { store, log, options } = this.#parts;
    await this.#forgetCalled();
    try {
      await store.renew([...this.#owed], options.leaseMs);
    } catch (error) {
      log.error("could not renew the leases of callbacks", { error: messageOf(error) });
    }
    this.#cancelRenewal = undefined;
    if (this.#owed.size > 0 && !this.#isClosed) this.#keepRenewing();
  }
}

function fieldsOf({ run, instance, report }: OwedCallback) {
  const { taskId, mapIndex, tryNumber } = instance;
  return { dagId: run.dagId, runId: run.runId, taskId, mapIndex, tryNumber, event: report.event };
}
