// Writes what a pass decided, on PostgreSQL: all of it or nothing.

import { writeTaskSums, type PassOutcome, type PassWrite } from "@memodag/core";
import type { ClientBase } from "pg";
import type { PassOptions } from "../dialect.ts";
import { AbandonedPass } from "../abandoned-pass.ts";
import { writeEntries } from "../entries/write-entries.ts";
import { writeTransactions } from "../run-transactions.ts";
import { storableText } from "../storable-text.ts";
import { placeOf } from "../rows/xcom-row.ts";
import { owedCallbackBody } from "../rows/owed-callback-row.ts";
import { now, NOW_MS } from "./clock.ts";
import { isForeignKeyViolation, type PostgresConnection } from "./connection.ts";
import { inChunks } from "./in-chunks.ts";
import { lockPlaces } from "./lock-places.ts";
import { restoredRows } from "./restored-rows.ts";
import { writeActiveTasks } from "./write-active-tasks.ts";
import { writeInstances } from "./write-instances.ts";
import { writeTries } from "./write-tries.ts";

const UPSERT_XCOMS = `
  insert into xcom (dag_run_id, team, task_id, map_index, key, digest, size_bytes, store, stored_digest)
  select $1, $2, * from unnest($3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[])
  on conflict (dag_run_id, task_id, map_index, key)
  do update set team = excluded.team, digest = excluded.digest, size_bytes = excluded.size_bytes,
    store = excluded.store, stored_digest = excluded.stored_digest`;
const INSERT_CALLBACKS = `
  insert into owed_callback (id, dag_run_id, body, owner, expires_at, created_at, after_id, rolls_back)
  select id, $1, body, $2, ${NOW_MS} + $3, ${NOW_MS}, after_id, rolls_back
  from unnest($4::text[], $5::text[], $6::text[], $7::text[]) as owed (id, body, after_id, rolls_back)`;
// Locks the run first, so that passes of one run, and manual changes, take turns.
const FIND_RUN =
  "select team, dag_id, state, lease_owner, hand_count, revision from dag_run where id = $1 for no key update";
const UPDATE_RUN = `
  update dag_run set state = $2, started_at = $3, ended_at = $4, processes_spawned = $5, lookups = $6,
    bytes_moved = coalesce($7::bigint, bytes_moved), revision = $8,
    removal_revision = case when $9 then $8 else removal_revision end
  where id = $1`;
// Nothing runs of a run that its holder brings to its end: the lease ends with it.
const END_RUN = `
  with ended as (
    update dag_run set lease_owner = null, lease_expires_at = null,
      hits = $2, ran = $3, failed = $4, saved_ms = $5, worked_ms = $6
    where id = $1)
  insert into run_summary (dag_run_id, tasks) select $1, $7::text where $7::text is not null
  on conflict (dag_run_id) do update set tasks = excluded.tasks`;
const MISSING_BYTES = `
  select distinct wanted.digest from unnest($2::text[]) as wanted (digest)
  where not exists (select 1 from result where team = $1 and digest = wanted.digest)`;

/** Writes a pass; see the port. A trial comes to the same, and leaves nothing written. */
export async function writePass(
  connection: PostgresConnection,
  pass: PassWrite,
  options: PassOptions = {},
): Promise<PassOutcome> {
  const outcome = await tryWritePass(connection, pass, options);
  // Bytes that were collected while others wrote them are there again.
  const isRace = outcome.kind === "bytes_missing" && outcome.digests.length === 0;
  return isRace ? await tryWritePass(connection, pass, options) : outcome;
}

async function tryWritePass(
  connection: PostgresConnection,
  pass: PassWrite,
  options: PassOptions,
): Promise<PassOutcome> {
  try {
    return await connection.transaction(async (client) => {
      const run = await writeRun(client, pass);
      await writeInstances(client, pass, run.revision + 1);
      await writeTries(client, pass);
      await writeXComs(client, pass, run.team);
      await writeOwedCallbacks(client, pass);
      await writeActiveTasks(client, pass, run);
      const saved = pass.entries
        ? await connection.runWithin(
            client,
            writeEntries(
              {
                kysely: connection.kysely,
                now,
                lockPlaces: (places) => lockPlaces(connection, places),
                restoredRows,
              },
              pass.runId,
              pass.entries,
            ),
          )
        : [];
      await connection.runWithin(client, writeTransactions(connection, pass, saved));
      if (options.isTrial) throw new AbandonedPass({ kind: "written" });
      return { kind: "written", ...(saved.length > 0 && { saved }) };
    });
  } catch (error) {
    if (error instanceof AbandonedPass) return error.outcome;
    if (isForeignKeyViolation(error)) return await bytesMissing(connection, pass);
    throw error;
  }
}

async function writeRun(client: ClientBase, pass: PassWrite): Promise<RunGuard> {
  const { runId, owner, run, handCount, removed } = pass;
  const { rows } = await client.query<RunGuard>({
    name: "pass_find_run",
    text: FIND_RUN,
    values: [runId],
  });
  const row = rows[0];
  if (row === undefined || !mayWrite(row, owner)) throw new AbandonedPass({ kind: "lease_lost" });
  const isChanged = handCount !== undefined && row.hand_count !== handCount;
  if (isChanged || row.state !== run.leaves) throw new AbandonedPass({ kind: "rejected", instances: [] });
  await client.query({
    name: "pass_update_run",
    text: UPDATE_RUN,
    values: [
      runId,
      run.state,
      run.startedAt,
      run.endedAt,
      run.processesSpawned,
      run.lookups,
      run.bytesMoved ?? null,
      row.revision + 1,
      removed.length > 0,
    ],
  });
  if (run.endedAt !== null) await endRun(client, pass);
  return row;
}

async function endRun(client: ClientBase, { runId, sums }: PassWrite): Promise<void> {
  const { hits, ran, failed, savedMs, workedMs } = sums?.run ?? {};
  const tasks = sums && writeTaskSums(sums.tasks);
  const values = [runId, hits, ran, failed, savedMs, workedMs, tasks].map((value) => value ?? null);
  await client.query({ name: "pass_end_run", text: END_RUN, values });
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

async function writeXComs(client: ClientBase, { runId, xcoms }: PassWrite, team: string): Promise<void> {
  if (xcoms.length === 0) return;
  await inChunks(xcoms, async (chunk) => {
    const places = chunk.map(placeOf);
    await client.query({
      name: "pass_upsert_xcoms",
      text: UPSERT_XCOMS,
      values: [
        runId,
        team,
        chunk.map((xcom) => xcom.taskId),
        chunk.map((xcom) => xcom.mapIndex),
        chunk.map((xcom) => storableText(xcom.key)),
        places.map(({ digest }) => digest),
        chunk.map((xcom) => xcom.sizeBytes),
        places.map(({ store }) => store),
        places.map(({ stored_digest }) => stored_digest),
      ],
    });
  });
}

async function writeOwedCallbacks(client: ClientBase, { runId, owner, callbacks }: PassWrite): Promise<void> {
  if (!callbacks) return;
  const { owed, leaseMs } = callbacks;
  await client.query({
    name: "pass_insert_callbacks",
    text: INSERT_CALLBACKS,
    values: [
      runId,
      owner,
      leaseMs,
      owed.map(({ id }) => id),
      owed.map(owedCallbackBody),
      owed.map(({ after = null }) => after),
      owed.map(({ rollsBack = null }) => rollsBack),
    ],
  });
}

async function bytesMissing({ pool }: PostgresConnection, { runId, xcoms }: PassWrite): Promise<PassOutcome> {
  const run = await pool.query<RunGuard>(FIND_RUN.replace("for no key update", ""), [runId]);
  const awaited = xcoms.flatMap((xcom) => placeOf(xcom).digest ?? []);
  const { rows } = await pool.query<{ digest: string }>(MISSING_BYTES, [run.rows[0]?.team, awaited]);
  return { kind: "bytes_missing", digests: rows.map((row) => row.digest) };
}
