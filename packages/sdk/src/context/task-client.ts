// The client of Airflow's TypeScript SDK, over the running task's context.

import type { JsonValue } from "@memodag/core";
import { getContext } from "./current-context.ts";
import type { XComRequest } from "./task-context.ts";

/** An XCom to push. */
export interface XComPush {
  readonly key: string;
  readonly value: unknown;
}

/** Reads and writes XComs of the running task's run. */
export interface TaskClient {
  /** The value; `null` when there is none. `T` is believed, not checked. */
  getXCom<T = JsonValue>(request: XComRequest): Promise<T | null>;
  /** @throws MemodagError `value_not_json`, `xcom_key_invalid` */
  setXCom(push: XComPush): Promise<void>;
}

/**
 * A client for the running task.
 * @throws MemodagError `context_unavailable` outside a handler.
 */
export function getClient(): TaskClient {
  const { xcom } = getContext();
  return {
    getXCom: async <T>(request: XComRequest) => (await xcom.pull(request)) as T | null,
    setXCom: async ({ key, value }) => xcom.push(key, value),
  };
}
