// Removes entries of a run's job cache. Their bytes follow with a later collection, if nothing else names them.

import { checkEntryKey } from "@memodag/core";
import { audited, newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { getRun, type RunName } from "../runs/find-run.ts";
import { placeFor } from "./place-for.ts";
import { entryNotFound } from "./read-entry.ts";

/** Selects entries to remove: one key, or a group with everything below it. */
export interface RemoveEntriesInput extends RunName {
  readonly key: string;
  /** A job cache of the config. Absent: the one of the run. */
  readonly cache?: string | undefined;
  readonly isGroup?: boolean | undefined;
}

/** The number of entries that were removed. */
export interface RemovedEntries {
  readonly dagId: string;
  readonly runId: string;
  readonly removed: number;
}

/**
 * Removes entries.
 * @throws MemodagError `dag_run_not_found`, `cache_entry_not_found`, `entry_key_invalid`
 */
export async function removeEntries(
  { stores, actor }: OperationContext,
  { key: given, cache, isGroup = false, ...name }: RemoveEntriesInput,
): Promise<RemovedEntries> {
  const run = await getRun(stores, name);
  const key = checkEntryKey(given);
  const { team, dagId, runId } = run;
  const place = placeFor(stores, run, cache);
  const removed = await audited(
    stores.audit,
    newAct(actor, "entries.rm", team, { dagId, runId, key, isGroup, ...(cache !== undefined && { cache }) }),
    () => stores.entries.remove(place, isGroup ? { prefix: `${key}/` } : { key }),
    (count) => count,
  );
  if (removed === 0) throw entryNotFound(run, given, cache);
  return { dagId, runId, removed };
}
