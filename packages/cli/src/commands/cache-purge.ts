// `memodag cache purge`: forgets entries; never by accident.

import { createInterface } from "node:readline/promises";
import { MemodagError, formatSize } from "@memodag/core";
import type { RecordFilter } from "@memodag/result-cache";
import type { Command } from "commander";
import { EXIT_DECLINED } from "../output/exit-codes.ts";
import { printJson, printLine, printNote } from "../output/print.ts";
import { audited, newAct } from "@memodag/operations";
import { reportRecord } from "@memodag/operations/cache";
import { withOperations } from "../wiring/deployment.ts";
import type { Deployment } from "@memodag/deployment/stores";
import { printRecords } from "./cache-ls.ts";
import { type FilterOptions, toRecordFilter, withFilterOptions } from "./cache-filter.ts";
import { withTeamOptions } from "./common-options.ts";

interface PurgeOptions extends FilterOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Adds `cache purge`. */
export function registerPurge(cache: Command): void {
  withFilterOptions(withTeamOptions(cache.command("purge")))
    .description("forget the entries that match, at once for every scheduler")
    .option("--all", "every entry, when nothing narrows it down")
    .option("--dry-run", "say what would go, and forget nothing")
    .option("--yes", "do not ask")
    .action(purge);
}

/** Entries that a dry run names at most; it counts them all. */
const MOST_NAMED = 1_000;

async function purge(options: PurgeOptions): Promise<void> {
  if (options.dryRun) return await showDoomed(options);
  const deleted = await withOperations(options, async (context, metadata) => {
    const filter = await filterOf(metadata, options);
    if (!options.yes && !(await isConfirmed(await metadata.records.count(filter)))) return null;
    const { team = null, run, ...rest } = filter;
    return await audited(
      metadata.audit,
      newAct(context.actor, "cache.purge", team, { ...rest, ...run }),
      () => metadata.records.purge(filter),
      (purged) => purged,
    );
  });
  if (deleted === null) process.exitCode = EXIT_DECLINED;
  if (options.json) printJson({ deleted: deleted ?? 0 });
  else if (deleted === null) printNote("Nothing was purged.");
  else printLine(`Forgot ${entries(deleted)}.`);
}

/** @throws MemodagError `usage` when nothing says what is meant, not even that everything is. */
async function filterOf(metadata: Deployment, options: PurgeOptions): Promise<RecordFilter> {
  const filter = await toRecordFilter(metadata, options);
  if (Object.keys(filter).length > 0 || options.all) return filter;
  throw new MemodagError(
    "usage",
    "Nothing says what to purge: narrow it down, with --dag for one, or add --all",
  );
}

async function showDoomed(options: PurgeOptions): Promise<void> {
  const { tasks, records } = await withOperations(options, async (context, metadata) => {
    const filter = await filterOf(metadata, options);
    return {
      tasks: await metadata.records.stats(filter),
      records: await metadata.records.list(filter, { limit: MOST_NAMED, offset: 0 }),
    };
  });
  const count = tasks.reduce((sum, task) => sum + task.entries, 0);
  const sizeBytes = tasks.reduce((sum, task) => sum + task.sizeBytes, 0);
  if (options.json) {
    printJson({ deleted: 0, wouldDelete: count, sizeBytes, tasks, entries: records.map(reportRecord) });
    return;
  }
  if (count > 0) {
    printRecords(records);
    if (count > records.length) printLine(`… and ${count - records.length} more.`);
    printLine("");
  }
  printLine(`Would forget ${entries(count)} of ${formatSize(sizeBytes)}.`);
}

function entries(count: number): string {
  return count === 1 ? "1 entry" : `${count} entries`;
}

/** True when a person says so; anything but a yes is a no, the end of what they type too. */
async function isConfirmed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new MemodagError(
      "usage",
      `${entries(count)} would go and nobody is there to ask: add --yes or --dry-run`,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
    const answer = await Promise.race([terminal.question(`Forget ${entries(count)}? [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
