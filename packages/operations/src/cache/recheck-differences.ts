// Tasks whose keys leave out something that affects their results, as rechecks have found.

import { DEFAULT_TEAM, type DagStore, type RunStore } from "@memodag/core";
import type { TaskCounts, TaskName } from "@memodag/result-cache";
import { isWeakened } from "@memodag/scheduler";
import { vouchedFor } from "../dags/vouched-for.ts";
import { isoTime } from "../iso-time.ts";

/** A task of which rechecks found other bytes than were stored. */
export interface RecheckFault extends TaskName {
  /** The number of instances, of runs that are still there. */
  readonly differences: number;
  readonly lastRunId: string;
  /** ISO 8601. */
  readonly lastAt: string | null;
  /** Sentences on each part that its key leaves out. */
  readonly leftOut: readonly string[];
}

/** The stores that tell. */
export interface RecheckSources {
  readonly runs: Pick<RunStore, "findRecheckDifferences">;
  readonly dags: Pick<DagStore, "findDagVersions">;
}

/**
 * Finds tasks in which a recheck found a difference, and whose keys still leave something out.
 * @param counted tasks with their counts: those without differing results are not looked up
 */
export async function findRecheckFaults(
  { runs, dags }: RecheckSources,
  counted: readonly TaskCounts[],
): Promise<RecheckFault[]> {
  const faults: RecheckFault[] = [];
  for (const { team, dagId, taskId, counts } of counted) {
    if (counts.nondeterministic === 0) continue;
    const found = await runs.findRecheckDifferences(team, dagId, taskId);
    if (!found) continue;
    const [version] = await dags.findDagVersions(dagId, team);
    const cache = version?.dag.tasks.find((task) => task.taskId === taskId)?.cache;
    if (!cache || !isWeakened(cache)) continue;
    const { count: differences, lastRunId, lastAt } = found;
    const leftOut = [
      ...vouchedFor(taskId, cache),
      ...(cache.key ? [`the key function of ${taskId} decides what of its inputs is in its cache key`] : []),
    ];
    faults.push({ team, dagId, taskId, differences, lastRunId, lastAt: isoTime(lastAt), leftOut });
  }
  return faults;
}

/** A sentence on a fault, without its full stop. */
export function recheckText({ team, dagId, taskId, differences, lastRunId, leftOut }: RecheckFault): string {
  const ofTeam = team === DEFAULT_TEAM ? "" : ` of team "${team}"`;
  const found = differences === 1 ? "a recheck" : `${differences} rechecks`;
  return (
    `${found} of task "${taskId}" of Dag "${dagId}"${ofTeam} returned other bytes than were stored, the last in run ` +
    `${lastRunId}: ${leftOut.join("; ")}`
  );
}
