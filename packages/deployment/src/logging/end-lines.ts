// One line for each attempt that has ended, for logs and for output that is not a terminal.

import { formatDuration, instanceName, isTerminal, type DagRun, type TaskInstance } from "@memodag/core";

/** Creates each line once: an instance may change after its end, when its result is stored. */
export class EndLines {
  readonly #told = new Set<string>();

  /** The line for the current state of an instance; `null` when there is nothing to log. */
  next(run: DagRun, instance: TaskInstance): string | null {
    const line = endLine(instance);
    if (line === null) return null;
    const attempt = JSON.stringify([
      run.id,
      instance.taskId,
      instance.mapIndex,
      instance.tryNumber,
      instance.state,
    ]);
    if (this.#told.has(attempt)) return null;
    this.#told.add(attempt);
    return line;
  }

  /** Forgets a run that is over. */
  forget(run: DagRun): void {
    const prefix = `[${run.id},`;
    for (const attempt of this.#told) if (attempt.startsWith(prefix)) this.#told.delete(attempt);
  }
}

/** The line for an attempt that has ended; `null` while it runs. */
export function endLine(instance: TaskInstance): string | null {
  const { taskId, mapIndex, state, tryNumber, cacheStatus, durationMs, savedMs, error } = instance;
  if (!isTerminal(state) && state !== "up_for_retry") return null;
  const name = instanceName(taskId, mapIndex);
  if (cacheStatus === "hit") return `${name}: hit, saved ${formatDuration(savedMs ?? 0)}`;
  const took = durationMs === null ? "" : ` in ${formatDuration(durationMs)}`;
  const attempt = tryNumber > 1 ? `, attempt ${tryNumber}` : "";
  const reason = error === null ? "" : `: ${error.code}: ${error.message}`;
  return `${name}: ${state}${took}${attempt}${reason}`;
}
