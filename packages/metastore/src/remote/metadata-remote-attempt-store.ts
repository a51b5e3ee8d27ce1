// Attempts for workers of other machines, in the metadata database. Calls of hosts that come together are one statement.

import {
  chunksOf,
  type AttemptOrder,
  type LossLimits,
  type NewRemoteAttempt,
  type OutcomePart,
  type OutcomeUpload,
  type QueueCount,
  type QueueWait,
  type RemoteAttemptState,
  type RemoteAttemptStatus,
  type RemoteAttemptStore,
  type StartAnswer,
  type StoredError,
  type WorkerScope,
} from "@memodag/core";
import { sql, type RawBuilder, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import { Gathered } from "./gathered.ts";
import {
  endAttempts,
  findOrders,
  startAttempts,
  type EndCall,
  type HostCall,
  type StartCall,
} from "./host-calls.ts";
import { hasAttempt, isHostLost } from "./lost-hosts.ts";
import { addPart, readParts, removeParts } from "./outcome-parts.ts";

/** Rows of one statement at most. */
const ROWS_A_STATEMENT = 500;

/** Larger outcomes have statements of their own. */
const SMALL_OUTCOME_BYTES = 65_536;

/** The attempts in the metadata database. */
export class MetadataRemoteAttemptStore implements RemoteAttemptStore {
  readonly #dialect: Dialect;
  readonly #starts: Gathered<StartCall, StartAnswer>;
  readonly #ends: Gathered<EndCall, "recorded" | "refused">;
  readonly #finds: Gathered<HostCall, AttemptOrder | undefined>;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.#starts = new Gathered((calls) => startAttempts(dialect, calls));
    this.#ends = new Gathered((calls) => endAttempts(dialect, calls));
    this.#finds = new Gathered((calls) => findOrders(dialect, calls));
  }

  async add(attempts: readonly NewRemoteAttempt[]): Promise<void> {
    const { kysely, now } = this.#dialect;
    for (const some of chunksOf(attempts, ROWS_A_STATEMENT)) {
      const rows = some.map(({ order, priority }) => {
        const { attemptId, team, dagId, runId, taskId, mapIndex, queue, callback, probe } = order.attempt;
        return {
          attempt_id: attemptId,
          team,
          dag_id: dagId,
          run_id: runId,
          task_id: taskId,
          map_index: mapIndex,
          // No instance names either.
          is_callback: callback || probe ? 1 : 0,
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
        // Its start flushes it. One that is lost before is missed by its scheduler, and made again.
        .returning(this.#dialect.unflushed)
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
        .select(["attempt_id", "outcome", "outcome_upload"])
        .where("attempt_id", "in", some)
        .where("state", "=", "ended")
        .execute();
      for (const { attempt_id, outcome, outcome_upload: upload } of rows) {
        const bytes = upload === null ? outcome : await readParts(this.#dialect, attempt_id, upload);
        if (bytes) found.set(attempt_id, bytes);
      }
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

  async endWaiting(attemptIds: readonly string[], outcome: Uint8Array): Promise<void> {
    await this.#end(attemptIds, sql<SqlBool>`state = 'waiting'`, outcome);
  }

  async settle(attemptIds: readonly string[]): Promise<void> {
    for (const some of chunksOf(attemptIds, ROWS_A_STATEMENT)) {
      await this.#dialect.kysely
        .deleteFrom("remote_attempt")
        .where("attempt_id", "in", some)
        .where("state", "=", "ended")
        // The pass that has its end is written. A row that comes back is removed when it is stale.
        .returning(this.#dialect.unflushed)
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

  /** A waiting attempt has no worker: the index on workers finds it among many that have ended. */
  async findLongestWait({ queues, teams }: WorkerScope): Promise<QueueWait | null> {
    const { kysely, now } = this.#dialect;
    const row = await kysely
      .selectFrom("remote_attempt")
      .select(["attempt_id", "queue", sql<number>`${now} - created_at`.as("wait")])
      .where("worker_id", "is", null)
      .where("state", "=", "waiting")
      .where("cancel", "is", null)
      .$if(queues !== null, (query) => query.where("queue", "in", queues ?? []))
      .$if(teams !== null, (query) => query.where("team", "in", teams ?? []))
      .where(hasAttempt)
      .orderBy("created_at")
      .limit(1)
      .executeTakeFirst();
    return row
      ? { attemptId: row.attempt_id, queue: row.queue, waitMs: Math.max(0, Number(row.wait)) }
      : null;
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
    return await this.#starts.call({ attemptId, workerId, scope });
  }

  async end(
    attemptId: string,
    workerId: string,
    outcome: Uint8Array | OutcomeUpload,
  ): Promise<"recorded" | "refused"> {
    const call = { attemptId, workerId, outcome };
    if ("upload" in outcome || outcome.length <= SMALL_OUTCOME_BYTES) return await this.#ends.call(call);
    const [answer = "refused"] = await endAttempts(this.#dialect, [call]);
    return answer;
  }

  async addOutcomePart(attemptId: string, workerId: string, part: OutcomePart): Promise<boolean> {
    return await addPart(this.#dialect, { attemptId, workerId }, part);
  }

  async dropOutcomeParts(attemptId: string, upload: string): Promise<void> {
    await removeParts(this.#dialect, attemptId, upload);
  }

  async find(attemptId: string, workerId: string): Promise<AttemptOrder | undefined> {
    return await this.#finds.call({ attemptId, workerId });
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
