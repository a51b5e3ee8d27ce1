// What `dags run --json` prints, as the tests read it.

/** A task instance of a {@link RunReport}. */
export interface TaskReport {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly state: string;
  readonly tryNumber: number;
  readonly cacheStatus: string | null;
  readonly cacheReason: string | null;
  readonly cacheKey: string | null;
  readonly durationMs: number | null;
  readonly savedMs: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A run as it was printed. */
export interface RunReport {
  readonly dagId: string;
  readonly runId: string;
  readonly state: string;
  readonly durationMs: number | null;
  readonly processesSpawned: number;
  readonly lookups: number;
  readonly cache: Readonly<Record<string, number>>;
  readonly tasks: readonly TaskReport[];
  readonly transactions: readonly {
    readonly transactionId: string;
    readonly state: string;
    readonly reason: string | null;
    readonly endedAt: string | null;
  }[];
}
