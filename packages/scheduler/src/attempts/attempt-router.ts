// Between the runs of one scheduler and its executor: who hears of which attempt, and who has the slots.

import type { Attempt, Executor, ExecutorEvent, StoredError } from "@memodag/core";

/** Hears of one attempt. */
export type AttemptListener = (event: ExecutorEvent) => void;

/** Which run. */
type RunName = Pick<Attempt, "team" | "dagId" | "runId">;

/** Which instance of which run. */
export type InstanceName = RunName & Pick<Attempt, "taskId" | "mapIndex">;

interface LiveAttempt {
  /** Undefined for one that had ended when its event was handed back. */
  readonly instance: InstanceName | undefined;
  readonly run: RunName;
  listener: AttemptListener | undefined;
  /** What happened while there was no listener: a run that is being loaded again hears of it afterwards. */
  unheard: ExecutorEvent[];
}

/** Submits attempts and hands each one's events to the run that waits for it. */
export class AttemptRouter {
  readonly #executor: Executor;
  readonly #live = new Map<string, LiveAttempt>();
  /** Attempts that the executor has, by instance: one, or the ones being ended and the next. */
  readonly #running = new Map<string, Set<string>>();
  readonly #onSlotFree: () => void;
  #slotsTaken = 0;
  #isClosed = false;

  constructor(executor: Executor, onSlotFree: () => void) {
    this.#executor = executor;
    this.#onSlotFree = onSlotFree;
    executor.onEvent((event) => this.#route(event));
  }

  /** True while the executor has it, or has ended it and no one has heard. */
  isLive(attemptId: string): boolean {
    return this.#live.has(attemptId);
  }

  /** True while the executor has an attempt at the instance, one that is being ended included. */
  isRunning(instance: InstanceName): boolean {
    return this.#running.has(nameOf(instance));
  }

  /** True while the executor has an attempt at any instance of the run. */
  hasRunning({ team, dagId, runId }: RunName): boolean {
    for (const [attemptId, { run, instance }] of this.#live) {
      if (!instance || run.runId !== runId || run.dagId !== dagId || run.team !== team) continue;
      if (this.#running.get(nameOf(instance))?.has(attemptId)) return true;
    }
    return false;
  }

  /** How many more attempts may be chosen. */
  get freeSlots(): number {
    return this.#isClosed ? 0 : Math.max(0, this.#executor.freeSlots() - this.#slotsTaken);
  }

  /** True when another attempt may be chosen. */
  hasSlot(): boolean {
    return this.freeSlots > 0;
  }

  /** Reserves a slot between deciding to dispatch and submitting. */
  takeSlot(): void {
    this.#slotsTaken += 1;
  }

  /** Gives back a reserved slot that is not used: others may have gone without. */
  giveSlot(): void {
    this.#slotsTaken -= 1;
    this.#onSlotFree();
  }

  /** Hands an attempt to the executor, which has the reserved slot from now on. */
  submit(attempt: Attempt, listener: AttemptListener): void {
    const { attemptId, team, dagId, runId, taskId, mapIndex, callback } = attempt;
    this.#slotsTaken -= 1;
    const run = { team, dagId, runId };
    // A callback runs beside the attempts at its task.
    const instance = callback ? undefined : { ...run, taskId, mapIndex };
    this.#live.set(attemptId, { instance, run, listener, unheard: [] });
    if (instance) this.#note(nameOf(instance), attemptId);
    this.#executor.submit(attempt);
  }

  cancel(attemptId: string, error: StoredError): void {
    if (this.#live.has(attemptId)) this.#executor.cancel(attemptId, error);
  }

  /** Sets who hears of an attempt from now on, beginning with what was not heard. */
  listen(attemptId: string, listener: AttemptListener): void {
    const attempt = this.#live.get(attemptId);
    if (!attempt) return;
    attempt.listener = listener;
    for (const event of attempt.unheard.splice(0)) this.#tell(attempt, event);
  }

  /** These attempts have no listener until there is another. */
  forget(attemptIds: Iterable<string>): void {
    for (const attemptId of attemptIds) {
      const attempt = this.#live.get(attemptId);
      if (attempt) attempt.listener = undefined;
    }
  }

  /** Takes back what was heard and had no effect, so that the next listener hears of it again. */
  handBack({ team, dagId, runId }: RunName, events: readonly ExecutorEvent[]): void {
    for (const event of events) {
      let attempt = this.#live.get(event.attemptId);
      if (!attempt) {
        const run = { team, dagId, runId };
        attempt = { instance: undefined, run, listener: undefined, unheard: [] };
        this.#live.set(event.attemptId, attempt);
      }
      attempt.unheard.push(event);
    }
  }

  /**
   * Ends the attempts of a run that have no listener: their instances were cleared, or the run was ended.
   * Resolves when their processes are gone.
   */
  async cancelUnheard({ team, dagId, runId }: RunName, error: StoredError): Promise<void> {
    const ending: Promise<void>[] = [];
    for (const [attemptId, { run, listener, unheard }] of this.#live) {
      if (listener || run.runId !== runId || run.dagId !== dagId || run.team !== team) continue;
      if (unheard.some((event) => event.kind === "finished")) {
        this.#live.delete(attemptId);
        continue;
      }
      const ended = Promise.withResolvers<void>();
      ending.push(ended.promise);
      this.listen(attemptId, (event) => {
        if (event.kind === "finished") ended.resolve();
      });
      this.#executor.cancel(attemptId, error);
    }
    await Promise.all(ending);
  }

  /** No slot is given from now on. */
  close(): void {
    this.#isClosed = true;
  }

  #route(event: ExecutorEvent): void {
    const attempt = this.#live.get(event.attemptId);
    if (!attempt) return;
    if (event.kind === "finished" && attempt.instance) this.#drop(nameOf(attempt.instance), event.attemptId);
    if (attempt.listener) this.#tell(attempt, event);
    else attempt.unheard.push(event);
    if (event.kind === "finished") this.#onSlotFree();
  }

  #tell({ listener }: LiveAttempt, event: ExecutorEvent): void {
    if (event.kind === "finished") this.#live.delete(event.attemptId);
    listener?.(event);
  }

  #note(name: string, attemptId: string): void {
    const ids = this.#running.get(name);
    if (ids) ids.add(attemptId);
    else this.#running.set(name, new Set([attemptId]));
  }

  #drop(name: string, attemptId: string): void {
    const ids = this.#running.get(name);
    ids?.delete(attemptId);
    if (ids?.size === 0) this.#running.delete(name);
  }
}

function nameOf({ team, dagId, runId, taskId, mapIndex }: InstanceName): string {
  return JSON.stringify([team, dagId, runId, taskId, mapIndex]);
}
