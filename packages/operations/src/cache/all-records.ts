// Opens the records of all stores for one operation.

import { AllRecords, type MissedStore } from "@memodag/result-cache";
import type { Stores } from "../context.ts";

/** The records of the deployment, and of the stores that tasks name. */
export async function openAllRecords(
  { listRecordStores }: Pick<Stores, "listRecordStores">,
  team: string | undefined,
): Promise<AllRecords> {
  return new AllRecords(await listRecordStores(team));
}

/** The stores that were left out, if any. */
export function missedBy({ missed }: AllRecords): { readonly missed?: readonly MissedStore[] } {
  return missed.length === 0 ? {} : { missed };
}
