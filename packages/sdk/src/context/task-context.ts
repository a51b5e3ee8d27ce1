// What a handler may ask for beside its arguments.

import type { AttemptContext, JsonValue, Logger } from "@memodag/core";

/** Which XCom of the run. */
export interface XComRequest {
  readonly key: string;
  /** Default: the running task. */
  readonly taskId?: string;
  /** Default: the running instance, and of another task the one that is not mapped. */
  readonly mapIndex?: number;
}

/** The XComs of a running task. */
export interface TaskXComs {
  /**
   * Keeps a value under a key, beside the returned one. A later push of a key replaces the earlier.
   * @throws MemodagError `value_not_json`; `xcom_key_invalid` for an empty key or `return_value`.
   */
  push(key: string, value: unknown): void;
  /**
   * A value that this run's tasks pushed; `null` when there is none. A cached task that pulls from
   * another task keeps its result, which is not remembered: the value is not in its key.
   */
  pull(request: XComRequest): Promise<JsonValue>;
}

/**
 * The run around a handler. Dates are ISO 8601 in UTC. A cached task that reads what its
 * `includeInputs` does not name keeps its result, which is not remembered.
 */
export interface TaskContext extends AttemptContext {
  /** Writes to the attempt's log. */
  readonly log: Logger;
  /** Aborted when the attempt is to end: a timeout, a cancelled run. */
  readonly signal: AbortSignal;
  readonly xcom: TaskXComs;
}
