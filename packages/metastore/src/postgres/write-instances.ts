// Writes the task instances of a pass, on PostgreSQL, each guarded by the state that it leaves.

import { instanceKey, type PassWrite, type TaskInstanceId, type TaskInstanceWrite } from "@memodag/core";
import type { ClientBase } from "pg";
import { AbandonedPass } from "../abandoned-pass.ts";
import {
  INSTANCE_ID_COLUMNS,
  INSTANCE_VALUE_COLUMNS,
  instanceValues,
  type ColumnValue,
} from "../rows/task-instance-row.ts";
import { inChunks } from "./in-chunks.ts";

const COLUMNS = [...INSTANCE_ID_COLUMNS, ...INSTANCE_VALUE_COLUMNS];

const COLUMN_TYPES: Readonly<Record<(typeof COLUMNS)[number], string>> = {
  task_id: "text",
  map_index: "bigint",
  state: "text",
  try_number: "bigint",
  max_tries: "bigint",
  attempt_id: "text",
  cache_status: "text",
  cache_reason: "text",
  cache_reason_code: "text",
  cache_reason_detail: "text",
  cache_key: "text",
  producer_run_id: "text",
  producer_map_index: "bigint",
  producer_try_number: "bigint",
  started_at: "bigint",
  ended_at: "bigint",
  duration_ms: "double precision",
  saved_ms: "double precision",
  retry_at: "bigint",
  waiting_since: "bigint",
  error_code: "text",
  error_message: "text",
  loss_count: "bigint",
  worker: "text",
};

// One statement for all rows, a list for each column: the cost is the server's, one round trip in all.
const unnested = COLUMNS.map((name, index) => `$${index + 2}::${COLUMN_TYPES[name]}[]`).join(", ");
const INSERT_INSTANCES = `
  insert into task_instance (dag_run_id, ${COLUMNS.join(", ")}, revision)
  select $1, *, $${COLUMNS.length + 2}::bigint from unnest(${unnested}) on conflict do nothing`;
// The last condition: a try has one attempt and never gets another, whatever a scheduler may believe;
// one that waits for something has one after the other.
const UPDATE_INSTANCES = `
  update task_instance as stored
  set ${INSTANCE_VALUE_COLUMNS.map((name) => `${name} = written.${name}`).join(", ")},
    revision = $${COLUMNS.length + 2}
  from unnest(${unnested}, $${COLUMNS.length + 3}::text[], $${COLUMNS.length + 4}::bigint[])
    as written (${COLUMNS.join(", ")}, leaves_state, leaves_try_number)
  where stored.dag_run_id = $1 and stored.task_id = written.task_id
    and stored.map_index = written.map_index and stored.state = written.leaves_state
    and stored.try_number = written.leaves_try_number
    and (written.attempt_id is null or written.attempt_id = stored.attempt_id
         or written.try_number > stored.try_number
         or stored.waiting_since is not null)`;
const FIND_INSTANCES = `
  select task_id, map_index, state, try_number from task_instance
  where dag_run_id = $1 and (task_id, map_index) in (select * from unnest($2::text[], $3::bigint[]))`;
const DELETE_XCOMS = `
  delete from xcom
  where dag_run_id = $1 and (task_id, map_index) in (select * from unnest($2::text[], $3::bigint[]))`;
const DELETE_INSTANCES = `
  delete from task_instance
  where dag_run_id = $1 and (task_id, map_index) in (select * from unnest($2::text[], $3::bigint[]))`;

/**
 * Removes, inserts and updates within the pass's transaction, which is this revision of the run.
 * @throws AbandonedPass `rejected`
 */
export async function writeInstances(client: ClientBase, pass: PassWrite, revision: number): Promise<void> {
  await removeInstances(client, pass);
  await insertInstances(client, pass, revision);
  await updateInstances(client, pass, revision);
}

async function removeInstances(client: ClientBase, { runId, removed }: PassWrite): Promise<void> {
  if (removed.length === 0) return;
  const values = [runId, removed.map((id) => id.taskId), removed.map((id) => id.mapIndex)];
  await client.query({ name: "pass_delete_xcoms", text: DELETE_XCOMS, values });
  await client.query({ name: "pass_delete_instances", text: DELETE_INSTANCES, values });
}

async function insertInstances(
  client: ClientBase,
  { runId, instances }: PassWrite,
  revision: number,
): Promise<void> {
  const inserts = instances.filter((write) => write.leaves === null);
  await inChunks(inserts, async (chunk) => {
    // Which rows stood in the way could not be told from the ones inserted beside them, so it is asked
    // only when there were any, in a statement that sees the table as it was.
    const { rowCount } = await client.query({
      name: "pass_insert_instances",
      text: INSERT_INSTANCES,
      values: [runId, ...columnsOf(chunk), revision],
    });
    if (rowCount === chunk.length) return;
    await client.query("rollback");
    const stored = await findInstances(client, runId, inserts);
    throw new AbandonedPass({
      kind: "rejected",
      instances: idsWhere(inserts, (id) => stored.has(instanceKey(id))),
    });
  });
}

async function updateInstances(
  client: ClientBase,
  { runId, instances }: PassWrite,
  revision: number,
): Promise<void> {
  const updates = instances.filter((write) => write.leaves !== null);
  await inChunks(updates, async (chunk) => {
    const { rowCount } = await client.query({
      name: "pass_update_instances",
      text: UPDATE_INSTANCES,
      values: [
        runId,
        ...columnsOf(chunk),
        revision,
        chunk.map((write) => write.leaves?.state),
        chunk.map((write) => write.leaves?.tryNumber),
      ],
    });
    if (rowCount === chunk.length) return;
    await client.query("rollback");
    const stored = await findInstances(client, runId, updates);
    throw new AbandonedPass({
      kind: "rejected",
      instances: idsWhere(updates, (id, { leaves }) => {
        const row = stored.get(instanceKey(id));
        return row?.state !== leaves?.state || row?.try_number !== leaves?.tryNumber;
      }),
    });
  });
}

/** A list for each of {@link COLUMNS}. */
function columnsOf(writes: readonly TaskInstanceWrite[]): ColumnValue[][] {
  const columns: ColumnValue[][] = COLUMNS.map(() => []);
  for (const { instance } of writes) {
    const row = [instance.taskId, instance.mapIndex, ...instanceValues(instance)];
    for (let index = 0; index < row.length; index++) columns[index]?.push(row[index] ?? null);
  }
  return columns;
}

interface StoredInstance {
  readonly task_id: string;
  readonly map_index: number;
  readonly state: string;
  readonly try_number: number;
}

async function findInstances(
  client: ClientBase,
  runId: number,
  writes: readonly TaskInstanceWrite[],
): Promise<Map<string, StoredInstance>> {
  const { rows } = await client.query<StoredInstance>(FIND_INSTANCES, [
    runId,
    writes.map((write) => write.instance.taskId),
    writes.map((write) => write.instance.mapIndex),
  ]);
  return new Map(rows.map((row) => [instanceKey({ taskId: row.task_id, mapIndex: row.map_index }), row]));
}

function idsWhere(
  writes: readonly TaskInstanceWrite[],
  holds: (id: TaskInstanceId, write: TaskInstanceWrite) => boolean,
): TaskInstanceId[] {
  return writes
    .filter((write) => holds(write.instance, write))
    .map(({ instance: { taskId, mapIndex } }) => ({ taskId, mapIndex }));
}
