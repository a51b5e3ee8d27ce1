// Callbacks that are owed, in the metadata database. Times are by its clock.

import { chunksOf, type CallbackClaim, type CallbackStore, type OwedCallback } from "@memodag/core";
import { sql, type ExpressionBuilder } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../tables/schema.ts";
import { toOwedCallback } from "../rows/owed-callback-row.ts";

/** Ids in one statement, at most. */
const IDS_A_STATEMENT = 1_000;

/** The callback store of the metadata database. A pass writes to its table; see the dialects' `writePass`. */
export class MetadataCallbackStore implements CallbackStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async listOwners(): Promise<string[]> {
    const rows = await this.#dialect.kysely.selectFrom("owed_callback").select("owner").distinct().execute();
    return rows.map((row) => row.owner);
  }

  /** Checks again on taking whether a callback is free, as another claimer may have been faster. */
  async claim({ owner, leaseMs, limit, deadOwners, dag }: CallbackClaim): Promise<OwedCallback[]> {
    const { kysely, now } = this.#dialect;
    const isFree = (owed: ExpressionBuilder<Schema, "owed_callback">) =>
      owed.or([
        owed("expires_at", "<=", now),
        ...(deadOwners.length > 0 ? [owed("owner", "in", deadOwners)] : []),
      ]);
    let free = kysely
      .selectFrom("owed_callback")
      .select("owed_callback.id")
      .where(isFree)
      .orderBy("owed_callback.created_at")
      .orderBy("owed_callback.id")
      .limit(limit);
    if (dag) {
      free = free.where((owed) =>
        owed.exists(
          owed
            .selectFrom("dag_run")
            .select("dag_run.id")
            .whereRef("dag_run.id", "=", "owed_callback.dag_run_id")
            .where("dag_run.team", "=", dag.team)
            .where("dag_run.dag_id", "=", dag.dagId),
        ),
      );
    }
    const taken = await kysely
      .updateTable("owed_callback")
      .set({ owner, expires_at: sql<number>`${now} + ${sql.lit(leaseMs)}` })
      .where("id", "in", free)
      .where(isFree)
      .returning("id")
      .execute();
    if (taken.length === 0) return [];
    const rows = await kysely
      .selectFrom("owed_callback")
      .innerJoin("dag_run", "dag_run.id", "owed_callback.dag_run_id")
      .selectAll("dag_run")
      .select(["owed_callback.id as callback_id", "owed_callback.body", "owed_callback.begin_count"])
      .select(["owed_callback.after_id", "owed_callback.rolls_back"])
      .where(
        "owed_callback.id",
        "in",
        taken.map(({ id }) => id),
      )
      .orderBy("owed_callback.created_at")
      .orderBy("owed_callback.id")
      .execute();
    return rows.map(toOwedCallback);
  }

  async renew(ids: readonly string[], leaseMs: number): Promise<void> {
    const { now } = this.#dialect;
    for (const some of chunksOf(ids, IDS_A_STATEMENT)) {
      await this.#dialect.kysely
        .updateTable("owed_callback")
        .set({ expires_at: sql<number>`${now} + ${sql.lit(leaseMs)}` })
        .where("id", "in", some)
        .execute();
    }
  }

  async begin(id: string): Promise<"begun" | "absent" | "blocked"> {
    const { kysely } = this.#dialect;
    const { numUpdatedRows } = await kysely
      .updateTable("owed_callback")
      .set((owed) => ({ begin_count: owed("begin_count", "+", 1) }))
      .where("id", "=", id)
      .where((owed) =>
        owed.not(
          owed.exists(
            owed
              .selectFrom("owed_callback as earlier")
              .select("earlier.id")
              .whereRef("earlier.id", "=", "owed_callback.after_id"),
          ),
        ),
      )
      .executeTakeFirst();
    if (numUpdatedRows > 0) return "begun";
    const row = await kysely.selectFrom("owed_callback").select("id").where("id", "=", id).executeTakeFirst();
    return row ? "blocked" : "absent";
  }

  async release(ids: readonly string[]): Promise<void> {
    for (const some of chunksOf(ids, IDS_A_STATEMENT)) {
      await this.#dialect.kysely
        .updateTable("owed_callback")
        .set({ expires_at: 0, begin_count: 0 })
        .where("id", "in", some)
        .execute();
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const some of chunksOf(ids, IDS_A_STATEMENT)) {
      await this.#dialect.kysely.deleteFrom("owed_callback").where("id", "in", some).execute();
    }
  }
}
