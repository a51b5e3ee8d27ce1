// When tries became ready and were queued, until they end: their ends do not say it.

import type { QueuedTry, TryId } from "@memodag/core";

/** Tries that are remembered, at most: of others, only these times are missing. */
const MOST_TRIES = 50_000;

/** Remembers them, by run and try. */
export class TryTimes {
  readonly #runs = new Map<number, Map<string, QueuedTry>>();
  #size = 0;

  note(runId: number, queued: QueuedTry): void {
    if (this.#size >= MOST_TRIES) return;
    const ofRun = this.#runs.get(runId) ?? new Map<string, QueuedTry>();
    this.#runs.set(runId, ofRun);
    if (!ofRun.has(nameOf(queued))) this.#size += 1;
    ofRun.set(nameOf(queued), queued);
  }

  take(runId: number, id: TryId): QueuedTry | undefined {
    const ofRun = this.#runs.get(runId);
    const found = ofRun?.get(nameOf(id));
    if (found && ofRun?.delete(nameOf(id))) this.#size -= 1;
    return found;
  }

  /** Forgets a run that has ended, or goes on elsewhere. */
  forget(runId: number): void {
    this.#size -= this.#runs.get(runId)?.size ?? 0;
    this.#runs.delete(runId);
  }
}

function nameOf({ taskId, mapIndex, tryNumber }: TryId): string {
  return JSON.stringify([taskId, mapIndex, tryNumber]);
}
