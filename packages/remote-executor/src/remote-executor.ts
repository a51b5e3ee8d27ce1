// The executor whose attempts run on other machines. The metadata database holds them, a queue carries their ids to
// workers, and workers bring their ends to the worker API, which writes them to the database. Attempts outlive this
// process: its successor adopts them.

import {
  AttemptLedger,
  messageOf,
  systemClock,
  type Attempt,
  type AttemptStatus,
  type CancelTimer,
  type Clock,
  type Executor,
  type ExecutorListener,
  type Live,
  type Logger,
  type LossLimits,
  type RemoteAttemptStatus,
  type RemoteAttemptStore,
  type RemoteChangeFeed,
  type StoredError,
  type WorkerHostStore,
} from "@memodag/core";
import { noticeOf, orderOf } from "./attempt-order.ts";
import type { DispatchEngine, TroubleListener } from "./dispatch-engine.ts";
import { decodeOutcome, encodeFailure } from "./outcome-bytes.ts";
import { Outbox } from "./outbox.ts";
import { Publisher } from "./publisher.ts";
import { areSamePlaces, NO_PLACES, placesOf, type QueuePlaces } from "./queue-places.ts";
import { Round } from "./round.ts";
import { Steadiness } from "./steadiness.ts";
import { UnservedQueues } from "./unserved-queues.ts";

/** Parts and settings of a {@link RemoteExecutor}. */
export interface RemoteExecutorOptions {
  readonly store: RemoteAttemptStore;
  readonly hosts: WorkerHostStore;
  readonly changes: RemoteChangeFeed;
  readonly engine: DispatchEngine;
  /** Maximum number of attempts that this scheduler has under way; at least 1. */
  readonly parallelism: Live<number>;
  /** Attempts under way for each place of a worker; at least 1. Default: 2. */
  readonly lookahead?: number;
  /** When the attempts of a host count as lost. */
  readonly limits: LossLimits;
  /** The environment with which keys are computed: workers get the declared variables from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly log: Logger;
}

/** How often it looks for what no notice told, in milliseconds. */
const LOOK_EVERY_MS = 2_000;
/** Looks further apart than this were held up, in milliseconds. */
const LONGEST_GAP_MS = 2 * LOOK_EVERY_MS + 1_000;
/** The least time between two looks at hosts and queues, in milliseconds. */
const SURVEY_REST_MS = 200;
/** How long a worker may take to end an attempt that was cancelled, in milliseconds. */
const CANCEL_PATIENCE_MS = 30_000;
const CLEAN_EVERY_MS = 60_000;
/** Hosts and attempts that are of no use any more are removed after this time, in milliseconds. */
const KEPT_MS = 3_600_000;

/** Runs attempts on other machines. */
export class RemoteExecutor implements Executor {
  readonly outlives = true;
  readonly #options: RemoteExecutorOptions;
  readonly #clock: Clock;
  readonly #ledger = new AttemptLedger();
  readonly #outbox: Outbox;
  readonly #publisher: Publisher;
  readonly #cancelled = new Map<string, { readonly error: StoredError; readonly at: number }>();
  readonly #look: Round;
  readonly #watch: Promise<{ close(): Promise<void> } | undefined>;
  #places: QueuePlaces = NO_PLACES;
  #cancelLook: CancelTimer = () => undefined;
  /** Attempts that may not be in the database yet. */
  readonly #adding = new Set<string>();
  readonly #steadiness: Steadiness;
  readonly #unserved: UnservedQueues;
  #surveyedAt = -Infinity;
  #isSurveyDue = false;
  #cleanedAt = -Infinity;
  #isClosed = false;

  constructor(options: RemoteExecutorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const now = this.#clock.monotonic();
    this.#steadiness = new Steadiness(now, LONGEST_GAP_MS);
    this.#unserved = new UnservedQueues(options.log, now);
    const { engine, store, log } = options;
    this.#publisher = new Publisher({ engine, store, clock: this.#clock, log });
    this.#outbox = new Outbox(store, (notices) => this.#publisher.publish(notices));
    this.#look = new Round(() => this.#lookNow(), this.#clock);
    this.#watch = options.changes
      .watchAttempts(() => this.#look.request())
      .catch((error: unknown) => {
        options.log.warn("changes of attempts cannot be heard of; looking for them", {
          error: messageOf(error),
        });
        return undefined;
      });
    options.engine.onTrouble?.((attemptId, reason, only) => void this.#onTrouble(attemptId, reason, only));
    this.#arm(0);
  }

  capacity(queue: string): number {
    if (this.#isClosed) return 0;
    const { parallelism, engine } = this.#options;
    const { places, others } = this.#places;
    const inQueue = engine.capacity?.(queue) ?? places.get(queue) ?? 0;
    if (inQueue === 0) this.#unserved.add(queue);
    const own = this.#ledger.running(queue);
    return Math.max(
      0,
      Math.min(parallelism() - this.#ledger.running(), inQueue - own - (others.get(queue) ?? 0)),
    );
  }

  listen(listener: ExecutorListener): void {
    this.#ledger.listen(listener);
  }

  /** Call when a limit has changed: tells the listener. */
  limitsChanged(): void {
    this.#ledger.tellCapacity();
  }

  async submit(attempt: Attempt): Promise<"accepted" | "full"> {
    const { attemptId, queue } = attempt;
    if (this.#ledger.has(attemptId)) return "accepted";
    if (this.capacity(queue) <= 0) return "full";
    this.#ledger.begin(attempt);
    const notice = noticeOf(attempt);
    this.#publisher.add(notice);
    this.#adding.add(attemptId);
    try {
      await this.#outbox.add(notice, orderOf(attempt, this.#options.env));
    } catch (error) {
      this.#publisher.delete(attemptId);
      this.#ledger.drop(attemptId);
      throw error;
    } finally {
      this.#adding.delete(attemptId);
    }
    return "accepted";
  }

  async adopt(attemptIds: readonly string[]): Promise<AttemptStatus[]> {
    const strange = attemptIds.filter((attemptId) => !this.#ledger.has(attemptId));
    const statuses = await this.#options.store.statuses(strange);
    for (const status of statuses) {
      this.#ledger.begin(status);
      if (status.state === "waiting") this.#publisher.add(noticeOf(status));
    }
    this.#publisher.lookSoon();
    this.#tellStarted(statuses);
    await this.#tellEnded(strange);
    this.#look.request();
    return this.#ledger.adopt(attemptIds);
  }

  async settle(attemptIds: readonly string[]): Promise<void> {
    await this.#options.store.settle(attemptIds);
    this.#ledger.settle(attemptIds);
  }

  async cancel(attemptId: string, error: StoredError): Promise<void> {
    const { store } = this.#options;
    if (!this.#ledger.has(attemptId)) return;
    // It ends with the first error, whatever statement is first.
    const first = this.#cancelled.get(attemptId) ?? { error, at: this.#clock.monotonic() };
    this.#cancelled.set(attemptId, first);
    await store.cancel([attemptId], first.error, encodeFailure(first.error));
    this.#publisher.withdraw(attemptId);
    this.#look.request();
  }

  /** Attempts go on: nothing is waited for. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelLook();
    this.#publisher.close();
    await this.#outbox.close();
    await this.#look.close();
    await (await this.#watch)?.close();
    await this.#options.engine.close();
  }

  #arm(ms: number): void {
    this.#cancelLook = this.#clock.after(ms, () => {
      this.#look.request();
      this.#arm(LOOK_EVERY_MS);
    });
  }

  /** Outcomes are read at each notice; the rest is not worth so many statements. */
  async #lookNow(): Promise<void> {
    const now = this.#clock.monotonic();
    try {
      await this.#hear();
      this.#steadiness.looked(now);
      const restMs = this.#surveyedAt + SURVEY_REST_MS - now;
      if (restMs > 0) {
        this.#surveyLater(restMs);
        return;
      }
      this.#surveyedAt = now;
      await this.#endGone();
      await this.#countPlaces();
      await this.#endLost(now);
      await this.#publisher.publishMissed();
      await this.#endUnanswered(now);
      await this.#clean(now);
    } catch (error) {
      this.#options.log.warn("the attempts of other machines could not be looked at; looking again", {
        error: messageOf(error),
      });
      this.#steadiness.failed(this.#clock.monotonic());
    }
  }

  /** Passes on what has started and what has ended. */
  async #hear(): Promise<void> {
    const running = this.#known();
    const waiting = running.filter((attemptId) => !this.#ledger.hasStarted(attemptId));
    this.#tellStarted(await this.#options.store.statuses(waiting));
    await this.#tellEnded(running);
  }

  /** Ends those that another scheduler has settled, which took the run over; or the database was set back. */
  async #endGone(): Promise<void> {
    const running = this.#known();
    const statuses = await this.#options.store.statuses(running);
    const there = new Set(statuses.map(({ attemptId }) => attemptId));
    const error = { code: "attempt_lost", message: "the attempt is not in the database any more" };
    for (const attemptId of running) {
      if (there.has(attemptId)) continue;
      this.#publisher.delete(attemptId);
      this.#ledger.finished(attemptId, { kind: "failed", error, durationMs: 0, retryable: true });
    }
  }

  /** Those that run, without any that may not be in the database yet. */
  #known(): string[] {
    return this.#ledger.runningIds().filter((attemptId) => !this.#adding.has(attemptId));
  }

  #surveyLater(ms: number): void {
    if (this.#isSurveyDue) return;
    this.#isSurveyDue = true;
    this.#clock.after(ms, () => {
      this.#isSurveyDue = false;
      this.#look.request();
    });
  }

  async #countPlaces(): Promise<void> {
    const { hosts, store, limits, lookahead = 2 } = this.#options;
    const [all, counts] = await Promise.all([hosts.list(limits), store.countByQueue()]);
    const before = this.#places;
    this.#places = placesOf(all, counts, (queue) => this.#ledger.running(queue), lookahead);
    if (!areSamePlaces(before, this.#places)) this.#ledger.tellCapacity();
    this.#unserved.warn(this.#places.places, this.#clock.monotonic());
  }

  /** Lost with its host, as the rules of losses see it: a few times in a row it is made again, then it fails. */
  async #endLost(now: number): Promise<void> {
    const { store, limits, log } = this.#options;
    const running = this.#ledger.runningIds().filter((attemptId) => this.#ledger.hasStarted(attemptId));
    if (running.length === 0) return;
    const error = { code: "worker_lost", message: "the attempt was lost with its worker host" };
    const lost = await store.endLost(running, this.#steadiness.limits(limits, now), encodeFailure(error));
    if (lost.length > 0) log.warn("attempts were lost with their worker hosts", { attempts: lost.length });
  }

  #tellStarted(statuses: readonly RemoteAttemptStatus[]): void {
    for (const { attemptId, state, worker } of statuses) {
      if (state === "waiting") continue;
      this.#publisher.delete(attemptId);
      if (worker !== null) this.#ledger.started(attemptId, { where: worker });
    }
  }

  /** Of these attempts, passes on the ends of those that have ended. */
  async #tellEnded(attemptIds: readonly string[]): Promise<void> {
    for (const [attemptId, bytes] of await this.#options.store.outcomes(attemptIds)) {
      const outcome = await decodeOutcome(bytes);
      this.#publisher.delete(attemptId);
      this.#cancelled.delete(attemptId);
      this.#ledger.finished(attemptId, outcome);
    }
  }

  async #endUnanswered(now: number): Promise<void> {
    for (const [attemptId, { error, at }] of this.#cancelled) {
      if (now - at < CANCEL_PATIENCE_MS) continue;
      await this.#options.store.endNow([attemptId], encodeFailure(error));
      this.#cancelled.delete(attemptId);
      this.#look.request();
    }
  }

  async #clean(now: number): Promise<void> {
    if (now - this.#cleanedAt < CLEAN_EVERY_MS) return;
    this.#cleanedAt = now;
    const { hosts, store } = this.#options;
    await hosts.removeGone(KEPT_MS);
    await store.removeStale(KEPT_MS);
    // Ends that another scheduler has settled: none here asks for them any more.
    const ended = this.#ledger.endedIds();
    const there = new Set((await store.statuses(ended)).map(({ attemptId }) => attemptId));
    this.#ledger.settle(ended.filter((attemptId) => !there.has(attemptId)));
  }

  async #onTrouble(...[attemptId, reason, only]: Parameters<TroubleListener>): Promise<void> {
    const { store, log } = this.#options;
    const error = { code: "worker_lost", message: `no worker could start for the attempt: ${reason}` };
    try {
      const end = only === "waiting" ? store.endWaiting : store.endNow;
      await end.call(store, [attemptId], encodeFailure(error));
      this.#look.request();
    } catch (fault) {
      log.warn("an attempt that cannot start could not be ended", { attemptId, error: messageOf(fault) });
    }
  }
}
