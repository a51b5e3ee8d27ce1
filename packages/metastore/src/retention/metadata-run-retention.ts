// Removing ended runs from the metadata database.

import type { AuditAct, RemovedRun, RunRemoval, RunRetention, RunRows } from "@memodag/core";
import type { Dialect } from "../dialect.ts";
import { countRows, drainRuns } from "./drain-runs.ts";
import { removeRuns } from "./remove-runs.ts";

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
}
