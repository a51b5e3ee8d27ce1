// The tokens of worker hosts, in the metadata database: digests of their secrets, never the secrets.

import type { Digest, NewWorkerToken, WorkerToken, WorkerTokenStore } from "@memodag/core";
import { sql, type Selectable } from "kysely";
import type { Dialect } from "../dialect.ts";
import { revokeToken } from "../secret-tokens.ts";
import { storableText } from "../storable-text.ts";
import type { Schema } from "../tables/schema.ts";
import { Gathered } from "./gathered.ts";

type FoundToken = WorkerToken & { readonly secretDigest: Digest };

/** The tokens in the metadata database. */
export class MetadataWorkerTokenStore implements WorkerTokenStore {
  readonly #dialect: Dialect;
  readonly #finds: Gathered<string, FoundToken | undefined>;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.#finds = new Gathered((ids) => findTokens(dialect, ids));
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

  async find(id: string): Promise<FoundToken | undefined> {
    return await this.#finds.call(id);
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
    return await revokeToken(this.#dialect, "worker_token", id);
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

/** Those that are valid now. */
async function findTokens(
  { kysely, now }: Dialect,
  ids: readonly string[],
): Promise<(FoundToken | undefined)[]> {
  const rows = await kysely
    .selectFrom("worker_token")
    .selectAll()
    .where("id", "in", [...new Set(ids)])
    .where("revoked_at", "is", null)
    .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", now)]))
    .execute();
  const found = new Map(
    rows.map((row) => [row.id, { ...toToken(row), secretDigest: row.secret_digest as Digest }]),
  );
  return ids.map((id) => found.get(id));
}
