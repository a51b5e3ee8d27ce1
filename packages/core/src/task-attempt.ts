// The tries of task instances, as they are kept after the instance has gone on.

import type { StoredError, TaskInstanceId } from "./dag-run.ts";

/**
 * How a try ended. `lost`: with its scheduler or its worker host, and another try follows. `cancelled`: its instance was
 * cleared, its state was set, or its run was cancelled while it ran.
 */
export const TRY_OUTCOMES = ["success", "failed", "skipped", "lost", "cancelled"] as const;

/** See {@link TRY_OUTCOMES}. */
export type TryOutcome = (typeof TRY_OUTCOMES)[number];

/** Names a try of an instance of a run. */
export interface TryId extends TaskInstanceId {
  readonly tryNumber: number;
}

/** A try that gets a slot. Times are milliseconds since the Unix epoch. */
export interface QueuedTry extends TryId {
  /** When the instance could have run, had there been a slot and its locks; `null`: not known. */
  readonly readyAt: number | null;
  readonly queuedAt: number;
}

/** A try that has ended. */
export interface EndedTry extends TryId {
  /** `null`: it never started. */
  readonly startedAt: number | null;
  readonly endedAt: number;
  readonly outcome: TryOutcome;
  readonly error: StoredError | null;
  readonly worker: string | null;
}

/** The tries that a pass queues, and those whose end it writes. */
export interface TryWrites {
  readonly queued: readonly QueuedTry[];
  readonly ended: readonly EndedTry[];
}

/** A try as it is shown. All pokes of a sensor are one try. */
export interface TaskTry extends QueuedTry {
  readonly startedAt: number | null;
  /** `null`: it has not ended. */
  readonly endedAt: number | null;
  readonly outcome: TryOutcome | null;
  readonly error: StoredError | null;
  /** Where it runs or ran; `null`: nowhere yet. */
  readonly worker: string | null;
}
