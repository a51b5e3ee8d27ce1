// The tokens of worker hosts, in the metadata database: digests of their secrets, never the secrets.

import type { Digest, NewWorkerToken, WorkerToken, WorkerTokenStore } from "@memodag/core";
import { sql, type Selectable } from "kysely";
import type { Dialect } from "../dialect.ts";
import { storableText } from "../storable-text.ts";
import type { Schema } from "../tables/schema.ts";

/** The tokens in the metadata database. */
export class MetadataWorkerTokenStore implements WorkerTokenStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async add({ id, name, secretDigest, queues, teams, validForMs }: NewWorkerToken): Promise<void> {
    const { kysely, now } = this.#dialect;
    await kysely
      .insertInto("worker_token")
      .values({
        id,
        name: storableText(name),
        secret_digest: secretDigest,
        queues: queues && JSON.stringify(queues),
        teams: teams && JSON.stringify(teams),
        created_at: now,
        expires_at: validForMs === null ? null : sql<number>`${now} + ${sql.lit(validForMs)}`,
      })
      .execute();
  }

  async find(id: string): Promise<(WorkerToken & { readonly secretDigest: Digest }) | undefined> {
    const { kysely, now } = this.#dialect;
    const row = await kysely
      .selectFrom("worker_token")
      .selectAll()
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", now)]))
      .executeTakeFirst();
    return row && { ...toToken(row), secretDigest: row.secret_digest as Digest };
  }

  async list(): Promise<WorkerToken[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("worker_token")
      .selectAll()
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    return rows.map(toToken);
  }

  async revoke(id: string): Promise<boolean> {
    const { kysely, now } = this.#dialect;
    const { numUpdatedRows } = await kysely
      .updateTable("worker_token")
      .set({ revoked_at: now })
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }
}

function toToken(row: Selectable<Schema["worker_token"]>): WorkerToken {
  return {
    id: row.id,
    name: row.name,
    queues: row.queues === null ? null : (JSON.parse(row.queues) as string[]),
    teams: row.teams === null ? null : (JSON.parse(row.teams) as string[]),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}
