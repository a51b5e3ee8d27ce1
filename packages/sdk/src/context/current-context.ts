// The context of the running handler, available across its awaits.

import { AsyncLocalStorage } from "node:async_hooks";
import { MemodagError } from "@memodag/core";
import type { ParamDeclarations, ParamValues } from "../schemas/param-types.ts";
import type { JobCache } from "./job-cache.ts";
import type { ValueCaches } from "./task-value-caches.ts";
import type { TaskContext } from "./task-context.ts";

const STORAGE = Symbol.for("memodag.context");

/** The surroundings of a running handler. */
export interface RunningTask {
  readonly context: TaskContext;
  /** Returns the value of a configured variable, or `null` if there is none. */
  readonly readVariable: (name: string) => Promise<string | null>;
  readonly valueCaches: ValueCaches;
  /** Returns a job cache by its name in the config. */
  readonly openJobCache: (name: string) => JobCache;
}

/**
 * One storage for the process, shared by the copies of this package in the Dag file and the worker.
 */
function storage(): AsyncLocalStorage<RunningTask> {
  const shared = globalThis as { [STORAGE]?: AsyncLocalStorage<RunningTask> };
  return (shared[STORAGE] ??= new AsyncLocalStorage());
}

/** A Dag, as far as the types of its params go. */
interface TypedDag {
  readonly "~params"?: ParamDeclarations;
}

/**
 * Returns the context of the running task.
 *
 * @example
 * ```ts
 * dag.task("load", async () => {
 *   const { params, logicalDate, log, signal } = getContext();
 *   log.info("loading", { species: params.species });
 *   return fetchRows(logicalDate, { signal });
 * }, { cache: { includeInputs: ["params.species", "logicalDate"] } });
 * ```
 *
 * @example With the types of the Dag's params
 * ```ts
 * const { depth } = getContext<typeof dag>().params;
 * ```
 *
 * @throws MemodagError `context_unavailable` outside a handler, such as at the top level of a Dag
 * file
 */
export function getContext<D extends TypedDag = TypedDag>(): TaskContext<
  ParamValues<NonNullable<D["~params"]>>
> {
  // The params were checked against the Dag's schemas when the run was created.
  return getRunningTask().context as TaskContext<never>;
}

/** Returns the running task. Throws like {@link getContext}. */
export function getRunningTask(): RunningTask {
  const task = storage().getStore();
  if (task) return task;
  throw new MemodagError(
    "context_unavailable",
    "getContext() and getClient() work only while a task runs: call them inside its handler",
  );
}

/**
 * Calls `handler` so that {@link getContext} and {@link getRunningTask} return `task` inside it.
 */
export function runInContext<T>(
  { context, readVariable, valueCaches, openJobCache }: RunningTask,
  handler: () => T,
): T {
  return storage().run({ context, readVariable, valueCaches, openJobCache }, handler);
}
