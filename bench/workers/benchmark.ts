// The cost of a task that runs, beside processes that do nothing: with processes that are started ahead.

import { onEachDatabase } from "../harness/databases.ts";
import type { Report } from "../harness/measurement.ts";
import { measureWarmChain } from "./warm-chain.ts";

/** `npm run bench -- workers` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async (database) => {
    await measureWarmChain(database, report);
  });
}
