// Schedules of Dags, as the scheduler reads and writes them. Implemented by the metastore.

import type { DagRun, NewDagRun } from "../dag-run.ts";

/** A Dag that has to be planned: its next date has passed, or it has a newer version than was planned. */
export interface DueDag {
  readonly team: string;
  readonly dagId: string;
  /** Its latest version. */
  readonly versionId: number;
  /** The version that was planned; `null` if none. */
  readonly plannedVersionId: number | null;
  /**
   * The date of the next run, in milliseconds since the Unix epoch like all dates. `null` if there is
   * none.
   */
  readonly nextDate: number | null;
  /** The latest date that has a run; `null` if none. */
  readonly lastDate: number | null;
}

/** The Dags to plan, and when to look again. */
export interface DueDags {
  readonly dags: readonly DueDag[];
  /** The earliest future date of all Dags; `null` if there is none. */
  readonly nextDate: number | null;
}

/** A new planning state of a Dag's schedule, guarded by the previous one. */
export interface SchedulePlan {
  readonly leaves: DueDag;
  readonly nextDate: number | null;
  readonly lastDate: number | null;
  /** The run of the date that has passed; `null` if there is none. */
  readonly run: NewDagRun | null;
  /** Maximum number of unfinished runs of the Dag including this one, not counting backfills. */
  readonly maxActiveRuns: number;
}

/**
 * The outcome of writing a plan.
 *
 * - `planned`: it was written. `run` is `null` if there was none to create, or one with that date exists.
 * - `held`: the Dag has reached its maximum of unfinished runs; nothing was written.
 * - `overtaken`: another scheduler, a pause or a new version came first; nothing was written.
 */
export type PlanOutcome =
  | { readonly kind: "planned"; readonly run: DagRun | null }
  | { readonly kind: "held" }
  | { readonly kind: "overtaken" };

/** The schedules of Dags. */
export interface ScheduleStore {
  /** Reads the database's clock, in milliseconds since the Unix epoch. */
  readClock(): Promise<number>;
  /** Returns Dags that exist, are not paused, and are due at `now`. */
  listDueDags(now: number): Promise<DueDags>;
  /**
   * Creates the run and advances the date in one transaction. Each date has at most one run, across all
   * processes.
   */
  writePlan(plan: SchedulePlan): Promise<PlanOutcome>;
}
