// The floor of a fully cached run on PostgreSQL: the same hashing, reads and writes with the bare driver.

import { hash } from "node:crypto";
import { Client } from "pg";

interface StoredRecord {
  readonly key: string;
  readonly task_id: string;
  readonly producer_map_index: number;
  readonly components: string;
  readonly xcoms: string;
  readonly duration_ms: number;
}

/** Prepares the floor for the records of one Dag; each call is one run. Resolves to its milliseconds. */
export async function openPostgresFloor(
  url: string,
  dagId: string,
): Promise<{ run(): Promise<number>; close(): Promise<void> }> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows: components } = await client.query<StoredRecord>(
    "select key, task_id, producer_map_index, components, xcoms, duration_ms from cache_record where dag_id = $1",
    [dagId],
  );
  const { rows: versions } = await client.query<{ id: string }>(
    "select max(id) as id from dag_version where dag_id = $1",
    [dagId],
  );
  let count = 0;
  const run = async (): Promise<number> => {
    const startedAt = performance.now();
    // The stored text is not the canonical one, so its hash stands for the work and not for the key.
    const keys = components.map(({ key, components: text }) => (hash("sha256", text, "hex") ? key : ""));
    const found: StoredRecord[] = [];
    for (let from = 0; from < keys.length; from += 500) {
      const { rows } = await client.query<StoredRecord>({
        name: "find",
        text: "select key, task_id, producer_map_index, xcoms, created_at, duration_ms from cache_record where team = $1 and key = any($2)",
        values: ["default", keys.slice(from, from + 500)],
      });
      found.push(...rows);
    }
    const hits = found.map((record) => {
      const [xcom] = JSON.parse(record.xcoms) as { digest: string; sizeBytes: number }[];
      return { ...record, digest: xcom?.digest ?? "", sizeBytes: xcom?.sizeBytes ?? 0 };
    });
    const digests = hits.map((hit) => hit.digest);
    for (let from = 0; from < digests.length; from += 500) {
      const { rows } = await client.query<{ digest: string; bytes: Buffer }>({
        name: "read",
        text: "select digest, bytes from result where team = $1 and digest = any($2)",
        values: ["default", digests.slice(from, from + 500)],
      });
      for (const row of rows) if (hash("sha256", row.bytes, "hex") !== row.digest) throw new Error("damaged");
    }
    if (hits.length !== components.length) throw new Error("the floor missed");
    const mapIndexes = hits.map((hit) => hit.producer_map_index);
    const now = Date.now();
    await client.query("begin");
    const { rows: inserted } = await client.query<{ id: string }>(
      `insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode, created_at)
       values ('default', $1, $2, 'manual', $3, 'success', '{}', '{}', 'use', $4) returning id`,
      [dagId, `floor-${(count += 1)}-${startedAt}`, versions[0]?.id, now],
    );
    await client.query(
      `insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, cache_status, cache_key,
         producer_run_id, producer_map_index, producer_try_number, started_at, ended_at, duration_ms, saved_ms)
       select $1, task_id, map_index, 'success', 0, 1, 'hit', key, 'run', -1, 1, $2, $2, 0, saved
       from unnest($3::text[], $4::int[], $5::text[], $6::float8[]) as t (task_id, map_index, key, saved)`,
      [
        inserted[0]?.id,
        now,
        hits.map((hit) => hit.task_id),
        mapIndexes,
        hits.map((hit) => hit.key),
        hits.map((hit) => hit.duration_ms),
      ],
    );
    await client.query(
      `insert into xcom (dag_run_id, task_id, map_index, key, team, digest, size_bytes)
       select $1, task_id, map_index, 'return_value', 'default', digest, size
       from unnest($2::text[], $3::int[], $4::text[], $5::bigint[]) as t (task_id, map_index, digest, size)`,
      [
        inserted[0]?.id,
        hits.map((hit) => hit.task_id),
        mapIndexes,
        digests,
        hits.map((hit) => hit.sizeBytes),
      ],
    );
    await client.query("commit");
    return performance.now() - startedAt;
  };
  return { run, close: () => client.end() };
}
