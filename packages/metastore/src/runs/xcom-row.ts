// An XCom as a row.

import type { XCom } from "@memodag/core";
import type { XComTable } from "./run-tables.ts";

/** The XCom that a row holds. */
export function toXCom(row: Omit<XComTable, "dag_run_id" | "team">): XCom {
  return {
    taskId: row.task_id,
    mapIndex: row.map_index,
    key: row.key,
    digest: row.digest,
    sizeBytes: row.size_bytes,
  };
}
