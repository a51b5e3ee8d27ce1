// The callbacks that are owed: written in the transaction that writes what they tell of, gone when they
// were called. Implemented by the metastore.

import type { DagRun, TaskInstance } from "../dag-run.ts";
import type { CallbackReport } from "../task-callback.ts";

/** Whom a callback tells of. */
export type CallbackInstance = Pick<TaskInstance, "taskId" | "mapIndex" | "tryNumber" | "maxTries">;

/** A callback that nobody has called yet. */
export interface NewCallback {
  /** Unique for ever. */
  readonly id: string;
  readonly instance: CallbackInstance;
  readonly report: CallbackReport;
}

/** The same with the run that it belongs to. */
export interface OwedCallback extends NewCallback {
  readonly run: DagRun;
  /** How many calls of it have begun and were lost with their scheduler. */
  readonly begins: number;
}

/** Which callbacks to take over. */
export interface CallbackClaim {
  /** Identifies the holder, as for runs. */
  readonly owner: string;
  /** Milliseconds of the database's clock after which they are free without renewal. */
  readonly leaseMs: number;
  readonly limit: number;
  /** Holders known to be dead: what they owed is free at once. */
  readonly deadOwners: readonly string[];
  /** Those of this Dag alone. */
  readonly dag?: { readonly team: string; readonly dagId: string };
}

/** Who calls what is owed. A pass writes what its scheduler owes; see {@link PassWrite}. */
export interface CallbackStore {
  /** Everybody who owes a callback. */
  listOwners(): Promise<string[]>;
  /** Takes what is free, oldest first; two claimers never get one. */
  claim(request: CallbackClaim): Promise<OwedCallback[]>;
  /** Notes that a call begins. */
  begin(id: string): Promise<void>;
  /** Renews the leases of these. */
  renew(ids: readonly string[], leaseMs: number): Promise<void>;
  /** Frees these, none of which was lost: whoever claims next gets them. */
  release(ids: readonly string[]): Promise<void>;
  /** Forgets callbacks that were called. */
  remove(ids: readonly string[]): Promise<void>;
}
