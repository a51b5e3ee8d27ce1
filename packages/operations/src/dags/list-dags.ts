// Lists Dags with their schedules.

import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";
import { readPage, type Page, type PageInput } from "../page.ts";
import { listScheduledDags, type ScheduledDag } from "./next-run.ts";

/** Selects Dags. */
export interface ListDagsInput extends PageInput {
  readonly team?: string | undefined;
}

/** A Dag in a list. */
export interface DagSummaryReport {
  readonly dagId: string;
  readonly team: string;
  readonly bundle: string;
  readonly path: string;
  readonly isPaused: boolean;
  readonly schedule: string | null;
  /** ISO 8601; the logical date of its next scheduled run. */
  readonly nextRunAt: string | null;
  readonly tags: readonly string[];
  readonly taskCount: number;
}

const placeOf = ({ team, dagId }: ScheduledDag): [string, string] => [team, dagId];

/** Lists Dags by team and id; all of them without a limit. */
export async function listDags(
  { stores }: OperationContext,
  { team, limit = Infinity, after }: ListDagsInput,
): Promise<Page<DagSummaryReport>> {
  const page = await readPage({ name: "dags", placeOf }, { limit, after }, async (query) => {
    const dags = await listScheduledDags(stores, { team });
    // Databases collate strings differently, and positions are compared here.
    return dags
      .filter((dag) => query.after === undefined || compare(placeOf(dag), query.after) > 0)
      .sort((a, b) => compare(placeOf(a), placeOf(b)))
      .slice(0, query.limit);
  });
  return { ...page, items: page.items.map(summaryOf) };
}

function compare([teamA, idA]: [string, string], [teamB, idB]: [string, string]): number {
  return compareText(teamA, teamB) || compareText(idA, idB);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function summaryOf({
  dagId,
  team,
  file,
  isPaused,
  schedule,
  nextRun,
  tags,
  taskCount,
}: ScheduledDag): DagSummaryReport {
  const { bundle, path } = file;
  return { dagId, team, bundle, path, isPaused, schedule, nextRunAt: isoTime(nextRun), tags, taskCount };
}
