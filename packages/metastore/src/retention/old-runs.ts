// Finds ended runs that can be removed: by age, by number, and by size.

import type {
  DagSelection,
  EndedRun,
  EndedRunSizes,
  OldRunQuery,
  RunIdentity,
  RunPart,
  SurplusRunQuery,
  VersionInProgress,
} from "@memodag/core";
import { sql, type RawBuilder, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import { hasEnded, isOver, isSuperseded } from "./removable.ts";

const COLUMNS = ["id", "team", "dag_id", "run_id", "ended_at"] as const;

interface EndedRunRow {
  readonly id: number;
  readonly team: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly ended_at: number;
}

/** By age, the oldest first; see the port. */
export async function listOld(dialect: Dialect, query: OldRunQuery, part?: RunPart): Promise<EndedRun[]> {
  const { kysely, now } = dialect;
  const { olderThanMs, dag, except, after, limit } = query;
  const rows = await kysely
    .selectFrom("dag_run")
    .select(COLUMNS)
    .where("ended_at", "<=", sql<number>`${now} - ${sql.lit(olderThanMs)}`)
    .where(isOver(dialect))
    .where(isSuperseded)
    .$if(dag !== undefined, (runs) => runs.where(isOf(dag ?? { dagId: "" })))
    .$if(except.length > 0, (runs) => runs.where(sql<SqlBool>`not (${anyOf(except)})`))
    .$if(part !== undefined, (runs) => runs.where(hasPart(part ?? "xcoms")))
    .$if(after !== undefined, (runs) =>
      runs.where(sql<SqlBool>`(ended_at, id) > (${after?.endedAt ?? 0}, ${after?.id ?? 0})`),
    )
    .orderBy("ended_at")
    .orderBy("id")
    .limit(limit)
    .$narrowType<{ ended_at: number }>()
    .execute();
  return rows.map((row) => toEndedRun(row, row.ended_at + olderThanMs));
}

/**
 * By number, the oldest first; see the port. The index of a Dag's runs is read once, from the newest: what is kept is
 * skipped, and what follows has as many newer ones.
 */
export async function listSurplus(dialect: Dialect, query: SurplusRunQuery): Promise<EndedRun[]> {
  const { kysely } = dialect;
  const { team, dagId, keep, after, limit } = query;
  const ofDag = kysely.selectFrom("dag_run").where("team", "=", team).where("dag_id", "=", dagId);
  const newest = await ofDag
    .select("id")
    .where(hasEnded)
    .orderBy("id", "desc")
    .offset(keep - 1)
    .limit(1)
    .executeTakeFirst();
  if (!newest) return [];
  const rows = await ofDag
    .select(COLUMNS)
    // The end of the run that made it one too many.
    .select(
      sql<number>`(select newer.ended_at from dag_run as newer
        where newer.team = dag_run.team and newer.dag_id = dag_run.dag_id and newer.id > dag_run.id
          and newer.state in ('success', 'failed')
        order by newer.id limit 1 offset ${sql.lit(keep - 1)})`.as("old_since"),
    )
    .where("id", "<", newest.id)
    .where("id", ">", after?.id ?? 0)
    .where(isOver(dialect))
    .where(isSuperseded)
    .orderBy("id")
    .limit(limit)
    .$narrowType<{ ended_at: number }>()
    .execute();
  return rows.map((row) => toEndedRun(row, row.old_since));
}

/** Those that ended last first; see the port. */
export async function listSizes(
  dialect: Dialect,
  after: EndedRun | undefined,
  limit: number,
): Promise<EndedRunSizes[]> {
  const rows = await dialect.kysely
    .selectFrom("dag_run")
    .select(COLUMNS)
    .select((select) => [
      // As a number: SQLite has no other truth.
      sql<number>`case when ${isOver(dialect)(select)} and ${isSuperseded} then 1 else 0 end`.as(
        "is_removable",
      ),
      select
        .selectFrom("xcom")
        .select(sql<number>`coalesce(sum(size_bytes), 0)`.as("bytes"))
        .whereRef("xcom.dag_run_id", "=", "dag_run.id")
        .as("xcom_bytes"),
      select
        .selectFrom("cache_entry")
        .innerJoin("blob", "blob.id", "cache_entry.blob_id")
        .select(sql<number>`coalesce(sum(blob.size_bytes), 0)`.as("bytes"))
        .whereRef("cache_entry.dag_run_id", "=", "dag_run.id")
        .where(isOwnEntry)
        .as("entry_bytes"),
    ])
    .where("ended_at", "is not", null)
    .$if(after !== undefined, (runs) =>
      runs.where(sql<SqlBool>`(ended_at, id) < (${after?.endedAt ?? 0}, ${after?.id ?? 0})`),
    )
    .orderBy("ended_at", "desc")
    .orderBy("id", "desc")
    .limit(limit)
    .$narrowType<{ ended_at: number }>()
    .execute();
  return rows.map((row) => ({
    ...toEndedRun(row, row.ended_at),
    xcomBytes: Number(row.xcom_bytes),
    entryBytes: Number(row.entry_bytes),
    isRemovable: row.is_removable === 1,
  }));
}

/** Runs in progress; see the port. */
export async function listInProgress(
  { kysely }: Dialect,
  after: number,
  limit: number,
): Promise<RunIdentity[]> {
  const rows = await kysely
    .selectFrom("dag_run")
    .select(["id", "team", "dag_id", "run_id"])
    // Spelled out, so that the index on unfinished runs is used.
    .where(sql<boolean>`state in ('queued', 'running')`)
    .where("id", ">", after)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(({ id, team, dag_id: dagId, run_id: runId }) => ({ id, team, dagId, runId }));
}

/** The versions of runs in progress; see the port. */
export async function listVersionsInProgress({ kysely }: Dialect): Promise<VersionInProgress[]> {
  const rows = await kysely
    .selectFrom("dag_run")
    .select(["team", "dag_version_id"])
    .select((select) => select.fn.min("created_at").as("since"))
    // Spelled out, so that the index on unfinished runs is used.
    .where(sql<boolean>`state in ('queued', 'running')`)
    .groupBy(["team", "dag_version_id"])
    .execute();
  return rows.map((row) => ({ team: row.team, dagVersionId: row.dag_version_id, since: row.since }));
}

/** The condition that an entry is of its run: others can see those of caches that runs share, which stay. */
export const isOwnEntry: RawBuilder<SqlBool> = sql<SqlBool>`(cache_entry.is_pending <> 0
  or cache_entry.scope_id = cast(cache_entry.dag_run_id as text))`;

function hasPart(part: RunPart): RawBuilder<SqlBool> {
  return part === "xcoms"
    ? sql<SqlBool>`(xcoms_removed_at is null and exists (select 1 from xcom where xcom.dag_run_id = dag_run.id))`
    : sql<SqlBool>`exists (select 1 from cache_entry where cache_entry.dag_run_id = dag_run.id and ${isOwnEntry})`;
}

function isOf({ dagId, team }: DagSelection): RawBuilder<SqlBool> {
  return team === undefined
    ? sql<SqlBool>`(dag_run.dag_id = ${dagId})`
    : sql<SqlBool>`(dag_run.team = ${team} and dag_run.dag_id = ${dagId})`;
}

function anyOf(dags: readonly DagSelection[]): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${sql.join(dags.map(isOf), sql` or `)})`;
}

function toEndedRun(row: EndedRunRow, oldSince: number): EndedRun {
  const { id, team, dag_id: dagId, run_id: runId, ended_at: endedAt } = row;
  return { id, team, dagId, runId, endedAt, oldSince };
}
