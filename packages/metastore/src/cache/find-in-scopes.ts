// Finds records of several scopes by one query.

import type { Digest } from "@memodag/core";
import type { FoundRecord, StoreCallOptions } from "@memodag/result-cache";
import type { Dialect } from "../dialect.ts";
import { scopeOfStored, storedKey } from "../rows/stored-key.ts";

/** By scope; see `FindInScopes`. */
export async function findInScopes(
  dialect: Pick<Dialect, "findRecords">,
  team: string,
  scopes: readonly string[],
  keys: readonly Digest[],
  options: StoreCallOptions,
): Promise<Map<string, Map<Digest, FoundRecord>>> {
  const stored = scopes.flatMap((scope) => keys.map((key) => storedKey(scope, key)));
  const found = new Map(scopes.map((scope) => [scope, new Map<Digest, FoundRecord>()]));
  for (const [name, record] of await dialect.findRecords(team, stored, options))
    found.get(scopeOfStored(name))?.set(record.key, record);
  return found;
}
