// Fills the dates of a range with runs, for a scheduler that runs elsewhere.

import { secretTest, type DagRun, type DagRunState } from "@memodag/core";
import {
  makeBackfillRuns,
  planBackfill,
  type BackfillPlan,
  type BackfillRequest,
  type FilledDate,
} from "@memodag/scheduler";
import { isoTime } from "../report/iso-time.ts";
import { audited } from "./audited.ts";
import { withDags } from "./dag-files.ts";
import { getDag } from "./find-dag.ts";
import type { Metadata } from "./metadata.ts";
import { whenEnded } from "./run-end.ts";
import type { RunWords } from "./run-to-end.ts";
import type { CommonOptions } from "./settings.ts";
import { backfillAct } from "./trigger-act.ts";

/** What the words of a command line ask for. */
export interface BackfillWords extends Omit<RunWords, "logicalDate"> {
  readonly range: BackfillRequest["range"];
  readonly maxActiveRuns: number | undefined;
  /** Makes nothing. */
  readonly dryRun: boolean;
  /** Until every run that it made has ended. */
  readonly wait: boolean;
}

/** A date of a backfill, as it is told. */
export interface BackfillLine {
  /** ISO 8601 in UTC. */
  readonly logicalDate: string;
  readonly runId: string | null;
  readonly outcome: "made" | "would_make" | "exists";
  /** Of a run that was made. */
  readonly state: DagRunState | null;
}

/** What a backfill came to. */
export interface BackfillReport {
  readonly dagId: string;
  readonly team: string;
  readonly runs: readonly BackfillLine[];
  /** Dates that have not come yet. */
  readonly toCome: number;
}

/**
 * Plans a backfill and, unless it is a dry run, makes its runs.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `backfill_invalid`, `conf_invalid`.
 */
export async function backfill(words: BackfillWords, options: CommonOptions): Promise<BackfillReport> {
  const { dagId, team, range, maxActiveRuns, dryRun, wait, ...wishes } = words;
  return await withDags(options, async (metadata) => {
    const { dags, runs, schedules, config } = metadata;
    const version = await getDag(dags, { dagId, team });
    const plan = await planBackfill(runs, version, range, await schedules.readClock());
    const report = (lines: readonly BackfillLine[]): BackfillReport => ({
      dagId,
      team: version.team,
      runs: lines,
      toCome: plan.toCome,
    });
    if (dryRun) return report(plan.dates.map(plannedLine));
    const isSecret = secretTest(config.core.secretPatterns);
    const limit = maxActiveRuns === undefined ? {} : { maxActiveRuns };
    const request = { ...wishes, version, range, isSecret, ...limit };
    const filled = await fill(metadata, request, plan);
    const lines: BackfillLine[] = [];
    // One after the other: waiting for thousands at once would be thousands of questions at a time.
    for (const date of filled) lines.push(await filledLine(metadata, date, wait));
    return report(lines);
  });
}

async function fill(
  { runs, audit }: Metadata,
  request: BackfillRequest,
  plan: BackfillPlan,
): Promise<FilledDate[]> {
  return await audited(
    audit,
    backfillAct(request),
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

async function filledLine({ runs }: Metadata, date: FilledDate, wait: boolean): Promise<BackfillLine> {
  if (date.kind === "exists") {
    return { logicalDate: isoTime(date.logicalDate), runId: date.runId, outcome: "exists", state: null };
  }
  const { runId, logicalDate, state }: DagRun = wait ? await whenEnded(runs, date.run) : date.run;
  return { logicalDate: isoTime(logicalDate ?? 0), runId, outcome: "made", state };
}
