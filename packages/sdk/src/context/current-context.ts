// Finds the context of the handler that is running, over every await inside it.

import { AsyncLocalStorage } from "node:async_hooks";
import { MemodagError } from "@memodag/core";
import type { TaskContext } from "./task-context.ts";

const STORAGE = Symbol.for("memodag.context");

/** What there is around a handler. */
export interface RunningTask {
  readonly context: TaskContext;
  /** The text of an admin's variable; `null`: there is none. */
  readonly readVariable: (name: string) => Promise<string | null>;
}

/** One storage for the process, so that a Dag's copy of this package and the worker's share it. */
function storage(): AsyncLocalStorage<RunningTask> {
  const shared = globalThis as { [STORAGE]?: AsyncLocalStorage<RunningTask> };
  return (shared[STORAGE] ??= new AsyncLocalStorage());
}

/**
 * The context of the running task.
 * @throws MemodagError `context_unavailable` outside a handler, such as at the top of a Dag file.
 */
export function getContext(): TaskContext {
  return getRunningTask().context;
}

/** The running task; throws as {@link getContext} does. */
export function getRunningTask(): RunningTask {
  const task = storage().getStore();
  if (task) return task;
  throw new MemodagError(
    "context_unavailable",
    "getContext() and getClient() work only while a task runs: call them inside its handler",
  );
}

/** Calls `handler` with `task` as what {@link getContext} and {@link getRunningTask} find inside it. */
export function runInContext<T>({ context, readVariable }: RunningTask, handler: () => T): T {
  return storage().run({ context, readVariable }, handler);
}
