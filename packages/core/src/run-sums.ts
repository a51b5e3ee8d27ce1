// The sums of a run: what its instances came to, in all and by task.

import { cellOf, type InstanceCell } from "./instance-cell.ts";

/** Sums over the instances of a run. */
export interface RunSums {
  /** Instances whose result or failure was remembered. */
  readonly hits: number;
  /** Instances that were started. */
  readonly ran: number;
  /** Instances that failed, remembered failures included. */
  readonly failed: number;
  /** Milliseconds that the results of hits once took. */
  readonly savedMs: number;
  /** Milliseconds that the latest attempts of the others took. */
  readonly workedMs: number;
}

/** Sums over the instances of one task of a run. Times are milliseconds since the Unix epoch. */
export interface TaskSums {
  /** Number of instances by the letter of their state and cache status; see {@link cellOf}. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first start; `null`: none was started. */
  readonly startedAt: number | null;
  /** The last end; `null`: none has ended. */
  readonly endedAt: number | null;
  readonly workedMs: number;
  readonly savedMs: number;
}

/** The sums of a run. */
export interface SummedRun {
  readonly run: RunSums;
  /** Of tasks that have instances. */
  readonly tasks: ReadonlyMap<string, TaskSums>;
}

/** The parts of an instance that are summed up. */
export interface SummedInstance extends InstanceCell {
  readonly taskId: string;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly durationMs: number | null;
  readonly savedMs: number | null;
}

type Changing<T> = { -readonly [K in keyof T]: T[K] };

/** Sums up the instances of one run. */
export function sumUp(instances: Iterable<SummedInstance>): SummedRun {
  const run: Changing<RunSums> = { hits: 0, ran: 0, failed: 0, savedMs: 0, workedMs: 0 };
  const tasks = new Map<string, Changing<TaskSums> & { counts: Record<string, number> }>();
  for (const instance of instances) {
    const { taskId, startedAt, endedAt } = instance;
    const isHit = instance.cacheStatus === "hit";
    const worked = isHit ? 0 : (instance.durationMs ?? 0);
    const saved = instance.savedMs ?? 0;
    run.hits += isHit ? 1 : 0;
    run.ran += !isHit && startedAt !== null ? 1 : 0;
    run.failed += instance.state === "failed" ? 1 : 0;
    run.savedMs += saved;
    run.workedMs += worked;
    let task = tasks.get(taskId);
    if (!task) {
      task = { counts: {}, startedAt, endedAt, workedMs: 0, savedMs: 0 };
      tasks.set(taskId, task);
    }
    const letter = cellOf(instance);
    task.counts[letter] = (task.counts[letter] ?? 0) + 1;
    if (startedAt !== null && (task.startedAt === null || startedAt < task.startedAt))
      task.startedAt = startedAt;
    if (endedAt !== null && (task.endedAt === null || endedAt > task.endedAt)) task.endedAt = endedAt;
    task.workedMs += worked;
    task.savedMs += saved;
  }
  return { run, tasks };
}

/** A task as it is stored: the letter of its only instance or counts by letter, then times after the first start. */
type StoredTask = readonly [
  counts: string | Record<string, number>,
  startedAt?: number | null,
  endedAt?: number | null,
  workedMs?: number,
  savedMs?: number,
];

interface StoredTasks {
  /** The earliest time of the run, from which the others count. */
  readonly from: number;
  readonly tasks: Readonly<Record<string, StoredTask>>;
}

/** The tasks of a run as JSON, with about 30 bytes for a task of one instance. */
export function writeTaskSums(tasks: ReadonlyMap<string, TaskSums>): string {
  let from = Infinity;
  for (const { startedAt, endedAt } of tasks.values())
    from = Math.min(from, startedAt ?? from, endedAt ?? from);
  if (from === Infinity) from = 0;
  // Joined rather than made of objects: a wide run writes many thousands of them in its last pass.
  const written: string[] = [];
  for (const [taskId, { counts, startedAt, endedAt, workedMs, savedMs }] of tasks) {
    const times = `${after(startedAt, from)},${after(endedAt, from)},${workedMs},${savedMs}`;
    const only = onlyLetter(counts);
    // No letter needs escaping.
    const cells = only === undefined ? JSON.stringify(counts) : `"${only}"`;
    written.push(`${JSON.stringify(taskId)}:[${cells},${times}]`);
  }
  return `{"from":${from},"tasks":{${written.join(",")}}}`;
}

function after(time: number | null, from: number): number | null {
  return time === null ? null : time - from;
}

/** The letter of the only instance; undefined if there are several. */
function onlyLetter(counts: Readonly<Record<string, number>>): string | undefined {
  let only: string | undefined;
  for (const letter in counts) {
    if (only !== undefined || counts[letter] !== 1) return undefined;
    only = letter;
  }
  return only;
}

/** The tasks of a run that {@link writeTaskSums} wrote. */
export function readTaskSums(json: string): Map<string, TaskSums> {
  const { from, tasks } = JSON.parse(json) as StoredTasks;
  const at = (time: number | null | undefined): number | null =>
    typeof time === "number" ? from + time : null;
  return new Map(
    Object.entries(tasks).map(([taskId, [counts, startedAt, endedAt, workedMs = 0, savedMs = 0]]) => [
      taskId,
      {
        counts: typeof counts === "string" ? { [counts]: 1 } : counts,
        startedAt: at(startedAt),
        endedAt: at(endedAt),
        workedMs,
        savedMs,
      },
    ]),
  );
}
