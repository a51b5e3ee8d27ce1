// A run's report as people read it: a table of its tasks and one line of sums.

import { CACHE_STATUSES, formatDuration, instanceName } from "@memodag/core";
import type { RunReport, TaskReport } from "@memodag/operations/runs";
import { printLine, printTable } from "./print.ts";
import { shortened } from "@memodag/deployment/logging";
import { shownDuration } from "./units.ts";

/** Prints a run: tasks, errors, sums. */
export function printRun(report: RunReport): void {
  printTable(
    ["TASK", "STATE", "TRY", "CACHE", "DURATION", "SAVED"],
    report.tasks.map((task) => [
      instanceName(task.taskId, task.mapIndex),
      task.state,
      task.tryNumber,
      shownCacheStatus(task),
      shownDuration(task.durationMs),
      shownDuration(task.savedMs),
    ]),
    "No tasks.",
  );
  for (const { taskId, mapIndex, error } of report.tasks) {
    if (error !== null)
      printLine(`${instanceName(taskId, mapIndex)}: ${error.code}: ${shortened(error.message)}`);
  }
  printLine(summaryOf(report));
}

const LONGEST_REASON = 60;

function shownCacheStatus({ cacheStatus, cacheReason, cacheReasonCode }: TaskReport): string | null {
  // Why it was a miss at first is of no interest once its result is stored; --json has it.
  if (cacheStatus === null || cacheReason === null || cacheStatus === "populated") return cacheStatus;
  // The usual case, which a table need not point out.
  if (cacheReasonCode === "not_asked_for") return cacheStatus;
  const reason =
    cacheReason.length > LONGEST_REASON ? `${cacheReason.slice(0, LONGEST_REASON)}…` : cacheReason;
  return `${cacheStatus} (${reason})`;
}

function summaryOf(report: RunReport): string {
  const { cache } = report;
  const counts = CACHE_STATUSES.filter((status) => cache[status] > 0).map(
    (status) => `${cache[status]} ${status}`,
  );
  const processes = report.processesSpawned === 1 ? "1 process" : `${report.processesSpawned} processes`;
  // A run of hits alone has executed nothing, and no duration of its own to speak of.
  const isAllCached = report.tasks.length > 0 && cache.hit === report.tasks.length;
  const took = report.durationMs === null ? "" : ` in ${formatDuration(report.durationMs)}`;
  return [
    `${report.dagId} ${report.runId}: ${report.state}${isAllCached ? ", all from the cache" : took}`,
    ...(counts.length > 0 ? [counts.join(", ")] : []),
    `${processes} spawned`,
    // A sum of what the tasks took when they ran, some of them side by side: not the time that passed.
    ...(cache.savedMs > 0 ? [`${formatDuration(cache.savedMs)} of task execution saved`] : []),
  ].join("; ");
}
