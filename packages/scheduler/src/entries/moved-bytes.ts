// Counts the bytes of entries that the tasks of runs move, until a pass writes the count.

import type { Attempt, DagRun } from "@memodag/core";

type RunName = Pick<DagRun, "team" | "dagId" | "runId">;

/** The counts of one scheduler. */
export class MovedBytes {
  readonly #moved = new Map<string, number>();

  add(attempt: Pick<Attempt, "team" | "dagId" | "runId">, sizeBytes: number): void {
    const name = nameOf(attempt);
    this.#moved.set(name, (this.#moved.get(name) ?? 0) + sizeBytes);
  }

  /** The bytes since it was last asked. */
  take(run: RunName): number {
    const name = nameOf(run);
    const moved = this.#moved.get(name) ?? 0;
    this.#moved.delete(name);
    return moved;
  }
}

function nameOf({ team, dagId, runId }: RunName): string {
  return JSON.stringify([team, dagId, runId]);
}
