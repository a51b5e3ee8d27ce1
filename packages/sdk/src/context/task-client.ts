// The client of Airflow's TypeScript SDK, over the running task's context.

import { MemodagError, type JsonValue } from "@memodag/core";
import { getRunningTask } from "./current-context.ts";
import type { XComRequest } from "./task-context.ts";

/** An XCom to push. */
export interface XComPush {
  readonly key: string;
  readonly value: unknown;
}

/** Reads and writes XComs of the running task's run, and reads the admin's variables. */
export interface TaskClient {
  /** The value; `null` when there is none. `T` is believed, not checked. */
  getXCom<T = JsonValue>(request: XComRequest): Promise<T | null>;
  /** @throws MemodagError `value_not_json`, `xcom_key_invalid` */
  setXCom(push: XComPush): Promise<void>;
  /**
   * The text of a variable of the admin's config; `null` when there is none. A cached task that reads one
   * keeps its result, which is not remembered: the value is not in its key.
   */
  getVariable(name: string): Promise<string | null>;
  /** @throws MemodagError `variable_not_found` */
  getVariableOrThrow(name: string): Promise<string>;
}

/**
 * A client for the running task.
 * @throws MemodagError `context_unavailable` outside a handler.
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
