// Large outcomes of attempts, in parts, so that none is in memory whole while it is received.

import type { OutcomePart } from "@memodag/core";
import { sql, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { HostCall } from "./host-calls.ts";

/** Parts in one read. */
const PARTS_A_READ = 8;

/** See the port. */
export async function addPart(
  { kysely, unflushed }: Dialect,
  { attemptId, workerId }: HostCall,
  { upload, place, bytes }: OutcomePart,
): Promise<boolean> {
  const added = await kysely
    .insertInto("outcome_part")
    .columns(["attempt_id", "upload", "place", "bytes"])
    .expression(
      kysely
        .selectFrom("remote_attempt")
        .select([
          "attempt_id",
          sql<string>`${upload}`.as("upload"),
          sql<number>`cast(${place} as integer)`.as("place"),
          sql<Uint8Array>`${Buffer.from(bytes)}`.as("bytes"),
        ])
        .where("attempt_id", "=", attemptId)
        .where("worker_id", "=", workerId)
        .where("state", "=", "started"),
    )
    // The end of the attempt flushes it.
    .returning(unflushed)
    .execute();
  return added.length > 0;
}

/** See the port. */
export async function removeParts({ kysely }: Dialect, attemptId: string, upload: string): Promise<void> {
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
