// A cache that has an entry for every key that it is asked for: a run over it fills a database with results
// much faster than one that executes, and its rows say which keys were asked for.

import { canonicalBytes, sha256, type Digest } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import type { FoundRecord } from "@memodag/result-cache";

/** Results of so many bytes, and some more that differ with the key. */
export function pretendCache(
  { records, results }: Pick<Metastore, "records" | "results">,
  sizeBytes: number,
): Pick<Metastore, "records" | "results"> {
  const text = "x".repeat(sizeBytes);
  const keyOf = new Map<Digest, Digest>();
  const bytesOf = (key: Digest): Uint8Array => canonicalBytes({ key, text });
  return {
    records: Object.assign(Object.create(records) as typeof records, {
      find: async (team: string, keys: readonly Digest[]): Promise<Map<Digest, FoundRecord>> =>
        new Map(
          keys.map((key) => {
            const bytes = bytesOf(key);
            const digest = sha256(bytes);
            keyOf.set(digest, key);
            return [
              key,
              {
                team,
                key,
                xcoms: [{ key: "return_value", digest, sizeBytes: bytes.length }],
                error: null,
                producer: { runId: "pretended", mapIndex: -1, tryNumber: 1 },
                ageMs: 1,
                durationMs: 1_000,
                createdAt: 1,
              } as FoundRecord,
            ];
          }),
        ),
      touch: async () => undefined,
    }),
    results: Object.assign(Object.create(results) as typeof results, {
      read: async (_team: string, digests: readonly Digest[]): Promise<Map<Digest, Uint8Array>> =>
        new Map(digests.map((digest) => [digest, bytesOf(keyOf.get(digest) ?? "")])),
    }),
  };
}

/** Makes records of what a run over {@link pretendCache} took for hits, on either database. */
export const RECORD_HITS = `
  insert into cache_record (team, key, dag_id, task_id, source_hash, components, xcoms, result_digest, size_bytes,
    producer_run_id, producer_map_index, producer_try_number, duration_ms, created_at, hit_count)
  select 'default', ti.cache_key, r.dag_id, ti.task_id, 'bench', '{"v":2}',
    '[{"key":"return_value","digest":"' || x.digest || '","sizeBytes":' || x.size_bytes || '}]',
    x.digest, x.size_bytes, r.run_id, ti.map_index, 1, 1000, ti.ended_at, 0
  from task_instance ti
  join dag_run r on r.id = ti.dag_run_id
  join xcom x on x.dag_run_id = ti.dag_run_id and x.task_id = ti.task_id and x.map_index = ti.map_index
  where ti.cache_key is not null and not exists (select 1 from cache_record c where c.key = ti.cache_key)`;
