// `memodag cache purge`: deletes entries after a confirmation.

import { createInterface } from "node:readline/promises";
import { MemodagError, formatSize } from "@memodag/core";
import type { PurgePlan } from "@memodag/operations/cache";
import type { Command } from "commander";
import { EXIT_DECLINED, EXIT_INCOMPLETE } from "../output/exit-codes.ts";
import { printJson, printLine, printNote } from "../output/print.ts";
import { stderr } from "../output/standard-streams.ts";
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
  const ask = async (count: number): Promise<boolean> => !(isDeclined = !(await isConfirmed(count)));
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

/** True when the user confirms; anything but a yes, including the end of input, declines. */
async function isConfirmed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY || !stderr.isTerminal) {
    throw new MemodagError(
      "usage",
      `${entries(count)} would be deleted, and there is no terminal to ask for confirmation: add --yes or --dry-run`,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: stderr.stream() });
  try {
    const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
    const answer = await Promise.race([terminal.question(`Forget ${entries(count)}? [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
