// The attempts of one scheduler whose end is not known to their run yet, and those that run at each instance.

import type { Attempt, ExecutorEvent } from "@memodag/core";

/** Receives each event of one attempt once. */
export type AttemptListener = (event: ExecutorEvent) => void;

/** Identifies a run. */
export type RunName = Pick<Attempt, "team" | "dagId" | "runId">;

/** Identifies a task instance. */
export type InstanceName = RunName & Pick<Attempt, "taskId" | "mapIndex">;

/** An attempt, and what was reported of it. */
export interface LiveAttempt {
  readonly run: RunName;
  /** Undefined for a callback, and for an attempt that had ended when its event was handed back. */
  readonly instance: InstanceName | undefined;
  readonly isCallback: boolean;
  listener: AttemptListener | undefined;
  /**
   * Events that arrived while there was no listener; the next listener, of a run that is being loaded again,
   * receives them.
   */
  undelivered: ExecutorEvent[];
  /** Executors may repeat events. */
  hasStarted: boolean;
  hasEnded: boolean;
}

/** Live attempts by id. An attempt is live until its end is delivered, and runs until its end is reported. */
export class LiveAttempts {
  readonly #attempts = new Map<string, LiveAttempt>();
  /** Ids by instance: usually one, or those of attempts being ended and their successor. */
  readonly #running = new Map<string, Set<string>>();

  has(attemptId: string): boolean {
    return this.#attempts.has(attemptId);
  }

  get(attemptId: string): LiveAttempt | undefined {
    return this.#attempts.get(attemptId);
  }

  /** Adds an attempt that nothing is known of but what is given. */
  add(attemptId: string, known: Pick<LiveAttempt, "run"> & Partial<LiveAttempt>): LiveAttempt {
    const nothing = { instance: undefined, listener: undefined, undelivered: [], isCallback: false };
    const attempt = { ...nothing, hasStarted: false, hasEnded: false, ...known };
    this.#attempts.set(attemptId, attempt);
    return attempt;
  }

  delete(attemptId: string): void {
    this.#attempts.delete(attemptId);
  }

  *ofRun(run: RunName): Generator<[attemptId: string, attempt: LiveAttempt]> {
    for (const entry of this.#attempts) if (isSameRun(entry[1].run, run)) yield entry;
  }

  /** The executor has, or is about to have, an attempt at an instance. */
  begin(attemptId: string, instance: InstanceName): void {
    const name = nameOf(instance);
    const ids = this.#running.get(name);
    if (ids) ids.add(attemptId);
    else this.#running.set(name, new Set([attemptId]));
  }

  /** The executor has it no more. */
  end(attemptId: string): void {
    const instance = this.#attempts.get(attemptId)?.instance;
    if (!instance) return;
    const name = nameOf(instance);
    const ids = this.#running.get(name);
    ids?.delete(attemptId);
    if (ids?.size === 0) this.#running.delete(name);
  }

  isRunning(instance: InstanceName): boolean {
    return this.#running.has(nameOf(instance));
  }

  /** True while an attempt at any instance of the run is running. */
  hasRunning(run: RunName): boolean {
    for (const [attemptId, { instance }] of this.ofRun(run))
      if (instance && this.#running.get(nameOf(instance))?.has(attemptId)) return true;
    return false;
  }
}

/** True for two names of one run. */
export function isSameRun(a: RunName, b: RunName): boolean {
  return a.runId === b.runId && a.dagId === b.dagId && a.team === b.team;
}

function nameOf({ team, dagId, runId, taskId, mapIndex }: InstanceName): string {
  return JSON.stringify([team, dagId, runId, taskId, mapIndex]);
}
