// Two runs as rows to be read beside each other: a row for each task, and below a mapped one its instances that differ.

import { readCell } from "@memodag/core/instance-cell";
import type { OutputOf } from "../data/api.ts";
import { whyWords } from "../why/change-words.ts";

/** Two runs by task. */
export type Comparison = OutputOf<"runs.compare">;

/** A task in both. */
export type ComparedTask = Comparison["tasks"][number];

/** An instance in both. */
export type ComparedInstance = ComparedTask["instances"][number];

/** A row. */
export interface CompareRow {
  readonly taskId: string;
  readonly task: ComparedTask;
  /** Undefined: the row of a mapped task. */
  readonly instance?: ComparedInstance;
  /** The differences in words; "": there are none. */
  readonly words: string;
  /** True for the first row whose key or result differs: the cause of others. */
  readonly isFirst: boolean;
}

/** Returns the rows. @param onlyDifferent leaves out tasks of which nothing differs */
export function compareRows({ tasks }: Comparison, onlyDifferent: boolean): CompareRow[] {
  const first = tasks.findIndex(({ instances }) => instances.some(isOther));
  return tasks.flatMap((task, at): CompareRow[] => {
    const { taskId, isMapped, differing, instances } = task;
    if (onlyDifferent && differing === 0 && !haveOtherMarks(task)) return [];
    const rows = instances.map((instance) => ({ taskId, task, instance, words: differenceWords(instance) }));
    if (!isMapped) return rows.map((row) => ({ ...row, isFirst: at === first }));
    const left = differing - instances.length;
    const head = {
      taskId,
      task,
      words:
        differing === 0
          ? ""
          : `${differing} differ${left > 0 ? `, the first ${instances.length} are shown` : ""}`,
    };
    return [{ ...head, isFirst: at === first }, ...rows.map((row) => ({ ...row, isFirst: false }))];
  });
}

function isOther({ key, result }: ComparedInstance): boolean {
  return key === "other" || result === "other";
}

/** True if one of them worked where the other remembered, though nothing differs. */
function haveOtherMarks({ before, after }: ComparedTask): boolean {
  const letters = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...letters].some((letter) => (before[letter] ?? 0) !== (after[letter] ?? 0));
}

/** Such as "input depth: 4 → 5, other result", or "because of train; same result ‹!›". */
export function differenceWords(instance: ComparedInstance): string {
  const { key, result, changes, because, before, after } = instance;
  if (before === null) return "only in the later run";
  if (after === null) return "only in the earlier run";
  const resultWords = result === "other" ? "other result" : result === "same" ? "same result" : "";
  if (key === "other") {
    const why =
      because === null
        ? changes.length === 0
          ? "other key"
          : whyWords({ reason: null, changes, detail: null })
        : `because of ${because}`;
    return [why, resultWords].filter((part) => part !== "").join(", ");
  }
  if (result === "other") return key === "same" ? "same key, other result" : "other result";
  if (before.state !== after.state) return `${before.state} → ${after.state}`;
  return key === "same" ? ["same key", resultWords].filter((part) => part !== "").join(", ") : resultWords;
}

/** True for other inputs that made the same bytes: work that a coarser key could save. */
export function isWasted({ key, result }: ComparedInstance): boolean {
  return key === "other" && result === "same";
}

/** The params of two runs that differ, as text. */
export function differingParams(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly before: string | null; readonly after: string | null }[] {
  const textOf = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted().flatMap((name) => {
    const [a, b] = [before, after].map((params) =>
      textOf(Object.hasOwn(params, name) ? params[name] : undefined),
    );
    return a === b ? [] : [{ name, before: a ?? null, after: b ?? null }];
  });
}

/** Counts by letter as states with their numbers, the most frequent first. */
export function cellCounts(counts: Readonly<Record<string, number>>): {
  readonly cell: NonNullable<ReturnType<typeof readCell>>;
  readonly count: number;
}[] {
  return Object.entries(counts)
    .flatMap(([letter, count]) => {
      const cell = readCell(letter);
      return cell ? [{ cell, count }] : [];
    })
    .toSorted((a, b) => b.count - a.count);
}
