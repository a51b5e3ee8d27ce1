// Removing ended runs and what belongs to them. Implemented by the metastore.

import type { AuditAct } from "../audit.ts";
import type { Digest } from "../digest.ts";
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
 * - `transaction_open`: a transaction of it has not ended yet, such as one that has to be rolled back after a cancellation.
 * - `callbacks_owed`: callbacks of it have not been called yet.
 * - `awaited`: a task of a run that is in progress created it, and may wait for it.
 * - `missing`: there is no such run.
 */
export type RemovalObstacle =
  | "in_progress"
  | "ending"
  | "transaction_open"
  | "callbacks_owed"
  | "awaited"
  | "missing";

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

/** A run that was removed. */
export interface RemovedRun extends RunIdentity {
  /** Numbers removals in order. */
  readonly removalId: number;
}

/** Dags by id: of one team, or of every team. */
export interface DagSelection {
  readonly dagId: string;
  readonly team?: string | undefined;
}

/** Selects ended runs by age. */
export interface OldRunQuery {
  /** Milliseconds since the end. */
  readonly olderThanMs: number;
  /** Absent: runs of all Dags. */
  readonly dag?: DagSelection | undefined;
  /** Runs of these Dags are left out. */
  readonly except: readonly DagSelection[];
  /** Runs after this one. */
  readonly after?: EndedRun | undefined;
  readonly limit: number;
}

/** Selects the oldest of a Dag's ended runs: those that have at least `keep` newer ones. */
export interface SurplusRunQuery {
  readonly team: string;
  readonly dagId: string;
  readonly keep: number;
  readonly after?: EndedRun | undefined;
  readonly limit: number;
}

/** An ended run that may be removed. */
export interface EndedRun extends RunIdentity {
  /** Milliseconds since the Unix epoch, by the database's clock. */
  readonly endedAt: number;
  /** The time since when a query selects it. */
  readonly oldSince: number;
}

/** An ended run with the sizes of its values. */
export interface EndedRunSizes extends EndedRun {
  readonly xcomBytes: number;
  /** Of the entries of its own job cache. */
  readonly entryBytes: number;
  /** False for a run that has to stay as it is; see {@link RunRetention.listOld}. */
  readonly isRemovable: boolean;
}

/** A version of a Dag that runs in progress have. */
export interface VersionInProgress {
  readonly team: string;
  readonly dagVersionId: number;
  /** Creation of the oldest of these runs. */
  readonly since: number;
}

/** A value that XComs refer to. */
export interface ReferredValue {
  readonly team: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Number of the XComs. */
  readonly references: number;
}

/** A part of a run that can be removed without the run. */
export type RunPart = "xcoms" | "entries";

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
  /** Forgets runs that were removed so long ago, up to `limit` of them. Returns how many. */
  forgetRemoved(limit: number, olderThanMs: number): Promise<number>;

  /**
   * Lists ended runs by age, the oldest first, without those that cannot be removed: those that are needed, and the
   * latest and the latest successful one of each Dag that a file defines.
   * @param part only runs that have this part
   */
  listOld(query: OldRunQuery, part?: RunPart): Promise<EndedRun[]>;
  /** Lists surplus runs, the oldest first, without those that cannot be removed; see {@link listOld}. */
  listSurplus(query: SurplusRunQuery): Promise<EndedRun[]>;
  /** Lists ended runs with their sizes, those that ended last first. */
  listSizes(after: EndedRun | undefined, limit: number): Promise<EndedRunSizes[]>;
  /** Returns those of the runs that a task of a run in progress created. */
  findAwaited(ids: readonly number[]): Promise<number[]>;
  /** Lists the values that XComs of runs refer to, each once. */
  listValues(ids: readonly number[]): Promise<ReferredValue[]>;
  /** Returns how many XComs of all runs refer to each of the values, if any does. */
  countReferences(team: string, digests: readonly Digest[]): Promise<Map<Digest, number>>;
  /** Lists runs in progress, after the one with this number, in order. */
  listInProgress(after: number, limit: number): Promise<RunIdentity[]>;
  /** Lists the versions of runs in progress. */
  listVersionsInProgress(): Promise<VersionInProgress[]>;
  /** Removes those of the runs that can still be removed, and returns them; see {@link listOld}. */
  removeOld(ids: readonly number[]): Promise<RunIdentity[]>;
  /** Removes a part of those of the runs that could be removed. Returns their numbers. */
  removePart(ids: readonly number[], part: RunPart): Promise<number[]>;
}
