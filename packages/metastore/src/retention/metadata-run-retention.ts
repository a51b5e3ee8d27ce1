// Removing ended runs from the metadata database.

import type {
  AuditAct,
  Digest,
  EndedRun,
  EndedRunSizes,
  OldRunQuery,
  ReferredValue,
  RemovedRun,
  RunIdentity,
  RunPart,
  RunRemoval,
  RunRetention,
  RunRows,
  SurplusRunQuery,
  VersionInProgress,
} from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { countRows, drainRuns } from "./drain-runs.ts";
import { listInProgress, listOld, listSizes, listSurplus, listVersionsInProgress } from "./old-runs.ts";
import { countReferences, listValues } from "./referred-values.ts";
import { findAwaited, removeOld, removePart, removeRuns } from "./remove-runs.ts";

/** The retention of runs in the metadata database. */
export class MetadataRunRetention implements RunRetention {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async removeRuns(team: string, ids: readonly number[], act?: AuditAct): Promise<RunRemoval> {
    return await removeRuns(this.#dialect, team, ids, act);
  }

  async count(ids: readonly number[]): Promise<RunRows> {
    return await countRows(this.#dialect, ids);
  }

  async drain(limit: number, ids?: readonly number[]): Promise<boolean> {
    return await this.#dialect.transaction(() => drainRuns(this.#dialect, limit, ids));
  }

  async listRemoved(after: number, limit: number): Promise<RemovedRun[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("removed_run as removed")
      .select(["id", "dag_run_id", "team", "dag_id", "run_id"])
      .where("what", "=", "run")
      .where("id", ">", after)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("dag_run")
              .select("dag_run.id")
              .whereRef("dag_run.team", "=", "removed.team")
              .whereRef("dag_run.dag_id", "=", "removed.dag_id")
              .whereRef("dag_run.run_id", "=", "removed.run_id"),
          ),
        ),
      )
      .orderBy("id")
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      removalId: row.id,
      id: row.dag_run_id,
      team: row.team,
      dagId: row.dag_id,
      runId: row.run_id,
    }));
  }

  async forgetRemoved(limit: number, olderThanMs: number): Promise<number> {
    const { kysely, now } = this.#dialect;
    const { numDeletedRows } = await kysely
      .deleteFrom("removed_run")
      .where("id", "in", (query) =>
        query
          .selectFrom("removed_run")
          .select("id")
          .where("removed_at", "<=", sql<number>`${now} - ${sql.lit(olderThanMs)}`)
          .where("is_drained", "=", 1)
          .limit(limit),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }

  async listOld(query: OldRunQuery, part?: RunPart): Promise<EndedRun[]> {
    return await listOld(this.#dialect, query, part);
  }

  async listSurplus(query: SurplusRunQuery): Promise<EndedRun[]> {
    return await listSurplus(this.#dialect, query);
  }

  async listSizes(after: EndedRun | undefined, limit: number): Promise<EndedRunSizes[]> {
    return await listSizes(this.#dialect, after, limit);
  }

  async findAwaited(ids: readonly number[]): Promise<number[]> {
    return await this.#dialect.transaction(() => findAwaited(this.#dialect, ids));
  }

  async listValues(ids: readonly number[]): Promise<ReferredValue[]> {
    return await listValues(this.#dialect, ids);
  }

  async countReferences(team: string, digests: readonly Digest[]): Promise<Map<Digest, number>> {
    return await countReferences(this.#dialect, team, digests);
  }

  async listInProgress(after: number, limit: number): Promise<RunIdentity[]> {
    return await listInProgress(this.#dialect, after, limit);
  }

  async listVersionsInProgress(): Promise<VersionInProgress[]> {
    return await listVersionsInProgress(this.#dialect);
  }

  async removeOld(ids: readonly number[]): Promise<RunIdentity[]> {
    return await removeOld(this.#dialect, ids);
  }

  async removePart(ids: readonly number[], part: RunPart): Promise<number[]> {
    return await removePart(this.#dialect, ids, part);
  }
}
