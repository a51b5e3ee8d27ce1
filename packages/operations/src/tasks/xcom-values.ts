// Reads the values behind XComs.

import {
  MemodagError,
  readJson,
  type DagRun,
  type JsonValue,
  type RunStore,
  type TaskInstance,
} from "@memodag/core";
import type { Values } from "@memodag/result-cache";

/**
 * Every XCom of a task instance by key.
 * @throws MemodagError `xcom_not_found` when the bytes of one are missing.
 */
export async function readXComs(
  { runs, values }: { readonly runs: RunStore; readonly values: Values },
  run: DagRun,
  { taskId, mapIndex }: TaskInstance,
): Promise<Record<string, JsonValue>> {
  const xcoms = await runs.listXComs(run.team, run.id, { taskId, mapIndex });
  const bytes = await values.read(run.team, xcoms);
  return Object.fromEntries(
    xcoms.map(({ key, digest, store }) => {
      const value = bytes.get(digest);
      if (value === undefined) throw bytesGone(taskId, key, store);
      return [key, readJson(value)];
    }),
  );
}

function bytesGone(taskId: string, key: string, store: string | null): MemodagError {
  return new MemodagError(
    "xcom_not_found",
    `The bytes of XCom "${key}" of task "${taskId}" are gone from ${store === null ? "the database" : `the store "${store}"`}: run the Dag again`,
    { fields: { taskId, key } },
  );
}
