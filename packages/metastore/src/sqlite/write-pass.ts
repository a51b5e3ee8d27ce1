// Writes what a pass decided, on SQLite: all of it or nothing.

import { writeTaskSums, type PassOutcome, type PassWrite } from "@memodag/core";
import type { PassOptions } from "../dialect.ts";
import { AbandonedPass } from "../abandoned-pass.ts";
import { writeEntries } from "../entries/write-entries.ts";
import { writeTransactions } from "../run-transactions.ts";
import { storableText } from "../storable-text.ts";
import { placeOf } from "../rows/xcom-row.ts";
import { owedCallbackBody } from "../rows/owed-callback-row.ts";
import { now, NOW_MS } from "./clock.ts";
import { isForeignKeyViolation, isPrimaryKeyViolation, type SqliteConnection } from "./connection.ts";
import { lockPlaces } from "./lock-places.ts";
import { restoredRows } from "./restored-rows.ts";
import { writeActiveTasks } from "./write-active-tasks.ts";
import { writeInstances } from "./write-instances.ts";
import { writeTries } from "./write-tries.ts";

const INSERT_XCOM = `
  insert into xcom (dag_run_id, task_id, map_index, key, team, digest, size_bytes, store, stored_digest)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const UPSERT_XCOM = `${INSERT_XCOM}
  on conflict (dag_run_id, task_id, map_index, key)
  do update set team = excluded.team, digest = excluded.digest, size_bytes = excluded.size_bytes,
    store = excluded.store, stored_digest = excluded.stored_digest`;
const INSERT_CALLBACK = `
  insert into owed_callback (id, dag_run_id, body, owner, expires_at, created_at, after_id, rolls_back)
  values (?, ?, ?, ?, ${NOW_MS} + ?, ${NOW_MS}, ?, ?)`;
const FIND_RUN = "select team, dag_id, state, lease_owner, hand_count, revision from dag_run where id = ?";
const UPDATE_RUN = `
  update dag_run set state = ?, started_at = ?, ended_at = ?, processes_spawned = ?, lookups = ?,
    bytes_moved = coalesce(?, bytes_moved), revision = ?,
    removal_revision = case when ? then ? else removal_revision end
  where id = ?`;
// Nothing runs of a run that its holder brings to its end: the lease ends with it.
const END_RUN = `
  update dag_run set lease_owner = null, lease_expires_at = null,
    hits = ?, ran = ?, failed = ?, saved_ms = ?, worked_ms = ?
  where id = ?`;
const UPSERT_SUMMARY = `
  insert into run_summary (dag_run_id, tasks) values (?, ?)
  on conflict (dag_run_id) do update set tasks = excluded.tasks`;
const MISSING_BYTES = `
  select distinct value from json_each(?) as wanted
  where not exists (select 1 from result where team = ? and digest = wanted.value)`;

/** Writes a pass; see the port. A trial comes to the same, and leaves nothing written. */
export async function writePass(
  connection: SqliteConnection,
  pass: PassWrite,
  options: PassOptions = {},
): Promise<PassOutcome> {
  try {
    return await connection.transaction(() => {
      const run = writeRun(connection, pass);
      writeInstances(connection, pass, run.revision + 1);
      writeTries(connection, pass);
      writeXComs(connection, pass, run.team);
      writeOwedCallbacks(connection, pass);
      writeActiveTasks(connection, pass, run);
      const saved = pass.entries
        ? connection.runWithin(
            writeEntries(
              { kysely: connection.kysely, now, lockPlaces, restoredRows },
              pass.runId,
              pass.entries,
            ),
          )
        : [];
      connection.runWithin(writeTransactions(connection, pass, saved));
      if (options.isTrial) throw new AbandonedPass({ kind: "written" });
      return { kind: "written", ...(saved.length > 0 && { saved }) };
    });
  } catch (error) {
    if (error instanceof AbandonedPass) return error.outcome;
    throw error;
  }
}

function writeRun(connection: SqliteConnection, pass: PassWrite): RunGuard {
  const { runId, owner, run, handCount, removed } = pass;
  const row = connection.statement(FIND_RUN).get(runId) as RunGuard | undefined;
  if (row === undefined || !mayWrite(row, owner)) throw new AbandonedPass({ kind: "lease_lost" });
  const isChanged = handCount !== undefined && row.hand_count !== handCount;
  if (isChanged || row.state !== run.leaves) throw new AbandonedPass({ kind: "rejected", instances: [] });
  connection
    .statement(UPDATE_RUN)
    .run(
      run.state,
      run.startedAt,
      run.endedAt,
      run.processesSpawned,
      run.lookups,
      run.bytesMoved ?? null,
      row.revision + 1,
      removed.length,
      row.revision + 1,
      runId,
    );
  if (run.endedAt !== null) endRun(connection, pass);
  return row;
}

function endRun(connection: SqliteConnection, { runId, sums }: PassWrite): void {
  const { hits, ran, failed, savedMs, workedMs } = sums?.run ?? {};
  connection
    .statement(END_RUN)
    .run(hits ?? null, ran ?? null, failed ?? null, savedMs ?? null, workedMs ?? null, runId);
  if (sums) connection.statement(UPSERT_SUMMARY).run(runId, writeTaskSums(sums.tasks));
}

/** A run that has ended has no holder: a writer finds that its state is different. */
function mayWrite({ state, lease_owner: holder }: RunGuard, owner: string): boolean {
  return holder === owner || (holder === null && state !== "queued" && state !== "running");
}

interface RunGuard {
  readonly team: string;
  readonly dag_id: string;
  readonly state: string;
  readonly lease_owner: string | null;
  readonly hand_count: number;
  readonly revision: number;
}

function writeXComs(connection: SqliteConnection, { runId, xcoms }: PassWrite, team: string): void {
  const insert = connection.statement(INSERT_XCOM);
  try {
    for (const xcom of xcoms) {
      const { taskId, mapIndex, key, sizeBytes } = xcom;
      const { digest, store, stored_digest } = placeOf(xcom);
      const row = [runId, taskId, mapIndex, storableText(key), team, digest, sizeBytes, store, stored_digest];
      try {
        insert.run(row);
      } catch (error) {
        // Rare enough to pay for when it happens: an upsert of every row takes a fifth longer.
        if (!isPrimaryKeyViolation(error)) throw error;
        connection.statement(UPSERT_XCOM).run(row);
      }
    }
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
    const wanted = JSON.stringify(xcoms.flatMap((xcom) => placeOf(xcom).digest ?? []));
    const missing = connection.statement(MISSING_BYTES).pluck().all(wanted, team) as string[];
    throw new AbandonedPass({ kind: "bytes_missing", digests: missing });
  }
}

function writeOwedCallbacks(connection: SqliteConnection, { runId, owner, callbacks }: PassWrite): void {
  for (const callback of callbacks?.owed ?? []) {
    const { id, after = null, rollsBack = null } = callback;
    connection
      .statement(INSERT_CALLBACK)
      .run(id, runId, owedCallbackBody(callback), owner, callbacks?.leaseMs, after, rollsBack);
  }
}
