// Writes the tries that a pass queues or ends, on PostgreSQL: a statement for each kind.

import type { PassWrite } from "@memodag/core";
import type { ClientBase } from "pg";
import { storableText } from "../storable-text.ts";
import { inChunks } from "./in-chunks.ts";

// A record for people, on which nothing depends: what is there already stays, and what is missing is not ended.
const INSERT_TRIES = `
  insert into task_attempt (dag_run_id, task_id, map_index, try_number, ready_at, queued_at)
  select $1, * from unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
  on conflict do nothing`;
const END_TRIES = `
  update task_attempt as stored
  set started_at = ended.started_at, ended_at = ended.ended_at, outcome = ended.outcome,
    error_code = ended.error_code, error_message = ended.error_message, worker = ended.worker
  from unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[],
      $10::text[])
    as ended (task_id, map_index, try_number, started_at, ended_at, outcome, error_code, error_message, worker)
  where stored.dag_run_id = $1 and stored.task_id = ended.task_id and stored.map_index = ended.map_index
    and stored.try_number = ended.try_number`;

/** Writes them within the pass's transaction. */
export async function writeTries(client: ClientBase, { runId, tries }: PassWrite): Promise<void> {
  const textOf = (text: string | undefined | null) =>
    text === undefined || text === null ? null : storableText(text);
  await inChunks(tries?.ended ?? [], async (chunk) => {
    await client.query({
      name: "pass_end_tries",
      text: END_TRIES,
      values: [
        runId,
        chunk.map(({ taskId }) => taskId),
        chunk.map(({ mapIndex }) => mapIndex),
        chunk.map(({ tryNumber }) => tryNumber),
        chunk.map(({ startedAt }) => startedAt),
        chunk.map(({ endedAt }) => endedAt),
        chunk.map(({ outcome }) => outcome),
        chunk.map(({ error }) => textOf(error?.code)),
        chunk.map(({ error }) => textOf(error?.message)),
        chunk.map(({ worker }) => textOf(worker)),
      ],
    });
  });
  await inChunks(tries?.queued ?? [], async (chunk) => {
    await client.query({
      name: "pass_insert_tries",
      text: INSERT_TRIES,
      values: [
        runId,
        chunk.map(({ taskId }) => taskId),
        chunk.map(({ mapIndex }) => mapIndex),
        chunk.map(({ tryNumber }) => tryNumber),
        chunk.map(({ readyAt }) => readyAt),
        chunk.map(({ queuedAt }) => queuedAt),
      ],
    });
  });
}
