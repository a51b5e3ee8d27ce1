// Creates runs for past dates: one for each date of a Dag's schedule in a range. The schedule itself does not
// move.

import { MemodagError, type DagRun, type DagVersion, type RunStore } from "@memodag/core";
import { datesBetween, type DateRange } from "@memodag/timetable";
import { newDatedRun, type TriggerRequest } from "./trigger-run.ts";

/** Dates that one backfill may fill, at most. */
const MOST_DATES = 10_000;

/** The dates to fill, and how. */
export interface BackfillRequest extends Omit<TriggerRequest, "logicalDate" | "act"> {
  readonly range: DateRange;
  /**
   * Runs start only while fewer runs of the Dag are in progress; absent: only the Dag's own limit applies.
   */
  readonly maxActiveRuns?: number;
}

/** One date of a backfill. */
export interface BackfillDate {
  /** Milliseconds since the Unix epoch. */
  readonly logicalDate: number;
  /** The run that this date already has, which is left as it is; `null`: none. */
  readonly existingRunId: string | null;
}

/** The dates of a backfill. */
export interface BackfillPlan {
  /** In order. */
  readonly dates: readonly BackfillDate[];
  /** The number of dates in the range that are in the future, and are left to the schedule. */
  readonly toCome: number;
}

/** The result for one date: its new run, or the id of the run that it already had. */
export type FilledDate =
  | { readonly kind: "made"; readonly run: DagRun }
  | { readonly kind: "exists"; readonly logicalDate: number; readonly runId: string };

/**
 * The past dates of a range at `now`, and which of them have a run.
 * @throws MemodagError `backfill_invalid` for a Dag without a schedule, and a range with no dates or too many
 */
export async function planBackfill(
  runs: RunStore,
  { team, dag }: DagVersion,
  range: DateRange,
  now: number,
): Promise<BackfillPlan> {
  const invalid = (message: string): MemodagError =>
    new MemodagError("backfill_invalid", message, { fields: { dagId: dag.dagId, ...range } });
  if (dag.schedule === null || dag.schedule === "@once") {
    const schedule = dag.schedule === null ? "no schedule" : "the schedule @once";
    throw invalid(
      `Dag "${dag.dagId}" has ${schedule}, and therefore no dates to fill: ` +
        `\`memodag dags trigger ${dag.dagId} --logical-date …\` creates the run of one date`,
    );
  }
  const dates = datesBetween(dag, range, MOST_DATES + 1);
  if (dates.length > MOST_DATES) {
    throw invalid(
      `There are more than ${MOST_DATES} dates of "${dag.dagId}" from ${range.from} to ${range.to}: ` +
        "split the range",
    );
  }
  if (dates.length === 0) {
    throw invalid(
      `There is no date of "${dag.dagId}" (${dag.schedule}, ${dag.timezone}) from ${range.from} to ` +
        `${range.to}: choose another range`,
    );
  }
  const passed = dates.filter((date) => date <= now);
  const existing = await runs.listDatedRuns(team, dag.dagId, passed);
  return {
    toCome: dates.length - passed.length,
    dates: passed.map((logicalDate) => ({
      logicalDate,
      existingRunId: existing.get(logicalDate) ?? null,
    })),
  };
}

/**
 * Creates the runs of a plan, oldest first. A date that has a run by now is left as it is.
 * @throws MemodagError `conf_invalid` before any run is created.
 */
export async function makeBackfillRuns(
  runs: RunStore,
  request: BackfillRequest,
  { dates }: BackfillPlan,
): Promise<FilledDate[]> {
  const { maxActiveRuns } = request;
  const filled: FilledDate[] = [];
  for (const { logicalDate, existingRunId } of dates) {
    if (existingRunId !== null) {
      filled.push({ kind: "exists", logicalDate, runId: existingRunId });
      continue;
    }
    const run = await newDatedRun({ ...request, logicalDate }, "backfill");
    filled.push(await makeRun(runs, { ...run, ...(maxActiveRuns !== undefined && { maxActiveRuns }) }));
  }
  return filled;
}

async function makeRun(runs: RunStore, run: Awaited<ReturnType<typeof newDatedRun>>): Promise<FilledDate> {
  try {
    return { kind: "made", run: await runs.createRun(run) };
  } catch (error) {
    const isTaken = error instanceof MemodagError && error.code === "dag_run_exists";
    if (!isTaken || run.logicalDate === null) throw error;
    return { kind: "exists", logicalDate: run.logicalDate, runId: String(error.fields.runId) };
  }
}
