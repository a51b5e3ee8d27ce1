// Connects the runs of one scheduler to its executor: routes the events of attempts, and reserves slots.

import {
  type Attempt,
  type ClaimedRun,
  type Clock,
  type Executor,
  type ExecutorEvent,
  type Logger,
  type StoredError,
} from "@memodag/core";
import { AttemptSender } from "./attempt-sender.ts";
import {
  LiveAttempts,
  isSameRun,
  type AttemptListener,
  type InstanceName,
  type LiveAttempt,
  type RunName,
} from "./live-attempts.ts";

export interface AttemptRouterParts {
  readonly executor: Executor;
  readonly clock: Clock;
  readonly log: Logger;
  /** A slot may be free, or an instance may have no attempt any more. */
  readonly onSlotFree: () => void;
  /** False while nothing may be submitted, because a lease may have expired. */
  readonly maySubmit: () => boolean;
}

/** Submits attempts and passes each one's events to the run that waits for it. */
export class AttemptRouter {
  readonly #executor: Executor;
  readonly #sender: AttemptSender;
  readonly #live = new LiveAttempts();
  /** Ends that were reported and are not recorded yet. */
  readonly #unsettled = new Map<string, RunName>();
  readonly #onSlotFree: () => void;
  readonly #slotsTaken = new Map<string, number>();
  #isClosed = false;

  constructor({ executor, clock, log, onSlotFree, maySubmit }: AttemptRouterParts) {
    this.#executor = executor;
    this.#onSlotFree = onSlotFree;
    this.#sender = new AttemptSender({
      executor,
      clock,
      log,
      maySubmit,
      onUnsent: (attemptId, error) => this.#route(unsent(attemptId, error)),
      isAwaited: (attemptId) => this.#live.get(attemptId)?.hasEnded === false,
    });
    executor.listen({
      onEvent: (event) => {
        this.#sender.heard(event.attemptId);
        this.#route(event);
      },
      onCapacity: () => {
        this.retry();
        onSlotFree();
      },
    });
  }

  /** True while the executor has the attempt, or its end has not been delivered. */
  isLive(attemptId: string): boolean {
    return this.#live.has(attemptId);
  }

  /** True while the executor has an attempt at the instance, including one that is being ended. */
  isRunning(instance: InstanceName): boolean {
    return this.#live.isRunning(instance);
  }

  /** True while the executor has an attempt at any instance of the run. */
  hasRunning(run: RunName): boolean {
    return this.#live.hasRunning(run);
  }

  /** True when attempts run on other machines, and go on without this process. */
  get areRemote(): boolean {
    return this.#executor.outlives;
  }

  /** How many more attempts of a queue may be chosen. */
  freeSlots(queue: string): number {
    const taken = (this.#slotsTaken.get(queue) ?? 0) + this.#sender.waiting(queue);
    return this.#isClosed ? 0 : Math.max(0, this.#executor.capacity(queue) - taken);
  }

  /** True when another attempt of a queue may be chosen. */
  hasSlot(queue: string): boolean {
    return this.freeSlots(queue) > 0;
  }

  /** Reserves a slot between deciding to dispatch and submitting. */
  reserveSlot(queue: string): void {
    this.#slotsTaken.set(queue, (this.#slotsTaken.get(queue) ?? 0) + 1);
  }

  /** Releases a reserved slot that is not used; other runs may be waiting for it. */
  releaseSlot(queue: string): void {
    this.#slotsTaken.set(queue, (this.#slotsTaken.get(queue) ?? 0) - 1);
    this.#onSlotFree();
  }

  /** Passes an attempt to the executor, which uses the reserved slot from now on. */
  submit(attempt: Attempt, listener: AttemptListener): void {
    const { attemptId, queue, team, dagId, runId, taskId, mapIndex, callback } = attempt;
    this.#slotsTaken.set(queue, (this.#slotsTaken.get(queue) ?? 0) - 1);
    const run = { team, dagId, runId };
    // A callback runs alongside the attempts at its task.
    const instance = callback ? undefined : { ...run, taskId, mapIndex };
    this.#live.add(attemptId, { run, instance, isCallback: callback !== undefined, listener });
    if (instance) this.#live.begin(attemptId, instance);
    this.#sender.send(attempt);
  }

  /** Submits attempts that the executor had no room for. */
  retry(): void {
    this.#sender.retry();
  }

  cancel(attemptId: string, error: StoredError): void {
    if (this.#live.has(attemptId)) this.#sender.cancel(attemptId, error);
  }

  /**
   * Takes over the executor's attempts that an earlier holder of the run submitted: they are live from then
   * on, without a listener.
   * @throws whatever the executor rejects with
   */
  async adopt({ run: { team, dagId, runId }, instances }: ClaimedRun): Promise<void> {
    const run = { team, dagId, runId };
    const rows = new Map(
      instances.flatMap((row) => {
        const isUnderWay = row.state === "queued" || row.state === "running";
        const { attemptId } = row;
        return isUnderWay && attemptId !== null && !this.#sender.has(attemptId) ? [[attemptId, row]] : [];
      }),
    );
    if (rows.size === 0) return;
    for (const { attemptId, state } of await this.#sender.adopt([...rows.keys()])) {
      const row = rows.get(attemptId);
      const known = this.#live.get(attemptId);
      if (!row) continue;
      if (state === "unknown") {
        if (known?.hasEnded === false) this.#forgetLive(attemptId);
      } else if (!known) {
        const instance = { ...run, taskId: row.taskId, mapIndex: row.mapIndex };
        const hasStarted = row.state === "running";
        this.#live.add(attemptId, { run, instance, hasStarted });
        if (state === "running") this.#live.begin(attemptId, instance);
      }
    }
  }

  /** The effects of these events are recorded, so the executor need not keep them. */
  settle(events: readonly ExecutorEvent[]): void {
    const ended = events.filter(({ kind }) => kind === "finished").map(({ attemptId }) => attemptId);
    if (ended.length === 0) return;
    for (const attemptId of ended) this.#unsettled.delete(attemptId);
    void this.#sender.settle(ended);
  }

  /** Sets the listener of an attempt, which first receives the undelivered events. */
  listen(attemptId: string, listener: AttemptListener): void {
    const attempt = this.#live.get(attemptId);
    if (!attempt) return;
    attempt.listener = listener;
    for (const event of attempt.undelivered.splice(0)) this.#tell(attempt, event);
  }

  /** Removes the listeners of these attempts until they are set again. */
  forget(attemptIds: Iterable<string>): void {
    for (const attemptId of attemptIds) {
      const attempt = this.#live.get(attemptId);
      if (attempt) attempt.listener = undefined;
    }
  }

  /** Requeues events whose effects were not committed, for the next listener. */
  handBack({ team, dagId, runId }: RunName, events: readonly ExecutorEvent[]): void {
    for (const event of events) {
      const run = { team, dagId, runId };
      const attempt = this.#live.get(event.attemptId) ?? this.#live.add(event.attemptId, { run });
      if (event.kind === "started") attempt.hasStarted = true;
      else attempt.hasEnded = true;
      attempt.undelivered.push(event);
    }
  }

  /**
   * Ends the attempts of a run that have no listener: their instances were cleared, or the run was ended.
   * Resolves when their processes are gone.
   */
  async cancelDetached(run: RunName, error: StoredError): Promise<void> {
    const ending: Promise<void>[] = [];
    for (const [attemptId, { listener, undelivered }] of this.#live.ofRun(run)) {
      if (listener) continue;
      const end = undelivered.find((event) => event.kind === "finished");
      if (end) {
        this.#live.delete(attemptId);
        this.settle([end]);
        continue;
      }
      const ended = Promise.withResolvers<void>();
      ending.push(ended.promise);
      this.listen(attemptId, (event) => {
        if (event.kind !== "finished") return;
        this.settle([event]);
        ended.resolve();
      });
      this.#sender.cancel(attemptId, error);
    }
    await Promise.all(ending);
  }

  /**
   * The lease of a run belongs to another scheduler, or may do so. Attempts that outlive this process are
   * left to its next holder and are no longer live here. The outcome of the others is ignored, by their
   * listeners as well.
   */
  lose(run: RunName): void {
    const { outlives } = this.#executor;
    for (const [attemptId, attempt] of this.#live.ofRun(run)) {
      if (attempt.isCallback) continue;
      if (outlives) this.#forgetLive(attemptId);
      else this.listen(attemptId, (event) => this.settle([event]));
    }
    for (const [attemptId, of] of this.#unsettled) {
      if (!isSameRun(of, run)) continue;
      this.#unsettled.delete(attemptId);
      if (!outlives) void this.#sender.settle([attemptId]);
    }
  }

  /**
   * Like {@link cancelDetached}, for a run that belongs to another scheduler: attempts that outlive this
   * process are left to it.
   */
  async release(run: RunName, error: StoredError): Promise<void> {
    if (this.#executor.outlives) this.lose(run);
    else await this.cancelDetached(run, error);
  }

  /** No slot is granted and nothing is submitted from now on. */
  close(): void {
    this.#isClosed = true;
    this.#sender.close();
  }

  #route(event: ExecutorEvent): void {
    const attempt = this.#live.get(event.attemptId);
    // Late or repeated events must not change anything.
    if (!attempt || attempt.hasEnded || (event.kind === "started" && attempt.hasStarted)) return;
    if (event.kind === "started") attempt.hasStarted = true;
    else {
      attempt.hasEnded = true;
      this.#live.end(event.attemptId);
    }
    if (attempt.listener) this.#tell(attempt, event);
    else attempt.undelivered.push(event);
    if (event.kind === "finished") this.#onSlotFree();
  }

  #tell({ listener, run }: LiveAttempt, event: ExecutorEvent): void {
    if (event.kind === "finished") {
      this.#live.delete(event.attemptId);
      this.#unsettled.set(event.attemptId, run);
    }
    listener?.(event);
  }

  #forgetLive(attemptId: string): void {
    this.#live.end(attemptId);
    this.#live.delete(attemptId);
    this.#sender.forget(attemptId);
  }
}

function unsent(attemptId: string, error: StoredError): ExecutorEvent {
  const outcome = { kind: "failed" as const, error, durationMs: 0, retryable: true };
  return { kind: "finished", attemptId, outcome };
}
