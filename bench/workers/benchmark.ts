// The cost of a task that runs, beside processes that do nothing: started ahead, reused, or on a worker host.

import { onEachDatabase } from "../harness/databases.ts";
import type { Report } from "../harness/measurement.ts";
import { measureManyAttempts } from "./many-attempts.ts";
import { measureRecovery } from "./recovery.ts";
import { measureRemotePath } from "./remote-path.ts";
import { measureSharedInput } from "./shared-input.ts";
import { measureTinyTasks } from "./tiny-tasks.ts";
import { measureWarmChain } from "./warm-chain.ts";

/** `npm run bench -- workers` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async (database) => {
    await measureTinyTasks(database, report);
    await measureWarmChain(database, report);
    await measureRemotePath(database, report);
    await measureManyAttempts(database, report);
    await measureRecovery(database, report);
    // The database is on the other side of the API. 100 processes read 100 MiB each: it takes minutes.
    if (database.dialect === "sqlite") await measureSharedInput(database, report);
  });
}
