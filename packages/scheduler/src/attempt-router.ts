// Between the runs of one scheduler and its executor: who hears of which attempt, and who has the slots.

import type { Attempt, Executor, ExecutorEvent, StoredError } from "@memodag/core";

/** Hears of one attempt. */
export type AttemptListener = (event: ExecutorEvent) => void;

interface LiveAttempt {
  readonly run: RunName;
  listener: AttemptListener | undefined;
  /** What happened while nobody listened: a run that is being loaded again hears of it afterwards. */
  unheard: ExecutorEvent[];
}

/** Which run. */
type RunName = Pick<Attempt, "team" | "dagId" | "runId">;

/** Submits attempts and hands each one's events to the run that waits for it. */
export class AttemptRouter {
  readonly #executor: Executor;
  readonly #live = new Map<string, LiveAttempt>();
  readonly #onSlotFree: () => void;
  #slotsTaken = 0;
  #isClosed = false;

  constructor(executor: Executor, onSlotFree: () => void) {
    this.#executor = executor;
    this.#onSlotFree = onSlotFree;
    executor.onEvent((event) => this.#route(event));
  }

  /** True while the executor has it, or has ended it and nobody has heard. */
  isLive(attemptId: string): boolean {
    return this.#live.has(attemptId);
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

  /** Gives a reserved slot back: the attempt is with the executor now, or never will be. */
  giveSlot(): void {
    this.#slotsTaken -= 1;
  }

  submit(attempt: Attempt, listener: AttemptListener): void {
    const { team, dagId, runId } = attempt;
    this.#live.set(attempt.attemptId, { run: { team, dagId, runId }, listener, unheard: [] });
    this.#executor.submit(attempt);
  }

  cancel(attemptId: string, error: StoredError): void {
    if (this.#live.has(attemptId)) this.#executor.cancel(attemptId, error);
  }

  /** Sets who hears of an attempt from now on, beginning with what nobody heard. */
  listen(attemptId: string, listener: AttemptListener): void {
    const attempt = this.#live.get(attemptId);
    if (!attempt) return;
    attempt.listener = listener;
    for (const event of attempt.unheard.splice(0)) this.#route(event);
  }

  /** Nobody hears of these attempts until somebody listens again. */
  forget(attemptIds: Iterable<string>): void {
    for (const attemptId of attemptIds) {
      const attempt = this.#live.get(attemptId);
      if (attempt) attempt.listener = undefined;
    }
  }

  /** Takes back what was heard and came to nothing, so that whoever listens next hears of it again. */
  handBack({ team, dagId, runId }: RunName, events: readonly ExecutorEvent[]): void {
    for (const event of events) {
      let attempt = this.#live.get(event.attemptId);
      if (!attempt) {
        attempt = { run: { team, dagId, runId }, listener: undefined, unheard: [] };
        this.#live.set(event.attemptId, attempt);
      }
      attempt.unheard.push(event);
    }
  }

  /** Ends the attempts of a run that nobody took over: their instances were cleared. */
  cancelUnheard({ team, dagId, runId }: RunName, error: StoredError): void {
    for (const [attemptId, { run, listener, unheard }] of this.#live) {
      if (listener || run.runId !== runId || run.dagId !== dagId || run.team !== team) continue;
      if (unheard.some((event) => event.kind === "finished")) this.#live.delete(attemptId);
      else {
        this.listen(attemptId, () => undefined);
        this.#executor.cancel(attemptId, error);
      }
    }
  }

  /** No slot is given from now on. */
  close(): void {
    this.#isClosed = true;
  }

  #route(event: ExecutorEvent): void {
    const attempt = this.#live.get(event.attemptId);
    if (!attempt) return;
    if (attempt.listener) {
      if (event.kind === "finished") this.#live.delete(event.attemptId);
      attempt.listener(event);
    } else {
      attempt.unheard.push(event);
    }
    if (event.kind === "finished") this.#onSlotFree();
  }
}
