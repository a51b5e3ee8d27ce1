// Finds the context of the handler that is running, over every await inside it.

import { AsyncLocalStorage } from "node:async_hooks";
import { MemodagError } from "@memodag/core";
import type { TaskContext } from "./task-context.ts";

const STORAGE = Symbol.for("memodag.context");

/** One storage for the process, so that a Dag's copy of this package and the worker's share it. */
function storage(): AsyncLocalStorage<TaskContext> {
  const shared = globalThis as { [STORAGE]?: AsyncLocalStorage<TaskContext> };
  return (shared[STORAGE] ??= new AsyncLocalStorage());
}

/**
 * The context of the running task.
 * @throws MemodagError `context_unavailable` outside a handler, such as at the top of a Dag file.
 */
export function getContext(): TaskContext {
  const context = storage().getStore();
  if (context) return context;
  throw new MemodagError(
    "context_unavailable",
    "getContext() and getClient() work only while a task runs: call them inside its handler",
  );
}

/** Calls `handler` with `context` as what {@link getContext} returns inside it. */
export function runInContext<T>(context: TaskContext, handler: () => T): T {
  return storage().run(context, handler);
}
