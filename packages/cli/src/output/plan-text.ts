// A plan for people: in a terminal, and in a pull request.

import { formatDuration, instanceName, UNMAPPED } from "@memodag/core";
import type { DagPlan, PlannedInstance } from "@memodag/operations/plans";
import { printLine, printTable } from "./print.ts";
import type { Row } from "./table.ts";

const HEADERS = ["TASK", "CLASS", "TAKES", "WHY"] as const;

/** Prints a plan as a table and a line. */
export function printPlan(plan: DagPlan): void {
  printTable([...HEADERS], plan.instances.map(rowOf), "The run has no tasks.");
  printLine(planSentence(plan));
}

/** A plan as GitHub Flavored Markdown. */
export function planMarkdown(plan: DagPlan): string {
  const lines = [HEADERS.map((header) => header.toLowerCase()), HEADERS.map(() => "---")];
  for (const instance of plan.instances) lines.push(rowOf(instance).map(markdownCell));
  const table = lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
  return `**Plan of \`${plan.dagId}\`**: ${planSentence(plan)}\n\n${table}`;
}

function rowOf({ taskId, mapIndex, class: ofClass, durationMs, reason }: PlannedInstance): Row {
  const name = mapIndex === null ? `${taskId}[?]` : instanceName(taskId, mapIndex ?? UNMAPPED);
  return [name, ofClass, durationMs && rangeText(durationMs), reason.detail];
}

/** Text that Markdown shows as it is. */
function markdownCell(cell: Row[number]): string {
  return String(cell ?? "–")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\\`*_{}[\]<>|#]/g, String.raw`\$&`);
}

function planSentence({ totals: { hit, runs, depends, skipped }, durationMs }: DagPlan): string {
  const counts = [`${hit} hit`, `${runs} run`, `${depends} depend on results that are not there yet`];
  if (skipped > 0) counts.push(`${skipped} are skipped`);
  return `${counts.join(", ")}; ${rangeText(durationMs)} with a free worker for each task`;
}

function rangeText({ low, high }: DagPlan["durationMs"]): string {
  const [from, to] = [formatDuration(low), formatDuration(high)];
  return from === to ? from : `${from} to ${to}`;
}
