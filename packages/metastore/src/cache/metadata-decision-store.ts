// Why instances did not hit, in the metadata database.

import type { TaskInstanceId } from "@memodag/core";
import type {
  AgedStore,
  Amount,
  CacheDecision,
  ComponentChange,
  DecisionReason,
  DecisionStore,
  EarlierKey,
  KeptDecision,
  RecordedComponents,
  RunDecision,
} from "@memodag/result-cache";
import { sql, type RawBuilder, type Selectable } from "kysely";
import type { AskedKey, Dialect, EarlierKeyRow } from "../dialect.ts";
import { storableText } from "../storable-text.ts";
import type { CacheDecisionTable } from "../tables/cache-tables.ts";
import { keyParts } from "../rows/key-parts.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** Columns that a later decision about the same instance of the same run replaces. */
const REPLACED = [
  "key",
  "reason",
  "detail",
  "compared_with",
  "compared_run_id",
  "changes",
  "components",
  "decided_at",
] as const;

/** The decision store of the metadata database. */
export class MetadataDecisionStore implements DecisionStore, AgedStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async keep(decisions: readonly CacheDecision[]): Promise<void> {
    if (decisions.length === 0) return;
    await this.#dialect.transaction(() => keepAll(this.#dialect, decisions));
  }

  async find(
    team: string,
    dagRunId: number,
    { taskId, mapIndex }: TaskInstanceId,
  ): Promise<KeptDecision | undefined> {
    const row = await this.#dialect.kysely
      .selectFrom("cache_decision")
      .selectAll()
      .where("team", "=", team)
      .where("dag_run_id", "=", dagRunId)
      .where("task_id", "=", taskId)
      .where("map_index", "=", mapIndex)
      .executeTakeFirst();
    return row && toDecision(row);
  }

  async listEarlier(
    asked: readonly (AskedKey & { readonly near?: RecordedComponents })[],
    limit: number,
  ): Promise<EarlierKey[][]> {
    if (asked.length === 0) return [];
    const latest = Map.groupBy(await this.#dialect.listEarlierKeys(asked, limit), ({ place }) => place);
    const earlier: EarlierKey[][] = [];
    for (const [place, instance] of asked.entries()) {
      const rows = latest.get(place) ?? [];
      const parts = instance.near ? keyParts(instance.near) : [];
      // Most misses differ from a recent key in one part, and no key is nearer than that.
      const isNearEnough = rows.length < limit || rows.some((row) => countMissing(row, parts) <= 1);
      const nearest = isNearEnough ? rows : await this.#dialect.listNearestKeys(instance, parts, limit);
      earlier.push(nearest.map(toEarlierKey));
    }
    return earlier;
  }

  async listOfRun(team: string, dagRunId: number): Promise<RunDecision[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("cache_decision")
      .select([
        "team",
        "dag_id",
        "run_id",
        "dag_run_id",
        "task_id",
        "map_index",
        "key",
        "reason",
        "detail",
        "compared_with",
        "compared_run_id",
        "changes",
      ])
      .where("team", "=", team)
      .where("dag_run_id", "=", dagRunId)
      .execute();
    return rows.map(toRunDecision);
  }

  async wasStored({ team, dagId, taskId, mapIndex, dagRunId, key }: AskedKey): Promise<boolean> {
    const row = await this.#dialect.kysely
      .selectFrom("cache_decision as decision")
      .innerJoin("task_instance as instance", (join) =>
        join
          .onRef("instance.dag_run_id", "=", "decision.dag_run_id")
          .onRef("instance.task_id", "=", "decision.task_id")
          .onRef("instance.map_index", "=", "decision.map_index"),
      )
      .select("decision.key")
      .where("decision.team", "=", team)
      .where("decision.dag_id", "=", dagId)
      .where("decision.task_id", "=", taskId)
      .where("decision.map_index", "=", mapIndex)
      .where("decision.dag_run_id", "<>", dagRunId)
      .where("decision.key", "=", key)
      .where("instance.cache_status", "=", "populated")
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  async deleteBatch(limit: number, olderThanMs: number): Promise<Amount> {
    const { numDeletedRows } = await this.#dialect.kysely
      .deleteFrom("cache_decision")
      .where((where) =>
        where(
          where.refTuple("dag_run_id", "task_id", "map_index"),
          "in",
          where
            .selectFrom("cache_decision")
            .select(["dag_run_id", "task_id", "map_index"])
            .where("decided_at", "<", this.#before(olderThanMs))
            .limit(limit)
            .$asTuple("dag_run_id", "task_id", "map_index"),
        ),
      )
      .executeTakeFirst();
    return { count: Number(numDeletedRows), sizeBytes: 0 };
  }

  async amount(olderThanMs: number): Promise<Amount> {
    const { count } = await this.#dialect.kysely
      .selectFrom("cache_decision")
      .select((select) => select.fn.countAll<number>().as("count"))
      .where("decided_at", "<", this.#before(olderThanMs))
      .executeTakeFirstOrThrow();
    return { count, sizeBytes: 0 };
  }

  #before(ms: number): RawBuilder<number> {
    return sql<number>`${this.#dialect.now} - ${sql.lit(ms)}`;
  }
}

function* keepAll({ kysely, now }: Dialect, decisions: readonly CacheDecision[]): TransactionScript<void> {
  yield* statement(
    kysely
      .insertInto("cache_decision")
      .values(decisions.map((decision) => ({ ...toRow(decision), decided_at: now })))
      .onConflict((conflict) =>
        conflict
          .columns(["dag_run_id", "task_id", "map_index"])
          .doUpdateSet((update) =>
            Object.fromEntries(REPLACED.map((column) => [column, update.ref(`excluded.${column}`)])),
          ),
      ),
  );
}

function toRow(decision: CacheDecision): Omit<Selectable<CacheDecisionTable>, "decided_at"> {
  return {
    dag_run_id: decision.dagRunId,
    task_id: decision.taskId,
    map_index: decision.mapIndex,
    team: decision.team,
    dag_id: decision.dagId,
    run_id: decision.runId,
    key: decision.key,
    reason: decision.reason,
    detail: decision.detail === null ? null : storableText(decision.detail),
    compared_with: decision.comparedWith,
    compared_run_id: decision.comparedRunId,
    changes: JSON.stringify(decision.changes),
    components: JSON.stringify(decision.components),
  };
}

function countMissing({ components }: EarlierKeyRow, parts: readonly string[]): number {
  return parts.filter((part) => !components.includes(part)).length;
}

function toEarlierKey({ key, run_id, components }: Omit<EarlierKeyRow, "place">): EarlierKey {
  return { key, runId: run_id, components: JSON.parse(components) as RecordedComponents };
}

function toDecision(row: Selectable<CacheDecisionTable>): KeptDecision {
  return {
    ...toRunDecision(row),
    components: JSON.parse(row.components) as RecordedComponents,
    decidedAt: row.decided_at,
  };
}

function toRunDecision(row: Omit<Selectable<CacheDecisionTable>, "components" | "decided_at">): RunDecision {
  return {
    team: row.team,
    dagId: row.dag_id,
    runId: row.run_id,
    dagRunId: row.dag_run_id,
    taskId: row.task_id,
    mapIndex: row.map_index,
    key: row.key,
    reason: row.reason as DecisionReason,
    detail: row.detail,
    comparedWith: row.compared_with,
    comparedRunId: row.compared_run_id,
    changes: JSON.parse(row.changes) as ComponentChange[],
  };
}
