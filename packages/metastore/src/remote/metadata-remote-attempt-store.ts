// Attempts for workers of other machines, in the metadata database. A start and an end are each one statement that
// compares what it changes, so that an attempt starts at one host at most, and ends once.

import {
  chunksOf,
  type AttemptOrder,
  type LossLimits,
  type NewRemoteAttempt,
  type QueueCount,
  type RemoteAttemptState,
  type RemoteAttemptStatus,
  type RemoteAttemptStore,
  type StartAnswer,
  type StartRefusal,
  type StoredError,
  type WorkerScope,
} from "@memodag/core";
import { sql, type RawBuilder, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import { hasAttempt, isHostLost } from "./lost-hosts.ts";

/** Rows of one statement at most. */
const ROWS_A_STATEMENT = 500;

/** The attempts in the metadata database. */
export class MetadataRemoteAttemptStore implements RemoteAttemptStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async add(attempts: readonly NewRemoteAttempt[]): Promise<void> {
    const { kysely, now } = this.#dialect;
    for (const some of chunksOf(attempts, ROWS_A_STATEMENT)) {
      const rows = some.map(({ order, priority }) => {
        const { attemptId, team, dagId, runId, taskId, mapIndex, queue, callback } = order.attempt;
        return {
          attempt_id: attemptId,
          team,
          dag_id: dagId,
          run_id: runId,
          task_id: taskId,
          map_index: mapIndex,
          is_callback: callback ? 1 : 0,
          queue,
          priority,
          state: "waiting",
          order_body: JSON.stringify(order),
          created_at: now,
        };
      });
      await kysely
        .insertInto("remote_attempt")
        .values(rows)
        .onConflict((conflict) => conflict.column("attempt_id").doNothing())
        .execute();
    }
  }

  async statuses(attemptIds: readonly string[]): Promise<RemoteAttemptStatus[]> {
    return await this.#listStatuses(attemptIds, sql<SqlBool>`1 = 1`);
  }

  async listWaiting(attemptIds: readonly string[], olderThanMs: number): Promise<RemoteAttemptStatus[]> {
    const { now } = this.#dialect;
    const isOld = sql<SqlBool>`state = 'waiting' and created_at <= ${now} - ${sql.lit(olderThanMs)}`;
    return await this.#listStatuses(attemptIds, isOld);
  }

  async outcomes(attemptIds: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for (const some of chunksOf(attemptIds, ROWS_A_STATEMENT)) {
      const rows = await this.#dialect.kysely
        .selectFrom("remote_attempt")
        .select(["attempt_id", "outcome"])
        .where("attempt_id", "in", some)
        .where("state", "=", "ended")
        .execute();
      for (const { attempt_id, outcome } of rows) if (outcome) found.set(attempt_id, outcome);
    }
    return found;
  }

  async cancel(attemptIds: readonly string[], error: StoredError, outcome: Uint8Array): Promise<string[]> {
    const ended = await this.#end(attemptIds, sql<SqlBool>`state = 'waiting'`, outcome);
    const started = attemptIds.filter((attemptId) => !ended.includes(attemptId));
    for (const some of chunksOf(started, ROWS_A_STATEMENT)) {
      await this.#dialect.kysely
        .updateTable("remote_attempt")
        .set({ cancel: JSON.stringify(error) })
        .where("attempt_id", "in", some)
        .where("state", "=", "started")
        .where("cancel", "is", null)
        .execute();
    }
    if (started.length > 0) await this.#dialect.announceAttempts();
    return ended;
  }

  async endLost(attemptIds: readonly string[], limits: LossLimits, outcome: Uint8Array): Promise<string[]> {
    const isLost = sql<SqlBool>`state = 'started' and not exists (
      select 1 from worker_host
      where worker_host.id = remote_attempt.worker_id and not ${isHostLost(this.#dialect, limits)})`;
    return await this.#end(attemptIds, isLost, outcome);
  }

  async endNow(attemptIds: readonly string[], outcome: Uint8Array): Promise<void> {
    await this.#end(attemptIds, sql<SqlBool>`state <> 'ended'`, outcome);
  }

  async settle(attemptIds: readonly string[]): Promise<void> {
    for (const some of chunksOf(attemptIds, ROWS_A_STATEMENT)) {
      await this.#dialect.kysely
        .deleteFrom("remote_attempt")
        .where("attempt_id", "in", some)
        .where("state", "=", "ended")
        .execute();
    }
  }

  async removeStale(olderThanMs: number): Promise<void> {
    const { kysely, now } = this.#dialect;
    await kysely
      .deleteFrom("remote_attempt")
      .where("state", "<>", "started")
      .where("created_at", "<=", sql<number>`${now} - ${sql.lit(olderThanMs)}`)
      .where(sql<SqlBool>`not (${hasAttempt} and is_callback = 0)`)
      .execute();
  }

  async countByQueue(): Promise<QueueCount[]> {
    const { kysely, now } = this.#dialect;
    const rows = await kysely
      .selectFrom("remote_attempt")
      .select([
        "queue",
        sql<number>`sum(case when state = 'waiting' then 1 else 0 end)`.as("waiting"),
        sql<number>`sum(case when state = 'started' then 1 else 0 end)`.as("started"),
        sql<number | null>`${now} - min(case when state = 'waiting' then created_at end)`.as("oldest"),
      ])
      .where("state", "<>", "ended")
      .groupBy("queue")
      .orderBy("queue")
      .execute();
    return rows.map(({ queue, waiting, started, oldest }) => ({
      queue,
      waiting: Number(waiting),
      started: Number(started),
      oldestWaitMs: oldest === null ? null : Math.max(0, Number(oldest)),
    }));
  }

  async start(attemptId: string, workerId: string, scope: WorkerScope): Promise<StartAnswer> {
    const { kysely, now } = this.#dialect;
    const [row] = await kysely
      .updateTable("remote_attempt")
      .set({ state: "started", worker_id: workerId, started_at: now })
      .where("attempt_id", "=", attemptId)
      .where("state", "=", "waiting")
      .where("cancel", "is", null)
      .$if(scope.queues !== null, (query) => query.where("queue", "in", scope.queues ?? []))
      .$if(scope.teams !== null, (query) => query.where("team", "in", scope.teams ?? []))
      .where(hasAttempt)
      .returning("order_body")
      .execute();
    if (row) {
      await this.#dialect.announceAttempts();
      return { kind: "started", order: JSON.parse(row.order_body) as AttemptOrder };
    }
    return await this.#explainStart(attemptId, workerId, scope);
  }

  async end(attemptId: string, workerId: string, outcome: Uint8Array): Promise<"recorded" | "refused"> {
    const { kysely, now } = this.#dialect;
    const [ended] = await kysely
      .updateTable("remote_attempt")
      .set({ state: "ended", ended_at: now, ended_by: "worker", outcome: Buffer.from(outcome) })
      .where("attempt_id", "=", attemptId)
      .where("worker_id", "=", workerId)
      .where("state", "=", "started")
      .returning("attempt_id")
      .execute();
    if (ended) {
      await this.#dialect.announceAttempts();
      return "recorded";
    }
    const before = await kysely
      .selectFrom("remote_attempt")
      .select("attempt_id")
      .where("attempt_id", "=", attemptId)
      .where("worker_id", "=", workerId)
      .where("ended_by", "=", "worker")
      .executeTakeFirst();
    return before ? "recorded" : "refused";
  }

  async find(attemptId: string, workerId: string): Promise<AttemptOrder | undefined> {
    const row = await this.#dialect.kysely
      .selectFrom("remote_attempt")
      .select("order_body")
      .where("attempt_id", "=", attemptId)
      .where("worker_id", "=", workerId)
      .where("state", "=", "started")
      .executeTakeFirst();
    return row && (JSON.parse(row.order_body) as AttemptOrder);
  }

  async #explainStart(attemptId: string, workerId: string, scope: WorkerScope): Promise<StartAnswer> {
    const row = await this.#dialect.kysely
      .selectFrom("remote_attempt")
      .select(["state", "worker_id", "cancel", "order_body", "queue", "team"])
      .where("attempt_id", "=", attemptId)
      .executeTakeFirst();
    if (row?.state === "started" && row.worker_id === workerId)
      return { kind: "started", order: JSON.parse(row.order_body) as AttemptOrder };
    return { kind: "refused", reason: refusalOf(row, scope) };
  }

  async #listStatuses(
    attemptIds: readonly string[],
    condition: RawBuilder<SqlBool>,
  ): Promise<RemoteAttemptStatus[]> {
    const found: RemoteAttemptStatus[] = [];
    for (const some of chunksOf(attemptIds, ROWS_A_STATEMENT)) {
      const rows = await this.#dialect.kysely
        .selectFrom("remote_attempt")
        .leftJoin("worker_host", "worker_host.id", "remote_attempt.worker_id")
        .select(["attempt_id", "queue", "team", "dag_id", "task_id", "priority", "state"])
        .select(["worker_host.name", "worker_id"])
        .where("attempt_id", "in", some)
        .where(condition)
        .execute();
      for (const { attempt_id, queue, team, priority, state, name, ...row } of rows)
        found.push({
          attemptId: attempt_id,
          queue,
          team,
          dagId: row.dag_id,
          taskId: row.task_id,
          priority,
          state: state as RemoteAttemptState,
          worker: name ?? row.worker_id,
        });
    }
    return found;
  }

  async #end(
    attemptIds: readonly string[],
    condition: RawBuilder<SqlBool>,
    outcome: Uint8Array,
  ): Promise<string[]> {
    const { kysely, now } = this.#dialect;
    const ended: string[] = [];
    for (const some of chunksOf(attemptIds, ROWS_A_STATEMENT)) {
      const rows = await kysely
        .updateTable("remote_attempt")
        .set({ state: "ended", ended_at: now, ended_by: "scheduler", outcome: Buffer.from(outcome) })
        .where("attempt_id", "in", some)
        .where(condition)
        .returning("attempt_id")
        .execute();
      for (const { attempt_id } of rows) ended.push(attempt_id);
    }
    return ended;
  }
}

interface StartableRow {
  readonly state: string;
  readonly cancel: string | null;
  readonly queue: string;
  readonly team: string;
}

function refusalOf(row: StartableRow | undefined, { queues, teams }: WorkerScope): StartRefusal {
  if (!row) return "unknown";
  // Nothing else is said of what is not for this token.
  if ((queues && !queues.includes(row.queue)) || (teams && !teams.includes(row.team))) return "forbidden";
  if (row.state === "ended") return "ended";
  if (row.state === "started") return "started_elsewhere";
  return row.cancel === null ? "superseded" : "cancelled";
}
