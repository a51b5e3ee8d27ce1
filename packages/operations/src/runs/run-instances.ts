// The task instances of a run for views of it: as rows, or as columns for very many.

import {
  cellOf,
  type CacheStatus,
  type ListedInstances,
  type Producer,
  type ReasonCode,
  type StoredInstance,
  type TaskInstanceState,
} from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";
import { readPage, type Page, type PageInput } from "../page.ts";
import { getRun, type RunName } from "./find-run.ts";
import { reportTask, type TaskReport } from "./run-report.ts";

/** Selects instances of a run, all of whose conditions hold. */
export interface RunInstancesInput extends RunName, PageInput {
  readonly taskId?: string | undefined;
  readonly state?: TaskInstanceState | undefined;
  readonly cacheStatus?: CacheStatus | undefined;
  readonly reason?: ReasonCode | undefined;
  /** A part of the task's id or of the error's message, in any case. */
  readonly text?: string | undefined;
  /** Only instances that changed after this revision of the run. */
  readonly since?: number | undefined;
}

/** A task instance with its times, which are ISO 8601. */
export interface InstanceReport extends TaskReport {
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Of a hit: the attempt whose result it has, in another run of the Dag. */
  readonly producer: Producer | null;
}

/** When instances were read. */
interface ReadAt {
  /** `since` of the next question, once all pages of this one are read. */
  readonly revision: number;
  /**
   * True if these are only the instances that changed after `since`. Otherwise they are all that meet the conditions, and
   * others that were known are there no more.
   */
  readonly isDelta: boolean;
}

/** A page of instances. */
export type InstancePage = Page<InstanceReport> & ReadAt;

/**
 * A page of instances as columns, each of which has one value for an instance. Times are milliseconds after `from`,
 * durations milliseconds.
 */
export interface InstanceColumns extends ReadAt {
  /** ISO 8601: the start of the run, or its creation. */
  readonly from: string;
  /** Tasks, by whose places `task` names them. */
  readonly tasks: readonly string[];
  readonly task: readonly number[];
  readonly mapIndex: readonly number[];
  /** State and cache status: a letter for each instance. */
  readonly cells: string;
  readonly startedMs: readonly (number | null)[];
  readonly endedMs: readonly (number | null)[];
  readonly durationMs: readonly (number | null)[];
  readonly savedMs: readonly (number | null)[];
  /** The cursor of the next page; `null`: this is the last one. */
  readonly next: string | null;
}

/** Default number of rows on a page. */
const DEFAULT_ROWS = 100;

/** Default number of instances on a page of columns. */
const DEFAULT_COLUMNS = 10_000;

/**
 * Lists instances by task and map index. A task that is not reached yet has none.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `cursor_invalid`.
 */
export async function listRunInstances(
  context: OperationContext,
  input: RunInstancesInput,
): Promise<InstancePage> {
  const { items, next, revision, isDelta } = await read(context, { limit: DEFAULT_ROWS, ...input });
  return { revision, isDelta, items: items.map(reportInstance), next };
}

/**
 * Lists instances as {@link listRunInstances} does, in a fifth of the size.
 * @throws MemodagError as {@link listRunInstances}
 */
export async function listInstanceColumns(
  context: OperationContext,
  input: RunInstancesInput,
): Promise<InstanceColumns> {
  const { items, next, from, ...at } = await read(context, { limit: DEFAULT_COLUMNS, ...input });
  const places = new Map<string, number>();
  for (const { taskId } of items) if (!places.has(taskId)) places.set(taskId, places.size);
  const after = (time: number | null) => (time === null ? null : time - from);
  return {
    revision: at.revision,
    isDelta: at.isDelta,
    from: isoTime(from),
    tasks: [...places.keys()],
    task: items.map(({ taskId }) => places.get(taskId) ?? 0),
    mapIndex: items.map(({ mapIndex }) => mapIndex),
    cells: items.map(cellOf).join(""),
    startedMs: items.map(({ startedAt }) => after(startedAt)),
    endedMs: items.map(({ endedAt }) => after(endedAt)),
    durationMs: items.map(({ durationMs }) => durationMs),
    savedMs: items.map(({ savedMs }) => savedMs),
    next,
  };
}

/** Reports an instance with its times. */
export function reportInstance(instance: StoredInstance): InstanceReport {
  return {
    ...reportTask(instance),
    startedAt: isoTime(instance.startedAt),
    endedAt: isoTime(instance.endedAt),
    producer: instance.producer,
  };
}

type ReadPage = Page<StoredInstance> & ReadAt & { readonly from: number };

async function read(
  { stores }: OperationContext,
  {
    limit = DEFAULT_ROWS,
    after,
    taskId,
    state,
    cacheStatus,
    reason,
    text,
    since,
    ...name
  }: RunInstancesInput,
): Promise<ReadPage> {
  const run = await getRun(stores, name);
  const filter = {
    ...(taskId !== undefined && { taskId }),
    ...(state !== undefined && { states: [state] }),
    ...(cacheStatus !== undefined && { cacheStatuses: [cacheStatus] }),
    ...(reason !== undefined && { reason }),
    ...(text !== undefined && { text }),
    ...(since !== undefined && { since }),
  };
  let listed: ListedInstances = { revision: run.revision, isDelta: false, instances: [] };
  const placeOf = (row: StoredInstance): [string, number] => [row.taskId, row.mapIndex];
  const page = await readPage({ name: `instances ${run.id}`, placeOf }, { limit, after }, async (query) => {
    const [lastTask, lastIndex] = query.after ?? [];
    const place =
      lastTask === undefined || lastIndex === undefined
        ? {}
        : { after: { taskId: lastTask, mapIndex: lastIndex } };
    // A run that was deleted meanwhile has no instances.
    listed =
      (await stores.views.listInstances(run.team, run.id, { ...filter, ...place, limit: query.limit })) ??
      listed;
    return listed.instances;
  });
  return {
    ...page,
    revision: listed.revision,
    isDelta: listed.isDelta,
    from: run.startedAt ?? run.createdAt,
  };
}
