// Which bytes of another store XComs refer to.

import { chunksOf } from "@memodag/core";
import type { Dialect } from "../dialect.ts";

const DIGESTS_A_STATEMENT = 500;

/** Those of the digests that an XCom refers to in that store. */
export async function findShownDigests(
  { kysely }: Dialect,
  team: string,
  store: string,
  digests: readonly string[],
): Promise<Set<string>> {
  const shown = new Set<string>();
  for (const some of chunksOf(digests, DIGESTS_A_STATEMENT)) {
    const rows = await kysely
      .selectFrom("xcom")
      .select("stored_digest")
      .distinct()
      .where("team", "=", team)
      .where("stored_digest", "in", some)
      // As in the index, which has those rows alone.
      .where("store", "is not", null)
      .where("store", "=", store)
      .execute();
    for (const row of rows) if (row.stored_digest !== null) shown.add(row.stored_digest);
  }
  return shown;
}
