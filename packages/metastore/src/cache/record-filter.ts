// Which records a filter means, as a condition. Every text is matched whole or as a range: no pattern.

import type { RecordFilter } from "@memodag/result-cache";
import { sql, type Expression, type ExpressionBuilder, type RawBuilder, type SqlBool } from "kysely";
import { storedKey } from "../rows/stored-key.ts";
import type { Schema } from "../tables/schema.ts";

/** Sorts after whatever may follow a prefix: keys are ASCII. */
const AFTER_ALL = "\uffff";

/** The condition that holds for the records of a filter in one scope. */
export function recordCondition(
  scope: string,
  filter: RecordFilter,
  now: RawBuilder<number>,
): (where: ExpressionBuilder<Schema, "cache_record">) => Expression<SqlBool> {
  const { team, dagId, taskId, key, keyPrefix, sourceHash, run, olderThanMs, createdAt, expired } = filter;
  return (where) => {
    const all: Expression<SqlBool>[] = [where("scope", "=", scope)];
    if (team !== undefined) all.push(where("team", "=", team));
    if (dagId !== undefined) all.push(where("dag_id", "=", dagId));
    if (taskId !== undefined) all.push(where("task_id", "=", taskId));
    if (key !== undefined) all.push(where("key", "=", storedKey(scope, key)));
    // A range, where LIKE would take `%` and `_` for more than they are, and could not use the index.
    if (keyPrefix) {
      const from = storedKey(scope, keyPrefix);
      all.push(where("key", ">=", from), where("key", "<", from + AFTER_ALL));
    }
    if (sourceHash !== undefined) all.push(where("source_hash", "=", sourceHash));
    if (run !== undefined)
      all.push(where("dag_id", "=", run.dagId), where("producer_run_id", "=", run.runId));
    if (olderThanMs !== undefined) {
      all.push(where("created_at", "<", sql<number>`${now} - ${sql.lit(olderThanMs)}`));
    }
    if (createdAt !== undefined) all.push(where("created_at", "=", createdAt));
    if (expired === true) all.push(where("expires_at", "<=", now));
    if (expired === false) {
      all.push(where.or([where("expires_at", "is", null), where("expires_at", ">", now)]));
    }
    return where.and(all);
  };
}
