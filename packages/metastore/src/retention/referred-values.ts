// Which values XComs refer to, to tell what a removal would free.

import { chunksOf, type Digest, type ReferredValue } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

const A_STATEMENT = 500;

/** Whatever the store of the value. */
const digest = sql<string>`coalesce(digest, stored_digest)`;

/** Of these runs; see the port. */
export async function listValues({ kysely }: Dialect, ids: readonly number[]): Promise<ReferredValue[]> {
  const found: ReferredValue[] = [];
  for (const some of chunksOf(ids, A_STATEMENT)) {
    const rows = await kysely
      .selectFrom("xcom")
      .select(["team", digest.as("digest")])
      .select((select) => [
        select.fn.max("size_bytes").as("size_bytes"),
        select.fn.countAll<number>().as("references"),
      ])
      .where("dag_run_id", "in", some)
      .groupBy(["team", digest])
      .execute();
    for (const row of rows) {
      const { team, references, size_bytes: sizeBytes } = row;
      found.push({ team, digest: row.digest, sizeBytes, references });
    }
  }
  return found;
}

/** Of all runs; see the port. */
export async function countReferences(
  { kysely }: Dialect,
  team: string,
  digests: readonly Digest[],
): Promise<Map<Digest, number>> {
  const counts = new Map<Digest, number>();
  for (const some of chunksOf(digests, A_STATEMENT)) {
    // One query for each index.
    const queries = [
      kysely.selectFrom("xcom").select("digest as value").where("digest", "in", some),
      kysely
        .selectFrom("xcom")
        .select("stored_digest as value")
        .where("store", "is not", null)
        .where("stored_digest", "in", some),
    ];
    for (const query of queries) {
      const rows = await query
        .select((select) => select.fn.countAll<number>().as("references"))
        .where("team", "=", team)
        .groupBy("value")
        .execute();
      for (const { value, references } of rows)
        if (value !== null) counts.set(value, (counts.get(value) ?? 0) + references);
    }
  }
  return counts;
}
