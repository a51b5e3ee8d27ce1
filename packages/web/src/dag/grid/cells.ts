// The mark of each cell of a grid: one for a task or a folded group, a stacked bar for mapped tasks.

import { readCell } from "@memodag/core/instance-cell";
import { getMark, markOf, type Mark, type MarkKind } from "../../marks/mark.ts";
import type { GridRun, GridTask } from "./grid-data.ts";
import type { PlannedRow } from "./row-plan.ts";

/** Kinds from the most urgent one: it stands for several. */
const URGENCY: readonly MarkKind[] = [
  "failed",
  "failed-remembered",
  "upstream",
  "running",
  "retry",
  "reschedule",
  "waits",
  "queued",
  "worked",
  "unkept",
  "partly",
  "remembered",
  "skipped",
  "none",
  "removed",
];

const RANK: ReadonlyMap<MarkKind, number> = new Map(URGENCY.map((kind, rank) => [kind, rank]));

const NONE = getMark("none");

/** Each frame asks for thousands. */
const MARK_OF_LETTER = new Map<string, Mark>();

/** Returns the mark of a letter. */
export function markOfLetter(letter: string): Mark {
  const known = MARK_OF_LETTER.get(letter);
  if (known) return known;
  const cell = readCell(letter);
  const mark = cell ? markOf(cell) : NONE;
  MARK_OF_LETTER.set(letter, mark);
  return mark;
}

/** Returns the most urgent one of several marks. */
export function mostUrgent(marks: readonly Mark[]): Mark {
  return marks.reduce((first, mark) => (rankOf(mark) < rankOf(first) ? mark : first), NONE);
}

/** Returns the mark of a row in a run. */
export function markOfRow(run: GridRun, row: PlannedRow): Mark {
  if (row.kind === "task") return markOfLetter(run.cells.charAt(row.index));
  return mostUrgent(row.members.map((index) => markOfLetter(run.cells.charAt(index))));
}

function rankOf({ kind }: Mark): number {
  return RANK.get(kind) ?? URGENCY.length;
}

/** A part of a stacked bar. */
export interface Segment {
  readonly mark: Mark;
  readonly count: number;
}

/** Returns the parts of the bar of several instances, the most urgent first; undefined: there are not several. */
export function segmentsOf(
  run: GridRun,
  row: PlannedRow,
  tasks: readonly GridTask[],
): readonly Segment[] | undefined {
  if (row.kind === "group") return undefined;
  const counts = run.mapped[tasks[row.index]?.taskId ?? ""];
  if (counts === undefined) return undefined;
  const byKind = new Map<MarkKind, Segment>();
  for (const [letter, count] of Object.entries(counts)) {
    const mark = markOfLetter(letter);
    byKind.set(mark.kind, { mark, count: count + (byKind.get(mark.kind)?.count ?? 0) });
  }
  return [...byKind.values()].sort((a, b) => rankOf(a.mark) - rankOf(b.mark));
}

/** Says a cell in words, without its task and run. */
export function wordsOfCell(run: GridRun, row: PlannedRow, tasks: readonly GridTask[]): string {
  const segments = segmentsOf(run, row, tasks);
  if (segments) return segments.map(({ mark, count }) => `${count} ${mark.words}`).join(", ");
  if (row.kind === "task") return markOfRow(run, row).words;
  const kinds = Map.groupBy(row.members, (index) => markOfLetter(run.cells.charAt(index)).words);
  return [...kinds].map(([words, { length }]) => `${length} ${words}`).join(", ");
}
