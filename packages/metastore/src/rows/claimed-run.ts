// A run with what is known of it, from its rows. One that cannot be read says so, and stops no other.

import { messageOf, type ClaimedRun } from "@memodag/core";
import { toDagRun, type DagRunRow } from "./dag-run-row.ts";
import type { TaskInstanceTable, XComTable } from "../tables/run-tables.ts";
import { toTaskInstance } from "./task-instance-row.ts";
import { toXCom } from "./xcom-row.ts";

/** The claimed run that the rows hold. */
export function toClaimedRun(
  row: DagRunRow,
  instances: readonly TaskInstanceTable[],
  xcoms: readonly XComTable[],
): ClaimedRun {
  const handCount = row.hand_count;
  const run = toDagRun(row);
  try {
    if (run.fault !== undefined) return { run, instances: [], xcoms: [], handCount, fault: run.fault };
    return {
      run,
      instances: instances.map(toTaskInstance),
      xcoms: xcoms.map(toXCom),
      handCount,
    };
  } catch (error) {
    return { run, instances: [], xcoms: [], handCount, fault: `its row cannot be read: ${messageOf(error)}` };
  }
}
