// Ended runs for tests of retention, many at a time, written past the stores.

import { sha256, type DagRun, type SerializedTask } from "@memodag/core";
import { saveDag } from "./saved-dags.ts";
import type { TestMetastore } from "./test-databases.ts";

/** How many runs, and their contents. */
export interface EndedRunOptions {
  readonly team?: string;
  readonly runs?: number;
  /** Instances of each, each with an XCom. */
  readonly instances?: number;
  /** Milliseconds since the end of the first; each later one ended one millisecond later. */
  readonly endedAgo?: number;
  /** Run ids begin with this. */
  readonly prefix?: string;
  readonly state?: "success" | "failed";
  /** Tasks of the Dag. */
  readonly tasks?: readonly SerializedTask[];
}

/** A value that every XCom has. */
const SHARED = new TextEncoder().encode('"shared"');

/** Makes a Dag with runs that have ended, and returns them, the oldest first. */
export async function endRuns(
  metastore: TestMetastore,
  dagId: string,
  options: EndedRunOptions = {},
): Promise<DagRun[]> {
  const { team = "red", runs = 1, instances = 2, endedAgo = 0, prefix = "run", state = "success" } = options;
  const versionId = await saveDag(metastore, dagId, team, { tasks: options.tasks ?? [] });
  const shared = { digest: sha256(SHARED), bytes: SHARED };
  await metastore.results.write(team, [shared]);
  const startAt = (await metastore.readClock()) - endedAgo;
  const count = (name: string, last: number) =>
    `${name}(i) as (select 1 union all select i + 1 from ${name} where i < ${last})`;
  await metastore.execute(`
    insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode,
      created_at, started_at, ended_at)
    with recursive ${count("n", runs)}
    select '${team}', '${dagId}', '${prefix}' || i, 'manual', ${versionId}, '${state}', '{}', '{}', 'use',
      ${startAt} + i, ${startAt} + i, ${startAt} + i from n order by i`);
  if (instances > 0) {
    const mine = `dag_run where team = '${team}' and dag_id = '${dagId}' and run_id like '${prefix}%'`;
    await metastore.execute(`
      insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, cache_key)
      with recursive ${count("m", instances)}, mine as (select id from ${mine})
      select mine.id, 'task', m.i - 1, 'success', 1, 1, 'key' from mine, m`);
    await metastore.execute(`
      insert into xcom (dag_run_id, task_id, map_index, key, team, digest, size_bytes)
      with recursive ${count("m", instances)}, mine as (select id from ${mine})
      select mine.id, 'task', m.i - 1, 'return_value', '${team}', '${shared.digest}', ${SHARED.length}
      from mine, m`);
  }
  const all = await metastore.runs.listRuns({ team, dagId, idPrefix: prefix, limit: runs });
  return all.toReversed();
}
