// `memodag cache purge`: forgets entries; never by accident.

import { createInterface } from "node:readline/promises";
import { MemodagError } from "@memodag/core";
import type { Command } from "commander";
import { printJson, printLine } from "../output/print.ts";
import { audited, newAct } from "../wiring/audited.ts";
import { withMetadata } from "../wiring/metadata.ts";
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
    .option("--dry-run", "say how many would go, and forget none")
    .option("--yes", "do not ask")
    .action(purge);
}

async function purge(options: PurgeOptions): Promise<void> {
  const deleted = await withMetadata(options, async (metadata) => {
    const filter = await toRecordFilter(metadata, options);
    if (Object.keys(filter).length === 0 && !options.all) {
      throw new MemodagError(
        "usage",
        "Nothing says what to purge: narrow it down, with --dag for one, or add --all",
      );
    }
    const count = await metadata.records.count(filter);
    if (options.dryRun) return count;
    if (!options.yes) await confirm(count);
    const { team = null, ...rest } = filter;
    return await audited(
      metadata.audit,
      newAct("cache.purge", team, rest),
      () => metadata.records.purge(filter),
      (purged) => purged,
    );
  });
  if (options.json) printJson(options.dryRun ? { deleted: 0, wouldDelete: deleted } : { deleted });
  else printLine(options.dryRun ? `Would forget ${entries(deleted)}.` : `Forgot ${entries(deleted)}.`);
}

function entries(count: number): string {
  return count === 1 ? "1 entry" : `${count} entries`;
}

async function confirm(count: number): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new MemodagError(
      "usage",
      `${entries(count)} would go and nobody is there to ask: add --yes or --dry-run`,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Forget ${entries(count)}? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new MemodagError("usage", "Nothing was purged");
  } finally {
    terminal.close();
  }
}
