// Digests of versions of Dags, without the versions.

import type { Dialect } from "../dialect.ts";

/** See the port. */
export async function findVersionDigests(
  { kysely }: Dialect,
  team: string,
  versionIds: readonly number[],
): Promise<Map<number, string>> {
  if (versionIds.length === 0) return new Map();
  const rows = await kysely
    .selectFrom("dag_version")
    .select(["id", "digest"])
    .where("team", "=", team)
    .where("id", "in", versionIds)
    .execute();
  return new Map(rows.map(({ id, digest }) => [id, digest]));
}
