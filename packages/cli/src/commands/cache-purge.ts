// `memodag cache purge`: deletes entries after a confirmation.

import { formatSize } from "@memodag/core";
import type { PurgePlan } from "@memodag/operations/cache";
import type { Command } from "commander";
import { isConfirmed } from "../output/confirm.ts";
import { EXIT_DECLINED, EXIT_INCOMPLETE } from "../output/exit-codes.ts";
import { printJson, printLine, printNote } from "../output/print.ts";
import { noteMissed, printRecords } from "../output/record-table.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type FilterOptions, toSelection, withFilterOptions } from "./cache-filter.ts";
import { withTeamOptions } from "./common-options.ts";

interface PurgeOptions extends FilterOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Adds `cache purge`. */
export function registerPurge(cache: Command): void {
  withFilterOptions(withTeamOptions(cache.command("purge")))
    .description("delete the matching entries, effective immediately for every scheduler")
    .option("--all", "delete every entry if no filter is given")
    .option("--dry-run", "show what would be deleted, and delete nothing")
    .option("--yes", "do not ask for confirmation")
    .action(purge);
}

async function purge(options: PurgeOptions): Promise<void> {
  const { planPurge, purgeCache } = await import("@memodag/operations/cache");
  const { json, all, dryRun, yes } = options;
  const input = { ...toSelection(options), all };
  if (dryRun) {
    const plan = await withOperations(options, (context) => planPurge(context, input));
    noteMissed(plan.missed);
    return json ? printJson(plan) : showPlan(plan);
  }
  let isDeclined = false;
  const ask = async (count: number): Promise<boolean> =>
    !(isDeclined = !(await isConfirmed("Forget", entries(count))));
  const purged = await withOperations(options, (context) =>
    purgeCache(context, input, yes ? undefined : ask),
  );
  noteMissed(purged.missed);
  if (purged.missed) process.exitCode = EXIT_INCOMPLETE;
  if (isDeclined) process.exitCode = EXIT_DECLINED;
  if (json) printJson(purged);
  else if (isDeclined) printNote("Nothing was purged.");
  else printLine(`Forgot ${entries(purged.deleted)}.`);
}

function showPlan({ wouldDelete, sizeBytes, entries: named }: PurgePlan): void {
  if (wouldDelete > 0) {
    printRecords(named);
    if (wouldDelete > named.length) printLine(`… and ${wouldDelete - named.length} more.`);
    printLine("");
  }
  printLine(`Would forget ${entries(wouldDelete)} of ${formatSize(sizeBytes)}.`);
}

function entries(count: number): string {
  return count === 1 ? "1 entry" : `${count} entries`;
}
