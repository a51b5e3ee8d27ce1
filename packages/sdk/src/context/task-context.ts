// The context that a handler can use in addition to its arguments.

import type { AttemptContext, JsonObject, JsonValue, Logger } from "@memodag/core";
import type { JobCache } from "./job-cache.ts";
import type { TaskCache } from "./task-cache.ts";

/** Selects an XCom of the current run. */
export interface XComRequest {
  readonly key: string;
  /** Default: the running task. */
  readonly taskId?: string;
  /** Default: the running instance; for another task, its unmapped instance. */
  readonly mapIndex?: number;
}

/**
 * The XComs of a running task.
 *
 * @example
 * ```ts
 * const { xcom } = getContext();
 * xcom.push("row_count", rows.length);
 * const model = await xcom.pull({ taskId: "fit", key: "return_value" });
 * ```
 */
export interface TaskXComs {
  /**
   * Stores a value under a key, in addition to the returned one. A later push replaces an earlier
   * one with the same key.
   * @throws MemodagError `value_not_json`; `xcom_key_invalid` for an empty key or `return_value`.
   */
  push(key: string, value: unknown): void;
  /**
   * Returns a value that a task of this run pushed, or `null` if there is none. The value is not
   * part of the cache key, so the result of a cached task that pulls from another task is not
   * stored.
   */
  pull(request: XComRequest): Promise<JsonValue>;
}

/**
 * The run of a handler. Dates are ISO 8601 strings in UTC. If a cached task reads a property that
 * its `includeInputs` does not list, its result is not stored.
 */
export interface TaskContext<Params = JsonObject> extends Omit<AttemptContext, "params"> {
  readonly params: Params;
  /** Writes to the attempt's log. */
  readonly log: Logger;
  /** Aborted when the attempt should end, because of a timeout or a cancelled run. */
  readonly signal: AbortSignal;
  readonly xcom: TaskXComs;
  /** The job cache of this run: bytes under keys, for the tasks of the run. */
  readonly jobCache: JobCache;
  /** The caching of this task's result. */
  readonly cache: TaskCache;
}
