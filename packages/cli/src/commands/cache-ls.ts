// `memodag cache ls`: the entries, in one order or another, page by page.

import { RECORD_SORTS, type RecordSort } from "@memodag/result-cache/record-store";
import { Option, type Command } from "commander";
import { printJson } from "../output/print.ts";
import { noteMissed, printRecords } from "../output/record-table.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type FilterOptions, toSelection, withFilterOptions } from "./cache-filter.ts";
import { withTeamOptions } from "./common-options.ts";
import { noteNext, withPageOptions, type PageOptions } from "./page-options.ts";
import { parseIndex } from "./parse-arguments.ts";

interface LsOptions extends FilterOptions, PageOptions {
  readonly sort: RecordSort;
  readonly asc?: boolean;
  readonly desc?: boolean;
  readonly offset: number;
}

/** Adds `cache ls`. */
export function registerLs(cache: Command): void {
  const ls = withFilterOptions(withTeamOptions(cache.command("ls")))
    .description("the entries: the newest, largest, most hit, or those that saved most")
    .addOption(
      new Option("--sort <what>", "in the order of age, size, hits or time saved")
        .choices(RECORD_SORTS)
        .default("age"),
    )
    .addOption(new Option("--asc", "the least first; the default for age, so the newest").conflicts("desc"))
    .addOption(new Option("--desc", "the most first; the default for all but age").conflicts("asc"));
  withPageOptions(ls, 100).option("--offset <n>", "how many to pass over", parseIndex, 0).action(listRecords);
}

async function listRecords(options: LsOptions): Promise<void> {
  const { listRecords: list } = await import("@memodag/operations/cache");
  const { limit, after, offset, sort, asc, desc } = options;
  const ascending = asc ? true : desc ? false : undefined;
  const input = { ...toSelection(options), limit, after, offset, sort, ascending };
  const page = await withOperations(options, (context) => list(context, input));
  if (options.json) printJson(page.items);
  else printRecords(page.items);
  noteMissed(page.missed);
  noteNext(page);
}
