// Compares two runs of a Dag: by task, what had another key or another result, and by which part of the key.

import {
  cellOf,
  instanceKey,
  resultsIn,
  type CacheStatus,
  type DagRun,
  type SerializedTask,
  type StoredInstance,
  type TaskInstanceState,
} from "@memodag/core";
import type { ComponentChange } from "@memodag/result-cache";
import type { OperationContext } from "../context.ts";
import { getRun, type RunName } from "../runs/find-run.ts";
import { KeyChanges } from "./key-changes.ts";

/** Two runs of a Dag. */
export interface CompareRunsInput extends Omit<RunName, "runId"> {
  readonly before: string;
  readonly after: string;
}

/** `unknown`: one of them has none that could be compared. */
export type Sameness = "same" | "other" | "unknown";

/** An instance in one of the runs. */
export interface ComparedSide {
  readonly state: TaskInstanceState;
  readonly cacheStatus: CacheStatus | null;
  readonly durationMs: number | null;
  readonly savedMs: number | null;
}

/** An instance in both runs; `null`: it has none in that run. */
export interface ComparedInstance {
  readonly mapIndex: number;
  readonly before: ComparedSide | null;
  readonly after: ComparedSide | null;
  readonly key: Sameness;
  /** Whether its values have the same bytes. */
  readonly result: Sameness;
  /** By what its keys differ, where that is known: of the first {@link MOST_EXPLAINED} whose keys differ. */
  readonly changes: readonly ComponentChange[];
  /** The task above it whose result differs, if that is why; `null`: it is not. */
  readonly because: string | null;
}

/** A task in both runs. */
export interface ComparedTask {
  readonly taskId: string;
  readonly isMapped: boolean;
  /** Number of instances by the letter of their state and cache status. */
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
  /** Instances that differ: by presence, state, key or result. */
  readonly differing: number;
  /** The only instance of a task that is not mapped; else the first of those that differ. */
  readonly instances: readonly ComparedInstance[];
}

/** Two runs by task, in the order of the later version of the Dag. */
export interface RunComparison {
  readonly dagId: string;
  readonly before: string;
  readonly after: string;
  readonly tasks: readonly ComparedTask[];
}

/** Instances of a mapped task that are shown. */
const MOST_SHOWN = 100;

/** Instances of both runs whose keys are compared, which reads their components from the database or from stores. */
const MOST_EXPLAINED = 200;

interface Side {
  readonly run: DagRun;
  readonly instances: ReadonlyMap<string, StoredInstance>;
  /** Digests of the values of each instance, as one text. */
  readonly results: ReadonlyMap<string, string>;
}

/**
 * Compares two runs; of a mapped task, the first instances that differ are listed.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`.
 */
export async function compareRuns(
  context: OperationContext,
  input: CompareRunsInput,
): Promise<RunComparison> {
  return await compareWithin(context, input, { mostShown: MOST_SHOWN, mostExplained: MOST_EXPLAINED });
}

/**
 * Compares all instances of two runs, however many there are.
 * @throws MemodagError as {@link compareRuns}
 */
export async function compareWholeRuns(
  context: OperationContext,
  input: CompareRunsInput,
): Promise<RunComparison> {
  return await compareWithin(context, input, { mostShown: Infinity, mostExplained: Infinity });
}

interface Bounds {
  /** Instances of each mapped task. */
  readonly mostShown: number;
  /** Instances of all tasks whose keys are compared. */
  readonly mostExplained: number;
}

async function compareWithin(
  context: OperationContext,
  { before, after, ...name }: CompareRunsInput,
  { mostShown, mostExplained }: Bounds,
): Promise<RunComparison> {
  const [a, b] = await Promise.all([
    readSide(context, { ...name, runId: before }),
    readSide(context, { ...name, runId: after }),
  ]);
  const { dag } = await context.stores.dags.getDagVersion(b.run.dagVersionId);
  const templates = new Map(dag.tasks.map((task) => [task.taskId, task]));
  const ids = new Set([...templates.keys(), ...taskIdsOf(b), ...taskIdsOf(a)]);
  const byTask = { before: groupByTask(a), after: groupByTask(b) };
  const changes = await KeyChanges.between(context, a.run, b.run);
  const differing = new Set<string>();
  const tasks: ComparedTask[] = [];
  let explained = 0;
  for (const taskId of ids) {
    const mine = { before: byTask.before.get(taskId) ?? [], after: byTask.after.get(taskId) ?? [] };
    const indexes = new Set([...mine.before, ...mine.after].map(({ mapIndex }) => mapIndex));
    const isMapped = (templates.get(taskId)?.expand.length ?? 0) > 0 || indexes.size > 1;
    const pairs = [...indexes]
      .toSorted((x, y) => x - y)
      .map((mapIndex) => compareInstance(taskId, mapIndex, a, b));
    const others = pairs.filter(isDifferent);
    if (pairs.some(({ result }) => result === "other")) differing.add(taskId);
    const shown = (isMapped ? others : pairs).slice(0, mostShown);
    tasks.push({
      taskId,
      isMapped,
      before: countCells(mine.before),
      after: countCells(mine.after),
      differing: others.length,
      instances: await Promise.all(
        shown.map(async (pair) => {
          if (pair.key !== "other" || explained >= mostExplained) return pair;
          explained += 1;
          const at = instanceKey({ taskId, mapIndex: pair.mapIndex });
          const found = await changes.of(a.instances.get(at), b.instances.get(at));
          return { ...pair, changes: found, because: causeOf(found, templates.get(taskId), differing) };
        }),
      ),
    });
  }
  return { dagId: b.run.dagId, before: a.run.runId, after: b.run.runId, tasks };
}

async function readSide({ stores }: OperationContext, name: RunName): Promise<Side> {
  const run = await getRun(stores, name);
  const [instances, xcoms] = await Promise.all([
    stores.runs.listTaskInstances(run.team, run.id),
    stores.runs.listXComs(run.team, run.id),
  ]);
  const results = Map.groupBy(xcoms, instanceKey);
  return {
    run,
    instances: new Map(instances.map((instance) => [instanceKey(instance), instance])),
    results: new Map(
      Array.from(results, ([at, ofInstance]) => [
        at,
        ofInstance
          .map(({ key, digest }) => `${JSON.stringify(key)} ${digest}`)
          .toSorted()
          .join(),
      ]),
    ),
  };
}

function taskIdsOf({ instances }: Side): string[] {
  return Array.from(instances.values(), ({ taskId }) => taskId);
}

function groupByTask({ instances }: Side): Map<string, StoredInstance[]> {
  return Map.groupBy(instances.values(), ({ taskId }) => taskId);
}

function countCells(instances: readonly StoredInstance[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const instance of instances) {
    const letter = cellOf(instance);
    counts[letter] = (counts[letter] ?? 0) + 1;
  }
  return counts;
}

function compareInstance(taskId: string, mapIndex: number, a: Side, b: Side): ComparedInstance {
  const at = instanceKey({ taskId, mapIndex });
  const [before, after] = [a.instances.get(at), b.instances.get(at)];
  return {
    mapIndex,
    before: before ? sideOf(before) : null,
    after: after ? sideOf(after) : null,
    key: compare(before?.cacheKey, after?.cacheKey),
    result: compare(a.results.get(at), b.results.get(at)),
    changes: [],
    because: null,
  };
}

function sideOf({ state, cacheStatus, durationMs, savedMs }: StoredInstance): ComparedSide {
  return { state, cacheStatus, durationMs, savedMs };
}

function compare(before: string | null | undefined, after: string | null | undefined): Sameness {
  if (before === null || before === undefined || after === null || after === undefined) return "unknown";
  return before === after ? "same" : "other";
}

function isDifferent({ before, after, key, result }: ComparedInstance): boolean {
  return before?.state !== after?.state || key === "other" || result === "other";
}

/** The task whose differing result is the only reason, if it is. */
function causeOf(
  changes: readonly ComponentChange[],
  task: SerializedTask | undefined,
  differing: ReadonlySet<string>,
): string | null {
  if (changes.length === 0 || changes.some(({ kind }) => kind !== "input")) return null;
  const templates = new Map([...(task?.args ?? []), ...(task?.expand ?? [])]);
  for (const { path } of changes) {
    const template = templates.get(path);
    const above = template && resultsIn(template).find((taskId) => differing.has(taskId));
    if (above !== undefined) return above;
  }
  return null;
}
