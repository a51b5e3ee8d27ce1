// The sessions of people, in the metadata database.

import type { ApiSession, ApiSessionStore, Digest, NewApiSession } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { storableText } from "../storable-text.ts";

/** See the file. */
export class MetadataApiSessionStore implements ApiSessionStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async open(session: NewApiSession): Promise<boolean> {
    const { kysely, now } = this.#dialect;
    // Codes are valid for minutes: a session that expired is remembered no longer.
    await kysely.deleteFrom("api_session").where("expires_at", "<=", now).execute();
    const { numInsertedOrUpdatedRows } = await kysely
      .insertInto("api_session")
      .values({
        secret_digest: session.secretDigest,
        code_digest: session.codeDigest,
        kind: session.kind,
        subject: storableText(session.subject),
        name: storableText(session.name),
        groups: storableText(JSON.stringify(session.groups)),
        created_at: now,
        expires_at: sql<number>`${now} + ${sql.lit(session.validForMs)}`,
      })
      .onConflict((conflict) => conflict.column("code_digest").doNothing())
      .executeTakeFirst();
    return (numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  async find(secretDigest: Digest): Promise<ApiSession | undefined> {
    const { kysely, now } = this.#dialect;
    const row = await kysely
      .selectFrom("api_session")
      .select(["kind", "subject", "name", "groups"])
      .where("secret_digest", "=", secretDigest)
      .where("expires_at", ">", now)
      .executeTakeFirst();
    return row && { ...row, groups: JSON.parse(row.groups) as string[] };
  }

  /** It stays until it expires, so that its code opens no other one. */
  async close(secretDigest: Digest): Promise<void> {
    const { kysely } = this.#dialect;
    await kysely
      .updateTable("api_session")
      .set({ secret_digest: sql<string>`'closed:' || secret_digest` })
      .where("secret_digest", "=", secretDigest)
      .execute();
  }
}
