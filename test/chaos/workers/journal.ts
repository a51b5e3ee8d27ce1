// What the database was told, change by change: triggers note each change of attempts, instances and hosts, in the
// transaction that makes it.

import type { DialectName } from "@memodag/metastore";
import { executeSql, readRows } from "@memodag/metastore/testing";

/** A change of one row. */
export interface JournalRow {
  readonly seq: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** `host`: one has registered; `worker` is its id and `taskId` its name. */
  readonly what: "attempt" | "instance" | "host";
  readonly attemptId: string | null;
  /** The state before; `null`: the row is new. */
  readonly was: string | null;
  /** The state after; `gone`: the row is not there any more. */
  readonly became: string;
  readonly wasWorker: string | null;
  readonly worker: string | null;
  /** Of an attempt: `worker` or `scheduler`. */
  readonly endedBy: string | null;
  readonly runId: string | null;
  readonly taskId: string;
  readonly mapIndex: number;
  /** Of an instance; else 0. */
  readonly tryNumber: number;
}

const COLUMNS =
  "at_ms, what, attempt_id, was, became, was_worker, worker, ended_by, run_id, task_id, map_index, try_number";

/** A value for each of {@link COLUMNS} after the first one, by what happens to the row. */
const VALUES = {
  attempt: (was: string, became: string, row: string) =>
    `'attempt', ${row}.attempt_id, ${was}, ${became}, ${was === "null" ? "null" : "old.worker_id"}, ` +
    `${row}.worker_id, ${row}.ended_by, ${row}.run_id, ${row}.task_id, ${row}.map_index, 0`,
  // An instance that has ended names no attempt any more: it is the one that it named before.
  instance: (was: string, attempt = "new.attempt_id") =>
    `'instance', ${attempt}, ${was}, new.state, null, new.worker, null, ` +
    `(select run_id from dag_run where id = new.dag_run_id), new.task_id, new.map_index, new.try_number`,
  host: () => `'host', null, null, 'registered', null, new.id, null, null, new.name, -1, 0`,
} as const;

const ATTEMPT_OF_END = `case when old.state in ('queued', 'running')
  then coalesce(new.attempt_id, old.attempt_id) else new.attempt_id end`;

const TRIGGERS = [
  ["remote_attempt", "insert", VALUES.attempt("null", "new.state", "new")],
  ["remote_attempt", "update", VALUES.attempt("old.state", "new.state", "new")],
  ["remote_attempt", "delete", VALUES.attempt("old.state", "'gone'", "old")],
  ["task_instance", "insert", VALUES.instance("null")],
  ["task_instance", "update", VALUES.instance("old.state", ATTEMPT_OF_END)],
  ["worker_host", "insert", VALUES.host()],
] as const;

/** Begins to note. */
export async function keepJournal(url: string, dialect: DialectName): Promise<void> {
  const isPostgres = dialect === "postgres";
  const types = `at_ms bigint, what text, attempt_id text, was text, became text, was_worker text, worker text,
    ended_by text, run_id text, task_id text, map_index bigint, try_number bigint`;
  const seq = isPostgres ? "seq bigserial primary key" : "seq integer primary key autoincrement";
  const now = isPostgres
    ? "(extract(epoch from clock_timestamp()) * 1000)::bigint"
    : "cast(round(unixepoch('subsec') * 1000) as integer)";
  const triggers = TRIGGERS.map(([table, event, values]) => {
    const name = `chaos_${table}_${event}`;
    const insert = `insert into chaos_journal (${COLUMNS}) values (${now}, ${values});`;
    return isPostgres
      ? `create function ${name}() returns trigger language plpgsql as $$ begin ${insert} return null; end $$;
         create trigger ${name} after ${event} on ${table} for each row execute function ${name}();`
      : `create trigger ${name} after ${event} on ${table} begin ${insert} end;`;
  });
  await executeSql(url, `create table chaos_journal (${seq}, ${types});\n${triggers.join("\n")}`);
}

/** Returns what was noted, in the order of the changes of each row. */
export async function readJournal(url: string): Promise<JournalRow[]> {
  const rows = await readRows(url, "select * from chaos_journal order by seq");
  return rows.map((row) => ({
    seq: Number(row["seq"]),
    at: Number(row["at_ms"]),
    what: row["what"] as JournalRow["what"],
    attemptId: row["attempt_id"] as string | null,
    was: row["was"] as string | null,
    became: row["became"] as string,
    wasWorker: row["was_worker"] as string | null,
    worker: row["worker"] as string | null,
    endedBy: row["ended_by"] as string | null,
    runId: row["run_id"] as string | null,
    taskId: row["task_id"] as string,
    mapIndex: Number(row["map_index"]),
    tryNumber: Number(row["try_number"]),
  }));
}

/** Returns ids of attempts that were handed to the queue, the latest first. */
export async function listRecentAttempts(url: string, limit: number): Promise<string[]> {
  const sql = `select attempt_id from chaos_journal where what = 'attempt' and was is null order by seq desc limit ${limit}`;
  return (await readRows(url, sql)).map((row) => row["attempt_id"] as string);
}
