// An XCom as a row, and back.

import type { XCom } from "@memodag/core";
import type { XComTable } from "../tables/run-tables.ts";

/** The columns that say where the value of an XCom is. */
export function placeOf({ digest, store }: XCom): Pick<XComTable, "digest" | "store" | "stored_digest"> {
  return store === null
    ? { digest, store, stored_digest: null }
    : { digest: null, store, stored_digest: digest };
}

/** The XCom that a row holds. */
export function toXCom(row: Omit<XComTable, "dag_run_id" | "team">): XCom {
  return {
    taskId: row.task_id,
    mapIndex: row.map_index,
    key: row.key,
    digest: row.digest ?? row.stored_digest ?? "",
    sizeBytes: row.size_bytes,
    store: row.store,
  };
}
