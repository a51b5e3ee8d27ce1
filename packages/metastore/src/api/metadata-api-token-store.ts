// The tokens of programs, in the metadata database: digests of their secrets, never the secrets.

import type { ApiRole, ApiToken, ApiTokenStore, Digest, NewApiToken } from "@memodag/core";
import { sql, type Selectable } from "kysely";
import type { Dialect } from "../dialect.ts";
import { revokeToken } from "../secret-tokens.ts";
import { storableText } from "../storable-text.ts";
import type { Schema } from "../tables/schema.ts";

/** See the file. */
export class MetadataApiTokenStore implements ApiTokenStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async add({
    id,
    name,
    secretDigest,
    team,
    role,
    hasValues,
    madeBy,
    validForMs,
  }: NewApiToken): Promise<void> {
    const { kysely, now } = this.#dialect;
    await kysely
      .insertInto("api_token")
      .values({
        id,
        name: storableText(name),
        secret_digest: secretDigest,
        team,
        role,
        has_values: hasValues ? 1 : 0,
        made_by: storableText(madeBy),
        created_at: now,
        expires_at: sql<number>`${now} + ${sql.lit(validForMs)}`,
      })
      .execute();
  }

  async find(id: string): Promise<(ApiToken & { readonly secretDigest: Digest }) | undefined> {
    const { kysely, now } = this.#dialect;
    const row = await kysely
      .selectFrom("api_token")
      .selectAll()
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .where("expires_at", ">", now)
      .executeTakeFirst();
    return row && { ...toToken(row), secretDigest: row.secret_digest as Digest };
  }

  async noteUse(id: string): Promise<void> {
    const { kysely, now } = this.#dialect;
    await kysely.updateTable("api_token").set({ used_at: now }).where("id", "=", id).execute();
  }

  async list(): Promise<ApiToken[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("api_token")
      .selectAll()
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    return rows.map(toToken);
  }

  async revoke(id: string): Promise<boolean> {
    return await revokeToken(this.#dialect, "api_token", id);
  }
}

function toToken(row: Selectable<Schema["api_token"]>): ApiToken {
  return {
    id: row.id,
    name: row.name,
    team: row.team,
    role: row.role as ApiRole,
    hasValues: row.has_values === 1,
    madeBy: row.made_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    usedAt: row.used_at,
  };
}
