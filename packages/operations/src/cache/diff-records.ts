// Lists the differences between the keys of two entries.

import { compareComponents, type CacheRecord, type ComponentChange } from "@memodag/result-cache";
import type { OperationContext } from "../context.ts";
import { openAllRecords } from "./all-records.ts";
import { getRecord } from "./find-record.ts";

/** The entries to compare: keys or prefixes of keys. */
export interface DiffRecordsInput {
  readonly before: string;
  readonly after: string;
  readonly team?: string | undefined;
}

/**
 * The differing components, by name.
 * @throws MemodagError `cache_key_not_found`, `cache_key_ambiguous`.
 */
export async function diffRecords(
  context: OperationContext,
  { before, after, team }: DiffRecordsInput,
): Promise<ComponentChange[]> {
  const records = await openAllRecords(context.stores, team);
  const [a, b] = await Promise.all([getRecord(records, before, team), getRecord(records, after, team)]);
  const [from, to] = await Promise.all([comparedKeyOf(context, a), comparedKeyOf(context, b)]);
  return compareComponents(from, to);
}

async function comparedKeyOf(
  { stores }: OperationContext,
  { team, sourceHash, components }: CacheRecord,
): Promise<Parameters<typeof compareComponents>[0]> {
  const sources = await stores.dags.findTaskSources(team, [sourceHash]);
  return { components, source: sources.get(sourceHash) };
}
