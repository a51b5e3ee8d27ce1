// Tokens of which the database has digests: those of workers, and of the REST API.

import type { Dialect } from "./dialect.ts";

/** Their tables. */
export type TokenTable = "api_token" | "worker_token";

/** Revokes a token. @returns false if there is no such token, or it was revoked before */
export async function revokeToken({ kysely, now }: Dialect, table: TokenTable, id: string): Promise<boolean> {
  const { numUpdatedRows } = await kysely
    .updateTable(table)
    .set({ revoked_at: now })
    .where("id", "=", id)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
