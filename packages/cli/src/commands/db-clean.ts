// `memodag db clean`: removes what is over a limit of `[retention]`.

import type { Command } from "commander";
import { printJson } from "../output/print.ts";
import { printRemoved } from "../output/removed-table.ts";
import { withOperations, type CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";

interface CleanOptions extends CommonOptions {
  readonly dryRun?: boolean;
}

/** Adds `db clean`. */
export function registerClean(db: Command): void {
  withCommonOptions(db.command("clean"))
    .description("remove runs, values, logs and artifacts that are over a limit of [retention] or not needed")
    .option("--dry-run", "count what would go, and remove nothing")
    .action(clean);
}

async function clean(options: CleanOptions): Promise<void> {
  const { cleanDatabase, planClean } = await import("@memodag/operations/retention");
  const removed = await withOperations(options, (context) =>
    options.dryRun ? planClean(context) : cleanDatabase(context),
  );
  if (options.json) printJson(removed);
  else await printRemoved(removed, options.dryRun ? "Nothing would go." : "Nothing had to go.");
}
