// Instances of a run that meet conditions: a range of the primary key, whose other rows are filtered.

import type { InstanceFilter, InstanceQuery, ListedInstances } from "@memodag/core";
import { sql, type ExpressionBuilder, type ExpressionWrapper, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import { toStoredInstance } from "../rows/task-instance-row.ts";
import type { Schema } from "../tables/schema.ts";
import { containsText } from "./contains-text.ts";

/** See the port. */
export async function listInstances(
  { kysely }: Dialect,
  team: string,
  runId: number,
  query: InstanceQuery,
): Promise<ListedInstances | undefined> {
  // First: what changes after it has been read is listed now, or is newer than it.
  const run = await kysely
    .selectFrom("dag_run")
    .select(["revision", "removal_revision"])
    .where("team", "=", team)
    .where("id", "=", runId)
    .executeTakeFirst();
  if (!run) return undefined;
  const { limit, after, since, ...filter } = query;
  const isDelta = since !== undefined && since >= run.removal_revision && since <= run.revision;
  const rows = await kysely
    .selectFrom("task_instance")
    .selectAll()
    .where("dag_run_id", "=", runId)
    .where((where) => matching(where, isDelta ? { ...filter, since } : filter))
    .$if(after !== undefined, (some) =>
      some.where(sql<boolean>`(task_id, map_index) > (${after?.taskId}, ${after?.mapIndex})`),
    )
    .orderBy("task_id")
    .orderBy("map_index")
    .limit(limit)
    .execute();
  return { revision: run.revision, isDelta, instances: rows.map(toStoredInstance) };
}

/** The condition that an instance meets a filter. */
function matching(
  where: ExpressionBuilder<Schema, "task_instance">,
  { taskId, states, cacheStatuses, reason, text, since }: InstanceFilter,
): ExpressionWrapper<Schema, "task_instance", SqlBool> {
  return where.and([
    ...(taskId === undefined ? [] : [where("task_id", "=", taskId)]),
    ...(states === undefined ? [] : [where("state", "in", [...states])]),
    ...(cacheStatuses === undefined ? [] : [where("cache_status", "in", [...cacheStatuses])]),
    ...(reason === undefined ? [] : [where("cache_reason_code", "=", reason)]),
    ...(text === undefined
      ? []
      : [where.or([containsText("task_id", text), containsText("error_message", text)])]),
    ...(since === undefined ? [] : [where("revision", ">", since)]),
  ]);
}
