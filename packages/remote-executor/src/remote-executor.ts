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
import type { DispatchEngine, DispatchNotice } from "./dispatch-engine.ts";
import { decodeOutcome, encodeFailure } from "./outcome-bytes.ts";
import { Outbox } from "./outbox.ts";
import { NO_PLACES, placesOf, type QueuePlaces } from "./queue-places.ts";
import { Round } from "./round.ts";

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
/** A century, in milliseconds. */
const NEVER_MS = 100 * 366 * 86_400_000;
/** The least time between two looks at hosts and queues, in milliseconds. */
const SURVEY_REST_MS = 200;
/** How long an attempt waits before its id is looked for in the queue, in milliseconds. */
const MISSED_AFTER_MS = 15_000;
/** How long a worker may take to end an attempt that was cancelled, in milliseconds. */
const CANCEL_PATIENCE_MS = 30_000;
const CLEAN_EVERY_MS = 60_000;
/** How long a queue may be without a worker before it is warned of, and how often then, in milliseconds. */
const UNSERVED_MS = 5_000;
const WARNED_EVERY_MS = 300_000;
/** Hosts and attempts that are of no use any more are removed after this time, in milliseconds. */
const KEPT_MS = 3_600_000;

/** Runs attempts on other machines. */
export class RemoteExecutor implements Executor {
  readonly outlives = true;
  readonly #options: RemoteExecutorOptions;
  readonly #clock: Clock;
  readonly #ledger = new AttemptLedger();
  readonly #outbox: Outbox;
  /** Of attempts that no worker is known to have. */
  readonly #notices = new Map<string, DispatchNotice>();
  readonly #cancelled = new Map<string, { readonly error: StoredError; readonly at: number }>();
  readonly #look: Round;
  readonly #watch: Promise<{ close(): Promise<void> } | undefined>;
  #places: QueuePlaces = NO_PLACES;
  #cancelLook: CancelTimer = () => undefined;
  /** Since when the database has answered without a gap: hosts could not beat before. By the monotonic clock. */
  #steadySince: number;
  readonly #openedAt: number;
  #lookedAt: number;
  #publishedAt = -Infinity;
  #surveyedAt = -Infinity;
  #isSurveyDue = false;
  #cleanedAt = -Infinity;
  /** Queues without a worker of which a place was asked, and when it was warned of the last time. */
  readonly #unserved = new Set<string>();
  readonly #warnedOf = new Map<string, number>();
  #isClosed = false;

  constructor(options: RemoteExecutorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#steadySince = this.#clock.monotonic();
    this.#lookedAt = this.#steadySince;
    this.#openedAt = this.#steadySince;
    this.#outbox = new Outbox(options.store, (notices) => this.#publish(notices));
    this.#look = new Round(() => this.#lookNow());
    this.#watch = options.changes
      .watchAttempts(() => this.#look.request())
      .catch((error: unknown) => {
        options.log.warn("changes of attempts cannot be heard of; looking for them", {
          error: messageOf(error),
        });
        return undefined;
      });
    options.engine.onTrouble?.((attemptId, reason) => void this.#onTrouble(attemptId, reason));
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
    this.#notices.set(attemptId, noticeOf(attempt));
    try {
      await this.#outbox.add(noticeOf(attempt), { attempt, env: declaredValues(attempt, this.#options.env) });
    } catch (error) {
      this.#notices.delete(attemptId);
      this.#ledger.drop(attemptId);
      throw error;
    }
    return "accepted";
  }

  async adopt(attemptIds: readonly string[]): Promise<AttemptStatus[]> {
    const strange = attemptIds.filter((attemptId) => !this.#ledger.has(attemptId));
    const statuses = await this.#options.store.statuses(strange);
    for (const { attemptId, queue, state } of statuses) {
      this.#ledger.begin({ attemptId, queue });
      if (state === "waiting") this.#notices.set(attemptId, ofUnknown(attemptId, queue));
    }
    this.#publishedAt = -Infinity;
    await this.#tell(statuses);
    this.#look.request();
    return this.#ledger.adopt(attemptIds);
  }

  async settle(attemptIds: readonly string[]): Promise<void> {
    await this.#options.store.settle(attemptIds);
    this.#ledger.settle(attemptIds);
  }

  async cancel(attemptId: string, error: StoredError): Promise<void> {
    const { store, engine, log } = this.#options;
    if (!this.#ledger.has(attemptId)) return;
    // It ends with the first error, whatever statement is first.
    const first = this.#cancelled.get(attemptId) ?? { error, at: this.#clock.monotonic() };
    this.#cancelled.set(attemptId, first);
    await store.cancel([attemptId], first.error, encodeFailure(first.error));
    const notice = this.#notices.get(attemptId);
    if (notice)
      engine.withdraw([notice]).catch((fault: unknown) => {
        // A worker that takes it is told that there is nothing to start.
        log.debug("an attempt could not be taken back from the queue", {
          attemptId,
          error: messageOf(fault),
        });
      });
    this.#look.request();
  }

  /** Attempts go on: nothing is waited for. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelLook();
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
      await this.#tell(await this.#options.store.statuses(this.#ledger.runningIds()));
      const restMs = this.#surveyedAt + SURVEY_REST_MS - now;
      if (restMs > 0) {
        this.#surveyLater(restMs);
        return;
      }
      this.#surveyedAt = now;
      await this.#countPlaces();
      await this.#endLost(now);
      await this.#publishMissed(now);
      await this.#endUnanswered(now);
      await this.#clean(now);
    } catch (error) {
      this.#options.log.warn("the attempts of other machines could not be looked at; looking again", {
        error: messageOf(error),
      });
      this.#steadySince = this.#clock.monotonic();
      return;
    }
    // While this process was stopped, or the database away, no host could say that it lives.
    if (now - this.#lookedAt > 2 * LOOK_EVERY_MS + 1_000) this.#steadySince = now;
    this.#lookedAt = now;
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
    if (!areSame(before, this.#places)) this.#ledger.tellCapacity();
    this.#warnOfUnserved();
  }

  #warnOfUnserved(): void {
    const now = this.#clock.monotonic();
    for (const queue of this.#unserved) {
      if (this.#places.places.has(queue) || now - (this.#warnedOf.get(queue) ?? -Infinity) < WARNED_EVERY_MS)
        continue;
      // A worker may be about to register.
      if (now - this.#openedAt < UNSERVED_MS) return;
      this.#warnedOf.set(queue, now);
      this.#options.log.warn("no worker takes tasks of a queue: they wait until one is started for it", {
        queue,
      });
    }
    this.#unserved.clear();
  }

  /** Lost with its host, as the rules of losses see it: a few times in a row it is made again, then it fails. */
  async #endLost(now: number): Promise<void> {
    const { store, limits, log } = this.#options;
    const running = this.#ledger.runningIds().filter((attemptId) => this.#ledger.hasStarted(attemptId));
    if (running.length === 0) return;
    const steadyMs = now - this.#steadySince;
    const beatMs = steadyMs < limits.beatMs ? NEVER_MS : limits.beatMs;
    const linkMs = steadyMs < limits.linkMs ? NEVER_MS : limits.linkMs;
    const error = { code: "worker_lost", message: "the attempt was lost with its worker host" };
    const lost = await store.endLost(running, { beatMs, linkMs }, encodeFailure(error));
    if (lost.length > 0) log.warn("attempts were lost with their worker hosts", { attempts: lost.length });
  }

  /** Passes on what has started and what has ended. */
  async #tell(statuses: readonly RemoteAttemptStatus[]): Promise<void> {
    for (const { attemptId, state, worker } of statuses) {
      if (state === "waiting") continue;
      this.#notices.delete(attemptId);
      if (worker !== null) this.#ledger.started(attemptId, { where: worker });
    }
    const ended = statuses.filter(({ state }) => state === "ended").map(({ attemptId }) => attemptId);
    if (ended.length === 0) return;
    const outcomes = await this.#options.store.outcomes(ended);
    for (const attemptId of ended) {
      const bytes = outcomes.get(attemptId);
      const error = { code: "worker_failed", message: "the end that its worker sent cannot be read" };
      this.#cancelled.delete(attemptId);
      this.#ledger.finished(
        attemptId,
        (bytes && decodeOutcome(bytes)) ?? { kind: "failed", error, durationMs: 0, retryable: true },
      );
    }
  }

  /** The queue may have lost what it was told. */
  async #publishMissed(now: number): Promise<void> {
    if (this.#notices.size === 0 || now - this.#publishedAt < MISSED_AFTER_MS) return;
    this.#publishedAt = now;
    const { store, engine } = this.#options;
    const waiting = await store.listWaiting([...this.#notices.keys()], MISSED_AFTER_MS);
    if (waiting.length === 0) return;
    const known = await engine.listKnown(waiting);
    const missed = waiting.flatMap(({ attemptId }) => {
      const notice = this.#notices.get(attemptId);
      return notice && !known.has(attemptId) ? [notice] : [];
    });
    if (missed.length > 0) await engine.publish(missed);
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
    await this.#options.hosts.removeGone(KEPT_MS);
    await this.#options.store.removeStale(KEPT_MS);
  }

  async #onTrouble(attemptId: string, reason: string): Promise<void> {
    const { store, log } = this.#options;
    const error = { code: "worker_lost", message: `no worker could start for the attempt: ${reason}` };
    try {
      await store.endNow([attemptId], encodeFailure(error));
      this.#look.request();
    } catch (fault) {
      log.warn("an attempt that cannot start could not be ended", { attemptId, error: messageOf(fault) });
    }
  }

  /** Publishes again later if the queue is away. */
  async #publish(notices: readonly DispatchNotice[]): Promise<void> {
    try {
      await this.#options.engine.publish(notices);
    } catch (error) {
      this.#options.log.warn("attempts could not be put into the queue of the workers; trying again", {
        attempts: notices.length,
        error: messageOf(error),
      });
      this.#clock.after(LOOK_EVERY_MS, () => {
        const missed = notices.filter(({ attemptId }) => this.#notices.has(attemptId));
        if (missed.length > 0 && !this.#isClosed) void this.#publish(missed);
      });
    }
  }
}

function noticeOf(attempt: Attempt): DispatchNotice {
  const { attemptId, queue, team, dagId, taskId, priority = 1 } = attempt;
  return { attemptId, queue, team, dagId, taskId, priority: Math.min(Math.max(1, priority), 1_000_000) };
}

/** The names and the priority of an adopted attempt are those of its order; the queue needs neither. */
function ofUnknown(attemptId: string, queue: string): DispatchNotice {
  return { attemptId, queue, team: "", dagId: "", taskId: "", priority: 1 };
}

/** Variables of the attempt that are set here: what is not among them is not set on the worker either. */
function declaredValues(
  { declaredEnv, command }: Attempt,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const names = command?.visibleEnv ?? declaredEnv ?? [];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function areSame(a: QueuePlaces, b: QueuePlaces): boolean {
  return isSameMap(a.places, b.places) && isSameMap(a.others, b.others);
}

function isSameMap(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
