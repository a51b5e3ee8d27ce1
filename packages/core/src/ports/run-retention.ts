// Removing ended runs and what belongs to them. Implemented by the metastore.

import type { AuditAct } from "../audit.ts";
import type { DagRunState } from "../states.ts";

/** The names of a run. */
export interface RunIdentity {
  /** The run's number. */
  readonly id: number;
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
}

/**
 * Why a run cannot be removed now.
 *
 * - `in_progress`: it has not ended.
 * - `ending`: it was cancelled, and its scheduler is ending its attempts.
 * - `callbacks_owed`: callbacks of it have not been called yet.
 * - `awaited`: a task of a run that is in progress created it, and may wait for it.
 * - `missing`: there is no such run.
 */
export type RemovalObstacle = "in_progress" | "ending" | "callbacks_owed" | "awaited" | "missing";

/** The outcome of a removal: of all runs, or of none. */
export type RunRemoval =
  | { readonly kind: "removed" }
  | {
      readonly kind: "refused";
      readonly id: number;
      readonly obstacle: RemovalObstacle;
      /** `null` if there is no such run. */
      readonly state: DagRunState | null;
    };

/** Rows of runs by kind. */
export interface RunRows {
  readonly instances: number;
  readonly xcoms: number;
  /** Entries of the runs' own job caches. */
  readonly entries: number;
}

/**
 * Removes ended runs. A run disappears in one transaction; the rows that belong to it, which may be very many, follow
 * in steps. Any number of processes may call at once, and what one that was killed left undone, others do.
 *
 * Results and other bytes stay while a record or another run refers to them; what nothing refers to is collected.
 * Entries that a run saved in caches that runs share stay.
 */
export interface RunRetention {
  /** Removes runs of a team: all of them, or none. The act is recorded in the same transaction. */
  removeRuns(team: string, ids: readonly number[], act?: AuditAct): Promise<RunRemoval>;
  /** Counts what belongs to runs. */
  count(ids: readonly number[]): Promise<RunRows>;
  /**
   * Deletes rows of removed runs, at most `limit` of each kind, in one short transaction. Leaves alone what another
   * process is deleting.
   * @param ids only of these runs; without it, of every removed run
   * @returns false if there was nothing to delete
   */
  drain(limit: number, ids?: readonly number[]): Promise<boolean>;
  /** Lists runs that were removed and whose names no later run has, after the one with this number, in order. */
  listRemoved(after: number, limit: number): Promise<RemovedRun[]>;
}

/** A run that was removed. */
export interface RemovedRun extends RunIdentity {
  /** Numbers removals in order. */
  readonly removalId: number;
}
