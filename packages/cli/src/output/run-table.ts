// A run's report as people read it: a table of its tasks, errors and one line of sums.

import {
  CACHE_STATUSES,
  formatDuration,
  formatPercentage,
  instanceName,
  type RunSelection,
} from "@memodag/core";
import type { RunReport, TaskReport } from "@memodag/operations/runs";
import { shortened } from "@memodag/deployment/logging";
import type { Command } from "commander";
import { printLine, printStateLine, printTable } from "./print.ts";
import type { Row } from "./table.ts";
import { shownDuration } from "./units.ts";

/** Which instances a table lists one by one. */
export interface ListOptions {
  /** All of them; otherwise the instances of a mapped task share a line. */
  readonly all?: boolean;
  /** Those that failed, and no others. */
  readonly failed?: boolean;
}

/** Adds `--all` and `--failed`. */
export function withListOptions(command: Command): Command {
  return command
    .option("--all", "list every instance of a mapped task; otherwise they share a line")
    .option("--failed", "list the instances that failed, one by one, and no others");
}

/** Prints a run: tasks, errors, sums. */
export function printRun(report: RunReport, options: ListOptions = {}): void {
  printTasks(report.tasks, options);
  if (report.selection) {
    const left = report.tasks.filter(isUnselected).length;
    printLine(`${selectionText(report.selection)}: ${left} skipped.`);
  }
  for (const { transactionId, state, reason } of report.transactions)
    printLine(`Transaction ${transactionId}: ${state}${reason === null ? "" : ` (${reason})`}`);
  if (report.cacheLimits) printLine(cacheLimitsText(report.cacheLimits));
  printStateLine(summaryOf(report));
}

function cacheLimitsText({
  ttlMs,
  errors,
  refresh = [],
  recheck,
  recheckTask,
}: NonNullable<RunReport["cacheLimits"]>): string {
  const refused = [
    ...(ttlMs === undefined ? [] : [`results older than ${formatDuration(ttlMs)} (--cache-ttl)`]),
    ...(errors === undefined ? [] : ["remembered failures (--no-cached-errors)"]),
    ...(recheck === undefined
      ? []
      : [`${formatPercentage(recheck)} of hits that rest on what authors vouch for (--recheck)`]),
    ...(recheckTask === undefined
      ? []
      : [`hits of at most ${recheckTask.most} instances of ${recheckTask.taskId} (cache recheck)`]),
    ...(refresh.length === 0 ? [] : [`results of ${refresh.join(", ")} (--refresh-task)`]),
  ];
  return `Not used in this run: ${refused.join(" and ")}.`;
}

function selectionText(selection: RunSelection): string {
  if ("until" in selection)
    return `Only "${selection.until}" and what is upstream of it is in this run (--until)`;
  const { only, inputsFrom } = selection;
  const given = inputsFrom === undefined ? "" : `, with the results of ${inputsFrom}`;
  return `Only "${only}" is in this run (--only)${given}`;
}

/** Prints task instances, and their errors. */
export function printTasks(
  reports: readonly TaskReport[],
  { all = false, failed = false }: ListOptions,
): void {
  const tasks = failed ? reports.filter(isFailed) : reports;
  printTable(
    ["TASK", "STATE", "TRY", "CACHE", "DURATION", "SAVED"],
    all || failed ? tasks.map(instanceRow) : groupsOf(tasks).map(groupRow),
    failed ? "No task failed." : "No tasks.",
  );
  printErrors(tasks, all || failed);
}

function isFailed({ state }: TaskReport): boolean {
  return state === "failed" || state === "upstream_failed";
}

function isUnselected({ error }: TaskReport): boolean {
  return error?.code === "not_selected";
}

function instanceRow(task: TaskReport): Row {
  return [
    instanceName(task.taskId, task.mapIndex),
    task.state,
    task.tryNumber,
    shownCacheStatus(task),
    shownDuration(task.durationMs),
    shownDuration(task.savedMs),
  ];
}

/** The instances of each task, in the report's order. */
function groupsOf(tasks: readonly TaskReport[]): TaskReport[][] {
  return [...Map.groupBy(tasks, ({ taskId }) => taskId).values()];
}

function groupRow(group: readonly TaskReport[]): Row {
  const [only, ...others] = group;
  if (only !== undefined && others.length === 0) return instanceRow(only);
  return [
    `${only?.taskId} (${group.length})`,
    countsOf(group.map(({ state }) => state)),
    group.reduce((most, { tryNumber }) => Math.max(most, tryNumber), 0),
    cacheCounts(group),
    shownDuration(sumOf(group.map(({ durationMs }) => durationMs))),
    shownDuration(sumOf(group.map(({ savedMs }) => savedMs))),
  ];
}

/** Different reasons that a line names; of more, it names the statuses alone. */
const MOST_REASONS = 3;

function cacheCounts(group: readonly TaskReport[]): string | null {
  const shown = group.flatMap((task) => shownCacheStatus(task) ?? []);
  if (new Set(shown).size <= MOST_REASONS) return countsOf(shown);
  return countsOf(group.flatMap(({ cacheStatus }) => cacheStatus ?? []));
}

/** Such as `3 success, 1 failed`; a single value without its count. */
function countsOf(values: readonly string[]): string | null {
  const counts = [...Map.groupBy(values, (value) => value)].map(([value, of]) => `${of.length} ${value}`);
  return counts.length === 0 ? null : counts.join(", ");
}

/** `null` where no instance has a value. */
function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

/** Errors that are printed of each task, unless its instances are listed. */
const MOST_ERRORS = 3;

function printErrors(tasks: readonly TaskReport[], isAll: boolean): void {
  for (const group of groupsOf(tasks.filter((task) => task.error !== null && !isUnselected(task)))) {
    const shown = isAll ? group : group.slice(0, MOST_ERRORS);
    for (const { taskId, mapIndex, error } of shown) {
      if (error !== null)
        printLine(`${instanceName(taskId, mapIndex)}: ${error.code}: ${shortened(error.message)}`);
    }
    const left = group.length - shown.length;
    if (left > 0) printLine(`… and ${left} more of ${group[0]?.taskId}: --failed lists them.`);
  }
}

const LONGEST_REASON = 60;

function shownCacheStatus({ cacheStatus, cacheReason, cacheReasonCode }: TaskReport): string | null {
  // Why it was a miss at first is of no interest once its result is stored; --json has it.
  if (cacheReason === null || cacheStatus === "populated") return cacheStatus;
  // The usual case, which a table need not point out.
  if (cacheReasonCode === "not_asked_for") return cacheStatus;
  const reason =
    cacheReason.length > LONGEST_REASON ? `${cacheReason.slice(0, LONGEST_REASON)}…` : cacheReason;
  // Before its lookup, an instance has the reason for which it waits.
  return cacheStatus === null ? reason : `${cacheStatus} (${reason})`;
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
