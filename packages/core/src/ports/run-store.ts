// What the scheduler reads and writes about runs. Implemented by the metastore.

import type { DagRun, NewDagRun, TaskInstance, TaskInstanceId, XCom } from "../dag-run.ts";
import type { DagRunState, TaskInstanceState } from "../states.ts";

/** A run that this process holds the lease of, with what is already known of it. */
export interface ClaimedRun {
  readonly run: DagRun;
  /** Empty for a run that nobody has started. */
  readonly instances: readonly TaskInstance[];
  readonly xcoms: readonly XCom[];
}

/** Which runs to claim. */
export interface ClaimRequest {
  /** Identifies the holder: `host:pid:nonce`. */
  readonly owner: string;
  /** Milliseconds of the database's clock after which the lease is free without renewal. */
  readonly leaseMs: number;
  readonly limit: number;
  /** Holders known to be dead: their leases are free at once. */
  readonly deadOwners: readonly string[];
  /** Claim runs of this Dag alone. */
  readonly dag?: { readonly team: string; readonly dagId: string };
}

/** One task instance as it shall stand, and the state it must be leaving. */
export interface TaskInstanceWrite {
  readonly instance: TaskInstance;
  /** `null`: the row must not exist yet. */
  readonly leaves: { readonly state: TaskInstanceState; readonly tryNumber: number } | null;
}

/** An XCom to write. */
export interface XComWrite extends XCom {
  /** `null` when the metadata database already holds bytes of that digest. */
  readonly bytes: Uint8Array | null;
}

/** Everything that a pass decided about one run: written in one transaction or not at all. */
export interface PassWrite {
  readonly runId: number;
  readonly owner: string;
  /** The run as it shall stand. */
  readonly run: {
    readonly leaves: DagRunState;
    readonly state: DagRunState;
    readonly startedAt: number | null;
    readonly endedAt: number | null;
    readonly processesSpawned: number;
    readonly lookups: number;
  };
  readonly instances: readonly TaskInstanceWrite[];
  /** Rows that a mapped task's expansion replaces. */
  readonly removed: readonly TaskInstanceId[];
  readonly xcoms: readonly XComWrite[];
}

/**
 * What came of a pass.
 *
 * - `lease_lost`: another holder has the run; nothing was written.
 * - `rejected`: a row had left its state by other hands (a clear, a mark); nothing was written and
 *   the run must be loaded again.
 * - `bytes_missing`: an XCom's bytes were gone between lookup and commit; nothing was written.
 */
export type PassOutcome =
  | { readonly kind: "written" }
  | { readonly kind: "lease_lost" }
  | { readonly kind: "rejected"; readonly instances: readonly TaskInstanceId[] }
  | { readonly kind: "bytes_missing"; readonly digests: readonly string[] };

/** Which runs to list. */
export interface RunFilter {
  readonly team?: string;
  readonly dagId?: string;
  readonly limit: number;
}

/** Runs, task instances and XComs. Every method that names a Dag takes its team. */
export interface RunStore {
  /** @throws MemodagError `dag_run_exists` */
  createRun(run: NewDagRun): Promise<DagRun>;
  findRun(team: string, dagId: string, runId: string): Promise<DagRun | undefined>;
  /** Newest first. */
  listRuns(filter: RunFilter): Promise<DagRun[]>;
  listTaskInstances(team: string, runId: number): Promise<TaskInstance[]>;
  listXComs(team: string, runId: number, instance?: TaskInstanceId): Promise<XCom[]>;
  /** The bytes of XComs by digest; a digest that is not there is not in the map. */
  readXComBytes(team: string, digests: readonly string[]): Promise<Map<string, Uint8Array>>;

  /**
   * Takes the lease of runs that are queued or running and free, oldest first, and loads them.
   * Two claimers never get one run.
   */
  claimRuns(request: ClaimRequest): Promise<ClaimedRun[]>;
  /** Owners that hold a lease on an unfinished run. */
  listLeaseOwners(): Promise<string[]>;
  /** Renews every lease of `owner`; resolves to the ids of the runs that it still holds. */
  renewLeases(owner: string, leaseMs: number): Promise<number[]>;
  /** Frees every lease of `owner`, or those of the runs named. */
  releaseLeases(owner: string, runIds?: readonly number[]): Promise<void>;
  writePass(pass: PassWrite): Promise<PassOutcome>;
  /** Cache keys of the Dag's latest finished run, for fetching ahead. */
  listPreviousCacheKeys(team: string, dagId: string, beforeRunId: number): Promise<string[]>;
}
