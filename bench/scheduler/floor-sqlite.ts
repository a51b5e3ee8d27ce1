// The floor of a fully cached run on SQLite: the same hashing, reads and writes with the bare driver.

import { hash } from "node:crypto";
import Database from "better-sqlite3";

interface StoredRecord {
  readonly key: string;
  readonly task_id: string;
  readonly components: string;
  readonly xcoms: string;
}

interface FoundRecord {
  readonly task_id: string;
  readonly producer_map_index: number;
  readonly key: string;
  readonly xcoms: string;
  readonly duration_ms: number;
}

/** Prepares the floor for the records of one Dag; each call is one run. Resolves to its milliseconds. */
export function openSqliteFloor(path: string, dagId: string): { run(): Promise<number>; close(): void } {
  const db = new Database(path);
  db.pragma("synchronous = NORMAL");
  db.pragma("foreign_keys = ON");
  const components = db
    .prepare("select key, task_id, components, xcoms from cache_record where dag_id = ?")
    .all(dagId) as StoredRecord[];
  const version = db.prepare("select max(id) from dag_version where dag_id = ?").pluck().get(dagId);
  const find = db.prepare(
    "select key, task_id, producer_map_index, xcoms, created_at, duration_ms from cache_record where team = ? and key in (select value from json_each(?))",
  );
  const read = db.prepare(
    "select digest, bytes from result where team = ? and digest in (select value from json_each(?))",
  );
  const insertRun = db.prepare(
    `insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode, created_at)
     values ('default', ?, ?, 'manual', ?, 'success', '{}', '{}', 'use', ?)`,
  );
  const insertInstance = db.prepare(
    `insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, cache_status, cache_key,
       producer_run_id, producer_map_index, producer_try_number, started_at, ended_at, duration_ms, saved_ms)
     values (?, ?, ?, 'success', 0, 1, 'hit', ?, 'run', -1, 1, ?, ?, 0, ?)`,
  );
  const insertXCom = db.prepare(
    `insert into xcom (dag_run_id, task_id, map_index, key, team, digest, size_bytes)
     values (?, ?, ?, 'return_value', 'default', ?, ?)`,
  );
  let count = 0;
  const run = async (): Promise<number> => {
    const startedAt = performance.now();
    // The stored text is not the canonical one, so its hash stands for the work and not for the key.
    const keys = components.map(({ key, components: text }) => (hash("sha256", text, "hex") ? key : ""));
    const found: FoundRecord[] = [];
    for (let from = 0; from < keys.length; from += 500) {
      found.push(...(find.all("default", JSON.stringify(keys.slice(from, from + 500))) as typeof found));
    }
    const hits = found.map((record) => {
      const [xcom] = JSON.parse(record.xcoms) as { digest: string; sizeBytes: number }[];
      return { ...record, digest: xcom?.digest ?? "", sizeBytes: xcom?.sizeBytes ?? 0 };
    });
    const digests = hits.map((hit) => hit.digest);
    for (let from = 0; from < digests.length; from += 500) {
      const rows = read.all("default", JSON.stringify(digests.slice(from, from + 500))) as {
        digest: string;
        bytes: Buffer;
      }[];
      for (const row of rows) if (hash("sha256", row.bytes, "hex") !== row.digest) throw new Error("damaged");
    }
    if (hits.length !== components.length) throw new Error("the floor missed");
    db.transaction(() => {
      const now = Date.now();
      const { lastInsertRowid } = insertRun.run(dagId, `floor-${(count += 1)}-${startedAt}`, version, now);
      for (const hit of hits) {
        const { task_id: taskId, producer_map_index: mapIndex } = hit;
        insertInstance.run(lastInsertRowid, taskId, mapIndex, hit.key, now, now, hit.duration_ms);
        insertXCom.run(lastInsertRowid, taskId, mapIndex, hit.digest, hit.sizeBytes);
      }
    }).immediate();
    return performance.now() - startedAt;
  };
  return { run, close: () => db.close() };
}
