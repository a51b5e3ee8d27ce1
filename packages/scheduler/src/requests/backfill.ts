// Runs for dates that have passed: one for each date of a Dag's schedule between two times. The schedule
// itself stays where it is.

import { MemodagError, type DagRun, type DagVersion, type RunStore } from "@memodag/core";
import { datesBetween, type DateRange } from "@memodag/timetable";
import { newDatedRun, type TriggerRequest } from "./trigger-run.ts";

/** Dates that one backfill fills, at most. */
const MOST_DATES = 10_000;

/** Which dates are to be filled, and how. */
export interface BackfillRequest extends Omit<TriggerRequest, "logicalDate" | "act"> {
  readonly range: DateRange;
  /** Runs begin only while fewer runs of the Dag are under way; absent: the Dag's own limit alone holds. */
  readonly maxActiveRuns?: number;
}

/** One date of a backfill. */
export interface BackfillDate {
  /** Milliseconds since the Unix epoch. */
  readonly logicalDate: number;
  /** The run that the date has already, which is left alone; `null`: none. */
  readonly existingRunId: string | null;
}

/** The dates of a backfill. */
export interface BackfillPlan {
  /** In order. */
  readonly dates: readonly BackfillDate[];
  /** How many dates of the range have not come yet, and are left to the schedule. */
  readonly toCome: number;
}

/** What became of a date: its new run, or the id of the one that it had already. */
export type FilledDate =
  | { readonly kind: "made"; readonly run: DagRun }
  | { readonly kind: "exists"; readonly logicalDate: number; readonly runId: string };

/**
 * The dates of a range that have passed at `now`, and which of them have a run.
 * @throws MemodagError `backfill_invalid` for a Dag without dates, and a range without or with too many.
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
      `Dag "${dag.dagId}" has ${schedule}, and so no dates to fill: ` +
        `\`memodag dags trigger ${dag.dagId} --logical-date …\` makes the run of a date`,
    );
  }
  const dates = datesBetween(dag, range, MOST_DATES + 1);
  if (dates.length > MOST_DATES) {
    throw invalid(
      `There are more than ${MOST_DATES} dates of "${dag.dagId}" from ${range.from} to ${range.to}: ` +
        "fill them part by part",
    );
  }
  if (dates.length === 0) {
    throw invalid(
      `There is no date of "${dag.dagId}" (${dag.schedule}, ${dag.timezone}) from ${range.from} to ` +
        `${range.to}: name a range that has some`,
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
 * Makes the runs of a plan, oldest first. A date that has a run, by now too, is left alone.
 * @throws MemodagError `conf_invalid` before any run is made.
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
