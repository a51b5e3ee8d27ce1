// A reason as the columns of a task instance, and back.

import { findReason, type CacheStatus, type Reason } from "@memodag/core";
import { reasonOfOldRow } from "./reason-of-old-row.ts";
import type { TaskInstanceTable } from "../tables/run-tables.ts";

type ReasonColumns = Pick<TaskInstanceTable, "cache_reason" | "cache_reason_code" | "cache_reason_detail">;

const NONE: ReasonColumns = { cache_reason: null, cache_reason_code: null, cache_reason_detail: null };

/** The columns of a reason; clears the sentence of an earlier version. */
export function reasonColumns(reason: Reason | null): ReasonColumns {
  if (reason === null) return NONE;
  const { code, detail } = reason;
  // JSON escapes whatever a database does not take in a string.
  const json = detail ? JSON.stringify(detail) : null;
  return { cache_reason: null, cache_reason_code: code, cache_reason_detail: json };
}

/** The reason that a row has. */
export function toReason(row: ReasonColumns & Pick<TaskInstanceTable, "cache_status">): Reason | null {
  const { cache_reason: sentence, cache_reason_code: code, cache_reason_detail: detail } = row;
  if (code !== null) {
    // A code of a later version has no other sentence than itself.
    const known = findReason(code, detail === null ? null : (JSON.parse(detail) as unknown));
    return known ?? { code: "other", detail: { what: code } };
  }
  return sentence === null ? null : reasonOfOldRow(row.cache_status as CacheStatus | null, sentence);
}
