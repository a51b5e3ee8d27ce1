// Writes the task instances of a pass, on SQLite, each guarded by the state that it leaves.

import type { PassWrite, TaskInstanceId, TaskInstanceWrite } from "@memodag/core";
import { AbandonedPass } from "../abandoned-pass.ts";
import { INSTANCE_ID_COLUMNS, INSTANCE_VALUE_COLUMNS, instanceValues } from "../rows/task-instance-row.ts";
import type { SqliteConnection, SqliteStatement } from "./connection.ts";

const COLUMNS = [...INSTANCE_ID_COLUMNS, ...INSTANCE_VALUE_COLUMNS];

// A prepared statement a row, in a loop inside one transaction: SQLite has no round trips to save, and
// with this many columns binding them beats taking them out of one JSON text by far.
const INSERT_INSTANCE = `
  insert into task_instance (dag_run_id, ${COLUMNS.join(", ")}, revision)
  values (?${", ?".repeat(COLUMNS.length)}, ?) on conflict do nothing`;
// The last condition: a try has one attempt and never gets another, whatever a scheduler may believe;
// one that waits for something has one after the other.
const UPDATE_INSTANCE = `
  update task_instance set ${INSTANCE_VALUE_COLUMNS.map((name) => `${name} = ?`).join(", ")}, revision = ?
  where dag_run_id = ? and task_id = ? and map_index = ? and state = ? and try_number = ?
    and (? is null or ? = attempt_id or ? > try_number or waiting_since is not null)`;
const DELETE_INSTANCE = "delete from task_instance where dag_run_id = ? and task_id = ? and map_index = ?";
const DELETE_XCOMS = "delete from xcom where dag_run_id = ? and task_id = ? and map_index = ?";

function removeInstances(connection: SqliteConnection, { runId, removed }: PassWrite): void {
  for (const { taskId, mapIndex } of removed) {
    connection.statement(DELETE_XCOMS).run(runId, taskId, mapIndex);
    connection.statement(DELETE_INSTANCE).run(runId, taskId, mapIndex);
  }
}

/**
 * Removes, inserts and updates within the pass's transaction, which is this revision of the run.
 * @throws AbandonedPass `rejected`
 */
export function writeInstances(connection: SqliteConnection, pass: PassWrite, revision: number): void {
  const { runId, instances } = pass;
  removeInstances(connection, pass);
  const statements = {
    insert: connection.statement(INSERT_INSTANCE),
    update: connection.statement(UPDATE_INSTANCE),
  };
  const rejected: TaskInstanceId[] = [];
  for (const write of instances) {
    if (!writeInstance(statements, { runId, revision }, write)) {
      rejected.push({ taskId: write.instance.taskId, mapIndex: write.instance.mapIndex });
    }
  }
  if (rejected.length > 0) throw new AbandonedPass({ kind: "rejected", instances: rejected });
}

interface InstanceStatements {
  readonly insert: SqliteStatement;
  readonly update: SqliteStatement;
}

function writeInstance(
  { insert, update }: InstanceStatements,
  { runId, revision }: { readonly runId: number; readonly revision: number },
  { instance, leaves }: TaskInstanceWrite,
): boolean {
  const { taskId, mapIndex } = instance;
  const values = instanceValues(instance);
  if (leaves === null) {
    return insert.run([runId, taskId, mapIndex, ...values, revision]).changes === 1;
  }
  const { attemptId, tryNumber } = instance;
  const where = [runId, taskId, mapIndex, leaves.state, leaves.tryNumber, attemptId, attemptId, tryNumber];
  const { changes } = update.run([...values, revision, ...where]);
  return changes === 1;
}
