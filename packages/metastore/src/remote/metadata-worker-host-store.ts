// The hosts of workers, in the metadata database.

import { randomUUID } from "node:crypto";
import type {
  BeatAnswer,
  LossLimits,
  NewWorkerHost,
  StoredError,
  WorkerBeat,
  WorkerHost,
  WorkerHostStore,
  WorkerNotice,
} from "@memodag/core";
import { sql, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import { storableText } from "../storable-text.ts";
import { Gathered } from "./gathered.ts";
import { isHostLost } from "./lost-hosts.ts";

/** Longer than a host waits for the answer to a start. */
const UNNAMED_AFTER_MS = 30_000;

type FoundHost = Pick<WorkerHost, "id" | "name" | "tokenId" | "queues">;

/** The hosts in the metadata database. */
export class MetadataWorkerHostStore implements WorkerHostStore {
  readonly #dialect: Dialect;
  readonly #finds: Gathered<string, FoundHost | undefined>;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.#finds = new Gathered((ids) => findHosts(dialect, ids));
  }

  async register(host: NewWorkerHost): Promise<string> {
    const { kysely, now } = this.#dialect;
    const id = randomUUID();
    await kysely
      .insertInto("worker_host")
      .values({
        id,
        name: storableText(host.name),
        host: storableText(host.host),
        pid: host.pid,
        queues: JSON.stringify(host.queues),
        concurrency: host.concurrency,
        version: storableText(host.version),
        node: storableText(host.node),
        token_id: host.tokenId,
        registered_at: now,
        beat_at: now,
      })
      .execute();
    await this.#dialect.announceAttempts();
    return id;
  }

  async find(workerId: string): Promise<FoundHost | undefined> {
    return await this.#finds.call(workerId);
  }

  async listNotices(workerIds: readonly string[]): Promise<WorkerNotice[]> {
    const { kysely } = this.#dialect;
    if (workerIds.length === 0) return [];
    const draining = await kysely
      .selectFrom("worker_host")
      .select("id")
      .where("id", "in", workerIds)
      .where("drains_since", "is not", null)
      .execute();
    const cancelled = await kysely
      .selectFrom("remote_attempt")
      .select(["worker_id", "attempt_id", "cancel"])
      .where("worker_id", "in", workerIds)
      .where("state", "=", "started")
      .where("cancel", "is not", null)
      .execute();
    return workerIds.flatMap((workerId) => {
      const isDraining = draining.some(({ id }) => id === workerId);
      const cancel = cancelled.flatMap((row) =>
        row.worker_id === workerId && row.cancel !== null
          ? [{ attemptId: row.attempt_id, error: JSON.parse(row.cancel) as StoredError }]
          : [],
      );
      return isDraining || cancel.length > 0 ? [{ workerId, cancel, isDraining }] : [];
    });
  }

  async beat(workerId: string, { running }: WorkerBeat): Promise<BeatAnswer> {
    const { kysely, now } = this.#dialect;
    const [host] = await kysely
      .updateTable("worker_host")
      // It lives, whichever of its links has ended: one that was replaced may end late.
      .set({ beat_at: now, link_lost_at: null })
      .where("id", "=", workerId)
      .returning("drains_since")
      .execute();
    if (!host) return { isKnown: false, lost: running, cancel: [], isDraining: false };
    const rows = await kysely
      .selectFrom("remote_attempt")
      .select(["attempt_id", "state", "ended_by", "cancel"])
      .select(sql<SqlBool>`started_at <= ${now} - ${sql.lit(UNNAMED_AFTER_MS)}`.as("is_old"))
      .where("worker_id", "=", workerId)
      .where((where) => where.or([where("state", "=", "started"), where("ended_by", "=", "worker")]))
      .execute();
    const own = new Set(rows.map(({ attempt_id }) => attempt_id));
    const named = new Set(running);
    return {
      isKnown: true,
      lost: running.filter((attemptId) => !own.has(attemptId)),
      unnamed: rows.flatMap(({ attempt_id, state, is_old }) =>
        state === "started" && is_old && !named.has(attempt_id) ? [attempt_id] : [],
      ),
      cancel: rows.flatMap(({ attempt_id, state, cancel }) =>
        state === "started" && cancel !== null
          ? [{ attemptId: attempt_id, error: JSON.parse(cancel) as StoredError }]
          : [],
      ),
      isDraining: host.drains_since !== null,
    };
  }

  async linkChanged(workerId: string, isThere: boolean): Promise<void> {
    const { kysely, now } = this.#dialect;
    await kysely
      .updateTable("worker_host")
      .set({ link_lost_at: isThere ? null : now })
      .where("id", "=", workerId)
      .execute();
  }

  async leave(workerId: string): Promise<void> {
    await this.#dialect.kysely.deleteFrom("worker_host").where("id", "=", workerId).execute();
    await this.#dialect.announceAttempts();
  }

  async list(limits: LossLimits): Promise<WorkerHost[]> {
    const isLost = isHostLost(this.#dialect, limits);
    const rows = await this.#dialect.kysely
      .selectFrom("worker_host")
      .selectAll("worker_host")
      .select((select) => [
        select
          .selectFrom("remote_attempt")
          .select((count) => count.fn.countAll<number>().as("count"))
          .whereRef("worker_id", "=", "worker_host.id")
          .where("state", "=", "started")
          .as("running"),
        sql<number>`case when ${isLost} then 1 else 0 end`.as("is_lost"),
      ])
      .orderBy("registered_at")
      .orderBy("id")
      .execute();
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      host: row.host,
      pid: row.pid,
      queues: JSON.parse(row.queues) as string[],
      concurrency: row.concurrency,
      version: row.version,
      node: row.node,
      tokenId: row.token_id,
      running: Number(row.running ?? 0),
      registeredAt: row.registered_at,
      beatAt: row.beat_at,
      state: row.is_lost ? "lost" : row.drains_since === null ? "active" : "draining",
    }));
  }

  async drain(nameOrId: string): Promise<number> {
    const { kysely, now } = this.#dialect;
    const { numUpdatedRows } = await kysely
      .updateTable("worker_host")
      .set((row) => ({ drains_since: sql<number>`coalesce(${row.ref("drains_since")}, ${now})` }))
      .where((where) => where.or([where("id", "=", nameOrId), where("name", "=", nameOrId)]))
      .executeTakeFirst();
    await this.#dialect.announceAttempts();
    return Number(numUpdatedRows);
  }

  async removeGone(olderThanMs: number): Promise<void> {
    const { kysely, now } = this.#dialect;
    await kysely
      .deleteFrom("worker_host")
      .where("beat_at", "<=", sql<number>`${now} - ${sql.lit(olderThanMs)}`)
      .where(
        sql<SqlBool>`not exists (select 1 from remote_attempt
          where remote_attempt.worker_id = worker_host.id and remote_attempt.state = 'started')`,
      )
      .execute();
  }
}

async function findHosts({ kysely }: Dialect, ids: readonly string[]): Promise<(FoundHost | undefined)[]> {
  const rows = await kysely
    .selectFrom("worker_host")
    .select(["id", "name", "token_id", "queues"])
    .where("id", "in", [...new Set(ids)])
    .execute();
  const found = new Map(
    rows.map(({ id, name, token_id: tokenId, queues }) => [
      id,
      { id, name, tokenId, queues: JSON.parse(queues) as string[] },
    ]),
  );
  return ids.map((id) => found.get(id));
}
