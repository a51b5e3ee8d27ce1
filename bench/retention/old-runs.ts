// Ended runs for a benchmark, and the plainest code that deletes them.

import Database from "better-sqlite3";
import { Client } from "pg";
import type { BenchDatabase } from "../harness/databases.ts";

const DAY = 86_400_000;

const OLD = "dag_id = 'old'";

/** Makes runs that ended a day ago, each with instances and XComs, and a later one that stays. */
export async function fillWithRuns(
  database: BenchDatabase,
  versionId: number,
  runs: number,
  instances: number,
): Promise<void> {
  const endedAt = Date.now() - DAY;
  const count = (name: string, last: number) =>
    `${name}(i) as (select 1 union all select i + 1 from ${name} where i < ${last})`;
  const mine = `mine as (select id from dag_run where ${OLD})`;
  await execute(
    database,
    `delete from task_instance where dag_run_id in (select id from dag_run where ${OLD});
    delete from xcom where dag_run_id in (select id from dag_run where ${OLD});
    delete from dag_run where ${OLD};
    insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode,
        created_at, started_at, ended_at)
      with recursive ${count("n", runs + 1)}
      select 'default', 'old', 'run' || i, 'manual', ${versionId}, 'success', '{}', '{}', 'use',
        ${endedAt} + i, ${endedAt} + i, ${endedAt} + i from n order by i;
    insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, cache_key)
      with recursive ${count("m", instances)}, ${mine}
      select mine.id, 'task', m.i - 1, 'success', 1, 1, 'key' from mine, m;
    insert into xcom (dag_run_id, task_id, map_index, key, team, store, stored_digest, size_bytes)
      with recursive ${count("m", instances)}, ${mine}
      select mine.id, 'task', m.i - 1, 'return_value', 'default', 'elsewhere', mine.id || '-' || m.i, 100 from mine, m`,
  );
}

/** The tables with rows of these runs. */
const TABLES = ["task_instance", "xcom"];

/** Deletes the runs at once, in one transaction. */
export async function deletePlainly(database: BenchDatabase): Promise<void> {
  const deletes = TABLES.map(
    (table) => `delete from ${table} where dag_run_id in (select id from dag_run where ${OLD})`,
  );
  await execute(database, ["begin", ...deletes, `delete from dag_run where ${OLD}`, "commit"].join(";"));
}

/** How many there are. */
export async function countRuns({ metastore }: BenchDatabase): Promise<number> {
  return (await metastore.runs.listRuns({ dagId: "old", limit: 10 })).length;
}

async function execute({ dialect, location }: BenchDatabase, sql: string): Promise<void> {
  if (dialect === "sqlite") {
    const file = new Database(location);
    file.exec(sql);
    file.close();
    return;
  }
  const client = new Client({ connectionString: location });
  await client.connect();
  await client.query(sql);
  await client.end();
}
