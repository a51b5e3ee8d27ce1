// A client that is compatible with Airflow's TypeScript SDK, based on the running task's context.

import { MemodagError, type JsonValue } from "@memodag/core";
import { getRunningTask } from "./current-context.ts";
import type { XComRequest } from "./task-context.ts";

/** An XCom to push. */
export interface XComPush {
  readonly key: string;
  readonly value: unknown;
}

/** Reads and writes XComs of the current run, and reads configured variables. */
export interface TaskClient {
  /** Returns the value, or `null` if there is none. `T` is not checked. */
  getXCom<T = JsonValue>(request: XComRequest): Promise<T | null>;
  /** @throws MemodagError `value_not_json`, `xcom_key_invalid` */
  setXCom(push: XComPush): Promise<void>;
  /**
   * Returns the value of a variable in the config, or `null` if there is none. The value is not
   * part of the cache key, so the result of a cached task that reads a variable is not stored.
   */
  getVariable(name: string): Promise<string | null>;
  /** @throws MemodagError `variable_not_found` */
  getVariableOrThrow(name: string): Promise<string>;
}

/**
 * Returns a client for the running task.
 *
 * @example
 * ```ts
 * const client = getClient();
 * const rows = await client.getXCom<Row[]>({ taskId: "load", key: "return_value" });
 * const region = await client.getVariable("region");
 * ```
 *
 * @throws MemodagError `context_unavailable` outside a handler
 */
export function getClient(): TaskClient {
  const {
    context: { xcom },
    readVariable,
  } = getRunningTask();
  return {
    getXCom: async <T>(request: XComRequest) => (await xcom.pull(request)) as T | null,
    setXCom: async ({ key, value }) => xcom.push(key, value),
    getVariable: async (name) => await readVariable(name),
    getVariableOrThrow: async (name) => {
      const value = await readVariable(name);
      if (value !== null) return value;
      throw new MemodagError(
        "variable_not_found",
        `There is no variable "${name}": add [[variables]] with name = "${name}" to the config, or set MEMODAG_VAR_${name.toUpperCase()}`,
        { fields: { name } },
      );
    },
  };
}
