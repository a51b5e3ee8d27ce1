// Removes expired, evicted and unreferenced data.

import type { Collection, CollectionPlan } from "@memodag/result-cache";
import { audited, newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { openCollector } from "./collection.ts";

/** The outcome of a collection. */
export interface Collected extends Collection {
  readonly dryRun: false;
}

/** The outcome of a dry run. */
export interface PlannedCollection extends CollectionPlan {
  readonly dryRun: true;
}

/** Items that a plan lists, at most; it counts all of them. */
const MOST_NAMED = 1_000;

/**
 * Removes expired entries, entries over the cache's size limit, and unreferenced bytes. The signal ends it
 * early.
 */
export async function collectCache(
  { stores, actor, settings }: OperationContext,
  signal?: AbortSignal,
): Promise<Collected> {
  const collector = await openCollector(stores, settings);
  const collection = await audited(
    stores.audit,
    newAct(actor, "cache.gc", null, {}),
    () => collector.collect(signal),
    (collected) => Object.values(amountsOf(collected)).reduce((sum, { count }) => sum + count, 0),
  );
  return { dryRun: false, ...amountsOf(collection) };
}

/** Lists what a collection would remove. */
export async function planCollection({ stores, settings }: OperationContext): Promise<PlannedCollection> {
  const collector = await openCollector(stores, settings);
  const plan = await collector.plan(MOST_NAMED);
  return { dryRun: true, ...amountsOf(plan), items: plan.items };
}

function amountsOf({ expired, evicted, bytes, superseded, explanations, entries }: Collection): Collection {
  return { expired, evicted, bytes, superseded, explanations, entries };
}
