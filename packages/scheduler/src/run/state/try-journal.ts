// Tries of instances that were queued or have ended, until the database has them. A record for people: no decision reads it.

import type { TryOutcome, EndedTry, QueuedTry, TaskInstance, TaskInstanceState } from "@memodag/core";

/** States of an instance with a try in progress. */
const IN_PROGRESS: ReadonlySet<TaskInstanceState> = new Set(["queued", "running", "up_for_reschedule"]);

/** The row of an instance as the database has it. */
type StoredRow = Pick<TaskInstance, "attemptId"> | null;

/** Tracks the tries of one run. */
export class TryJournal {
  readonly #now: () => number;
  #ended: EndedTry[] = [];

  /** @param now in milliseconds since the Unix epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes the end of a try that the database has as queued, if the change ends it; `after` is null for a removed row. */
  noteEnd(before: TaskInstance, stored: StoredRow, after: TaskInstance | null): void {
    if (before.attemptId === null || stored?.attemptId !== before.attemptId) return;
    if (after && IN_PROGRESS.has(after.state)) return;
    const { taskId, mapIndex, tryNumber, worker, waitingSince, startedAt } = before;
    this.#ended.push({
      taskId,
      mapIndex,
      tryNumber,
      worker,
      startedAt: waitingSince ?? startedAt,
      endedAt: after?.endedAt ?? this.#now(),
      outcome: after ? resultOf(after.state) : "cancelled",
      error: after?.error ?? null,
    });
  }

  /** The try of a row that is to be written as queued; undefined if it is known already, such as a sensor's next poke. */
  queuedOf(row: TaskInstance, stored: StoredRow, readyAt: number | null): QueuedTry | undefined {
    const { taskId, mapIndex, tryNumber, attemptId, waitingSince } = row;
    if (row.state !== "queued" || waitingSince !== null || stored?.attemptId === attemptId) return undefined;
    return { taskId, mapIndex, tryNumber, readyAt, queuedAt: this.#now() };
  }

  /** Milliseconds since the Unix epoch. */
  now(): number {
    return this.#now();
  }

  get ended(): readonly EndedTry[] {
    return this.#ended;
  }

  /** The database has the first so many ends. */
  confirm(count: number): void {
    this.#ended.splice(0, count);
  }
}

function resultOf(state: TaskInstanceState): TryOutcome {
  switch (state) {
    case "success":
    case "skipped":
      return state;
    case "failed":
    case "up_for_retry":
      return "failed";
    case "none":
    case "scheduled":
      return "lost";
    default:
      return "cancelled";
  }
}
