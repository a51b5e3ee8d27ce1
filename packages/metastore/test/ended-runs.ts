// Ended runs for tests of retention, many at a time, written past the stores.

import type { DagRun } from "@memodag/core";
import type { TestMetastore } from "@memodag/metastore/testing";
import { bytesOf, saveDag } from "./dags-and-runs.ts";

/** What each of the runs has. */
export interface EndedRunOptions {
  readonly team?: string;
  readonly runs?: number;
  /** Instances of each, each with an XCom. */
  readonly instances?: number;
  /** Milliseconds since the end of the first; each later one ended one millisecond later. */
  readonly endedAgo?: number;
  /** Run ids begin with this. */
  readonly prefix?: string;
}

/** A value that every XCom has, unless its run has one of its own. */
const SHARED = bytesOf('"shared"');

/** Makes a Dag with runs that have ended, and returns them, the oldest first. */
export async function endRuns(
  metastore: TestMetastore,
  dagId: string,
  { team = "red", runs = 1, instances = 2, endedAgo = 0, prefix = "run" }: EndedRunOptions = {},
): Promise<DagRun[]> {
  const versionId = await saveDag(metastore, dagId, team);
  await metastore.results.write(team, [SHARED]);
  const startAt = (await metastore.readClock()) - endedAgo;
  const count = (name: string, last: number) =>
    `${name}(i) as (select 1 union all select i + 1 from ${name} where i < ${last})`;
  await metastore.execute(`
    insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode,
      created_at, started_at, ended_at)
    with recursive ${count("n", runs)}
    select '${team}', '${dagId}', '${prefix}' || i, 'manual', ${versionId}, 'success', '{}', '{}', 'use',
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
      select mine.id, 'task', m.i - 1, 'return_value', '${team}', '${SHARED.digest}', ${SHARED.bytes.length}
      from mine, m`);
  }
  const all = await metastore.runs.listRuns({ team, dagId, idPrefix: prefix, limit: runs });
  return all.toReversed();
}
