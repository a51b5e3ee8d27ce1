// The part of `memodag dags run --json` that the demo reads. Durations are milliseconds.

/** One task instance. */
export interface TaskReport {
  readonly taskId: string;
  /** -1 for a task that is not mapped. */
  readonly mapIndex: number;
  readonly state: string;
  readonly cacheStatus: string | null;
  readonly cacheReason: string | null;
  readonly durationMs: number | null;
  readonly savedMs: number | null;
}

/** One run. */
export interface RunReport {
  readonly runId: string;
  readonly state: string;
  readonly processesSpawned: number;
  readonly cache: { readonly savedMs: number };
  readonly tasks: readonly TaskReport[];
}

/** How an instance is called: `report`, `train[3]`. */
export function nameInstance({ taskId, mapIndex }: TaskReport): string {
  return mapIndex === -1 ? taskId : `${taskId}[${mapIndex}]`;
}

/** True when the instance's result came from the cache. */
export function isHit({ cacheStatus }: TaskReport): boolean {
  return cacheStatus === "hit";
}
