// Reads the values behind XComs.

import {
  MemodagError,
  readJson,
  type DagRun,
  type JsonValue,
  type RunStore,
  type TaskInstance,
} from "@memodag/core";

/**
 * Every XCom of a task instance by key.
 * @throws MemodagError `xcom_not_found` when the bytes of one are gone.
 */
export async function readXComs(
  runs: RunStore,
  run: DagRun,
  { taskId, mapIndex }: TaskInstance,
): Promise<Record<string, JsonValue>> {
  const xcoms = await runs.listXComs(run.team, run.id, { taskId, mapIndex });
  const bytes = await runs.readXComBytes(
    run.team,
    xcoms.map(({ digest }) => digest),
  );
  return Object.fromEntries(
    xcoms.map(({ key, digest }) => {
      const value = bytes.get(digest);
      if (value === undefined) throw bytesGone(taskId, key);
      return [key, readJson(value)];
    }),
  );
}

function bytesGone(taskId: string, key: string): MemodagError {
  return new MemodagError(
    "xcom_not_found",
    `The bytes of XCom "${key}" of task "${taskId}" are gone from the database: run the Dag again`,
    { fields: { taskId, key } },
  );
}
