// The attempts of an executor in this process: those that run, and those that have ended and are not settled.

import { hostname } from "node:os";
import type {
  Attempt,
  AttemptOutcome,
  AttemptStatus,
  ExecutorEvent,
  ExecutorListener,
} from "./ports/executor.ts";

interface LedgerEntry {
  readonly queue: string;
  started: ExecutorEvent | undefined;
  finished: ExecutorEvent | undefined;
}

/** Tells the listener of its executor what happens, once, and again to one that adopts. */
export class AttemptLedger {
  readonly #entries = new Map<string, LedgerEntry>();
  readonly #running = new Map<string, number>();
  #runningCount = 0;
  #listener: ExecutorListener | undefined;

  /** Sets who hears of these attempts. */
  listen(listener: ExecutorListener): void {
    this.#listener = listener;
  }

  /** How many attempts run: all of them, or those of a queue. */
  running(queue?: string): number {
    return queue === undefined ? this.#runningCount : (this.#running.get(queue) ?? 0);
  }

  /** True for an attempt that runs, or has ended and is not settled. */
  has(attemptId: string): boolean {
    return this.#entries.has(attemptId);
  }

  /** An attempt begins, of which nothing is known yet. */
  begin({ attemptId, queue }: Pick<Attempt, "attemptId" | "queue">): void {
    this.#entries.set(attemptId, { queue, started: undefined, finished: undefined });
    this.#count(queue, 1);
  }

  /** It has a process: of this host, or elsewhere. */
  started(attemptId: string, process: { readonly pid: number } | { readonly where: string }): void {
    const entry = this.#entries.get(attemptId);
    if (!entry || entry.started || entry.finished) return;
    const where = "where" in process ? process : { ...process, where: `${hostname()}/${process.pid}` };
    entry.started = { kind: "started", attemptId, ...where };
    this.#listener?.onEvent(entry.started);
  }

  /** It has ended; the first end that is reported is its end. */
  finished(attemptId: string, outcome: AttemptOutcome): void {
    const entry = this.#entries.get(attemptId);
    if (!entry || entry.finished) return;
    entry.finished = { kind: "finished", attemptId, outcome };
    this.#count(entry.queue, -1);
    this.#listener?.onEvent(entry.finished);
    this.tellCapacity();
  }

  /** An attempt that begins could not be handed over: nothing is known of it any more. */
  drop(attemptId: string): void {
    const entry = this.#entries.get(attemptId);
    if (!entry) return;
    if (!entry.finished) this.#count(entry.queue, -1);
    this.#entries.delete(attemptId);
  }

  /** Ids of those that run. */
  runningIds(): string[] {
    return Array.from(this.#entries).flatMap(([attemptId, { finished }]) => (finished ? [] : [attemptId]));
  }

  /** Ids of those that have ended and are not settled. */
  endedIds(): string[] {
    return Array.from(this.#entries).flatMap(([attemptId, { finished }]) => (finished ? [attemptId] : []));
  }

  /** True for an attempt that runs and has been reported to have a process. */
  hasStarted(attemptId: string): boolean {
    return this.#entries.get(attemptId)?.started !== undefined;
  }

  /** Returns the status of these attempts. Their events are repeated soon after. */
  adopt(attemptIds: readonly string[]): AttemptStatus[] {
    setImmediate(() => {
      for (const attemptId of attemptIds) this.#repeat(attemptId);
    });
    return attemptIds.map((attemptId) => {
      const entry = this.#entries.get(attemptId);
      return { attemptId, state: !entry ? "unknown" : entry.finished ? "ended" : "running" };
    });
  }

  /** Forgets those that have ended. */
  settle(attemptIds: readonly string[]): void {
    for (const attemptId of attemptIds)
      if (this.#entries.get(attemptId)?.finished) this.#entries.delete(attemptId);
  }

  /** Tells the listener that there may be more room, or less. */
  tellCapacity(): void {
    this.#listener?.onCapacity();
  }

  #repeat(attemptId: string): void {
    const entry = this.#entries.get(attemptId);
    if (entry?.started) this.#listener?.onEvent(entry.started);
    if (entry?.finished) this.#listener?.onEvent(entry.finished);
  }

  #count(queue: string, change: number): void {
    this.#running.set(queue, this.running(queue) + change);
    this.#runningCount += change;
  }
}
