// Creates runs for the dates of a range, to be executed by a scheduler elsewhere.

import type { DagRun, DagRunState } from "@memodag/core";
import {
  makeBackfillRuns,
  planBackfill,
  type BackfillPlan,
  type BackfillRequest,
  type FilledDate,
} from "@memodag/scheduler";
import { audited } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { getDag } from "../dags/find-dag.ts";
import { isoTime } from "../iso-time.ts";
import { whenEnded } from "./run-end.ts";
import { runInputsOf, type RunRequest } from "./run-request.ts";
import { backfillAct } from "./trigger-act.ts";

/** The range to fill, and how. */
export interface BackfillInput extends RunRequest {
  /** The first and last date: days or times in ISO 8601. */
  readonly range: BackfillRequest["range"];
  /** Starts a run only while fewer runs of the Dag are in progress. */
  readonly maxActiveRuns?: number | undefined;
  /** Creates nothing. */
  readonly dryRun?: boolean | undefined;
  /** Waits until every created run has ended. */
  readonly wait?: boolean | undefined;
}

/** The result for one date of a backfill. */
export interface BackfillLine {
  /** ISO 8601 in UTC. */
  readonly logicalDate: string;
  readonly runId: string | null;
  readonly outcome: "made" | "would_make" | "exists";
  /** For a run that was created. */
  readonly state: DagRunState | null;
}

/** The outcome of a backfill. */
export interface BackfillReport {
  readonly dagId: string;
  readonly team: string;
  readonly runs: readonly BackfillLine[];
  /** The number of dates in the future. */
  readonly toCome: number;
}

/**
 * Plans a backfill and, unless it is a dry run, creates its runs.
 * @param signal ends the waiting; the runs remain
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `backfill_invalid`, `conf_invalid`.
 */
export async function backfill(
  context: OperationContext,
  input: BackfillInput,
  signal?: AbortSignal,
): Promise<BackfillReport> {
  const { dags, runs, schedules } = context.stores;
  const { range, maxActiveRuns, dryRun = false, wait = false } = input;
  const version = await getDag(dags, input);
  const plan = await planBackfill(runs, version, range, await schedules.readClock());
  const { dagId, team } = version;
  const report = (lines: readonly BackfillLine[]): BackfillReport => ({
    dagId,
    team,
    runs: lines,
    toCome: plan.toCome,
  });
  if (dryRun) return report(plan.dates.map(plannedLine));
  const request = {
    ...runInputsOf(input, context.settings),
    version,
    range,
    ...(maxActiveRuns !== undefined && { maxActiveRuns }),
  };
  const filled = await fill(context, request, plan);
  const lines: BackfillLine[] = [];
  // Sequentially: waiting for thousands of runs concurrently would mean thousands of concurrent queries.
  for (const date of filled) lines.push(await filledLine(context, date, wait ? { signal } : null));
  return report(lines);
}

async function fill(
  { stores: { runs, audit }, actor }: OperationContext,
  request: BackfillRequest,
  plan: BackfillPlan,
): Promise<FilledDate[]> {
  return await audited(
    audit,
    backfillAct(actor, request),
    () => makeBackfillRuns(runs, request, plan),
    (filled) => filled.filter(({ kind }) => kind === "made").length,
  );
}

function plannedLine({ logicalDate, existingRunId }: BackfillPlan["dates"][number]): BackfillLine {
  return {
    logicalDate: isoTime(logicalDate),
    runId: existingRunId,
    outcome: existingRunId === null ? "would_make" : "exists",
    state: null,
  };
}

async function filledLine(
  context: OperationContext,
  date: FilledDate,
  wait: { readonly signal: AbortSignal | undefined } | null,
): Promise<BackfillLine> {
  if (date.kind === "exists") {
    return { logicalDate: isoTime(date.logicalDate), runId: date.runId, outcome: "exists", state: null };
  }
  const { runId, logicalDate, state }: DagRun = wait
    ? await whenEnded(context, date.run, wait.signal)
    : date.run;
  return { logicalDate: isoTime(logicalDate ?? 0), runId, outcome: "made", state };
}
