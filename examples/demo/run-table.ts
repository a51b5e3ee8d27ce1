// A run as a table with a line for each task, and the sums below.

import { isHit, nameInstance, type RunReport, type TaskReport } from "./run-report.ts";

const HEADER = ["task", "from cache", "ran", "worked", "saved", "which ran"];

/** The table, with columns aligned, and one line of sums. `tookMs` is the time of the whole command. */
export function formatRun(run: RunReport, tookMs: number): string {
  const byTask = Map.groupBy(run.tasks, ({ taskId }) => taskId);
  const rows = [...byTask].map(([taskId, instances]) => taskRow(taskId, instances));
  const widths = HEADER.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = [HEADER, widths.map((width) => "─".repeat(width)), ...rows].map((row) =>
    row
      // Figures stand to the right.
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column >= 1 && column <= 4 ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
  return [...lines, "", sums(run, tookMs)].map((line) => (line === "" ? line : `  ${line}`)).join("\n");
}

/** Milliseconds for people, to a tenth of a second; finer below that. */
export function formatMs(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function taskRow(taskId: string, instances: readonly TaskReport[]): string[] {
  const ran = instances.filter((instance) => !isHit(instance));
  const names = ran.length === instances.length ? "" : ran.map(nameInstance).join(", ");
  return [
    taskId,
    count(instances.length - ran.length),
    count(ran.length),
    duration(
      ran.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0),
      ran.length > 0,
    ),
    duration(
      instances.reduce((sum, { savedMs }) => sum + (savedMs ?? 0), 0),
      ran.length < instances.length,
    ),
    names,
  ];
}

function count(instances: number): string {
  return instances === 0 ? "–" : String(instances);
}

function duration(ms: number, applies: boolean): string {
  return applies ? formatMs(ms) : "–";
}

function sums({ tasks, processesSpawned, cache }: RunReport, tookMs: number): string {
  const hits = tasks.filter(isHit).length;
  const processes = processesSpawned === 1 ? "1 process" : `${processesSpawned} processes`;
  return `${tasks.length} task instances, ${hits} from the cache; ${processes} spawned; ${formatMs(tookMs)} in all, ${formatMs(cache.savedMs)} of work saved`;
}
