// What the scheduler reads and writes about the schedules of Dags. Implemented by the metastore.

import type { DagRun, NewDagRun } from "../dag-run.ts";

/** A Dag that is to be planned: its date has come, or it has another version than was planned. */
export interface DueDag {
  readonly team: string;
  readonly dagId: string;
  /** Of its latest version. */
  readonly versionId: number;
  /** The version that it was planned for; `null`: never yet. */
  readonly plannedVersionId: number | null;
  /** The date whose run is next; `null`: none is. All dates are milliseconds since the Unix epoch. */
  readonly nextDate: number | null;
  /** The latest date that the schedule has run; `null`: none yet. */
  readonly lastDate: number | null;
}

/** What is to be planned, and when to look again. */
export interface DueDags {
  readonly dags: readonly DueDag[];
  /** The earliest date to come of all Dags; `null`: none is planned. */
  readonly nextDate: number | null;
}

/** What became of a Dag's schedule, guarded by what it was. */
export interface SchedulePlan {
  readonly leaves: DueDag;
  readonly nextDate: number | null;
  readonly lastDate: number | null;
  /** The run of the date that has come; `null`: none has. */
  readonly run: NewDagRun | null;
  /** How many runs of the Dag, those of backfills aside, may be unfinished with this one. */
  readonly maxActiveRuns: number;
}

/**
 * What came of a plan.
 *
 * - `planned`: it stands; `run` is `null` when there was none to make, or there is one of the date already.
 * - `held`: the Dag has as many unfinished runs as it may have; nothing was written.
 * - `overtaken`: another scheduler, a pause or a new version was faster; nothing was written.
 */
export type PlanOutcome =
  | { readonly kind: "planned"; readonly run: DagRun | null }
  | { readonly kind: "held" }
  | { readonly kind: "overtaken" };

/** The schedules of Dags. */
export interface ScheduleStore {
  /** The database's clock, in milliseconds since the Unix epoch. */
  readClock(): Promise<number>;
  /** Dags that are there, not paused, and due at `now`. */
  listDueDags(now: number): Promise<DueDags>;
  /** Makes the run and moves the date on, in one transaction: each date has one run, by whomever. */
  writePlan(plan: SchedulePlan): Promise<PlanOutcome>;
}
