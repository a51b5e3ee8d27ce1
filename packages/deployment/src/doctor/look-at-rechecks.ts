// Checks whether rechecks found that keys leave out what results depend on.

import type { Metastore } from "@memodag/metastore";
import { findRecheckFaults, recheckText } from "@memodag/operations/cache";
import type { Finding } from "./finding.ts";

/** Finds tasks in which a recheck found a difference, with what their keys leave out. */
export async function lookAtRechecks(
  database: Pick<Metastore, "counters" | "runs" | "dags">,
): Promise<Finding[]> {
  const faults = await findRecheckFaults(database, await database.counters.list({}));
  return faults.map((fault) => ({
    check: "recheck",
    status: "warn",
    message: `${recheckText(fault)}. Add it to the key, or make the result independent of it`,
  }));
}
