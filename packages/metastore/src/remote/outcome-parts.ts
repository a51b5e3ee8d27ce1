// Large outcomes of attempts, in parts, so that none is in memory whole while it is received.

import { randomUUID } from "node:crypto";
import { sql, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import { inPieces } from "../in-pieces.ts";

/** Parts in one read. */
const PARTS_A_READ = 8;

/** Stores an outcome as it comes. Returns the name of the upload; its parts are removed if the chunks fail. */
export async function writeParts(
  dialect: Dialect,
  attemptId: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<string> {
  const upload = randomUUID();
  let place = 0;
  try {
    for await (const bytes of inPieces(chunks)) {
      await dialect.kysely
        .insertInto("outcome_part")
        .values({ attempt_id: attemptId, upload, place, bytes })
        // The end of the attempt flushes them.
        .returning(dialect.unflushed)
        .execute();
      place += 1;
    }
  } catch (error) {
    // The error is the body's, or the database's: then they go with the attempt.
    await removeUnnamed(dialect, attemptId, upload).catch(() => undefined);
    throw error;
  }
  return upload;
}

/** Removes the parts of an upload that is not the attempt's outcome. */
export async function removeUnnamed({ kysely }: Dialect, attemptId: string, upload: string): Promise<void> {
  await kysely
    .deleteFrom("outcome_part")
    .where("attempt_id", "=", attemptId)
    .where("upload", "=", upload)
    .where(
      sql<SqlBool>`not exists (select 1 from remote_attempt
        where remote_attempt.attempt_id = outcome_part.attempt_id and outcome_upload = outcome_part.upload)`,
    )
    .execute();
}

/** Returns an outcome whole; undefined if it was settled meanwhile. */
export async function readParts(
  dialect: Dialect,
  attemptId: string,
  upload: string,
): Promise<Uint8Array | undefined> {
  const { kysely } = dialect;
  const parts = kysely
    .selectFrom("outcome_part")
    .where("attempt_id", "=", attemptId)
    .where("upload", "=", upload);
  const { size } = await parts
    .select(sql<number | null>`sum(length(bytes))`.as("size"))
    .executeTakeFirstOrThrow();
  const whole = Buffer.allocUnsafeSlow(Number(size ?? 0));
  let at = 0;
  for (let place = 0; at < whole.length; place += PARTS_A_READ) {
    const rows = await parts
      .select("bytes")
      .where("place", ">=", place)
      .orderBy("place")
      .limit(PARTS_A_READ)
      .execute();
    if (rows.length === 0) return undefined;
    for (const { bytes } of rows) {
      whole.set(bytes, at);
      at += bytes.length;
    }
  }
  return at > 0 ? whole : undefined;
}
