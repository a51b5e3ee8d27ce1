// `memodag cache ls`: the entries, in one order or another, page by page.

import { DEFAULT_TEAM, formatDuration, formatSize } from "@memodag/core";
import { RECORD_SORTS, type CacheRecord, type RecordSort } from "@memodag/result-cache";
import { Option, type Command } from "commander";
import { printJson, printNote, printTable } from "../output/print.ts";
import type { Row } from "../output/table.ts";
import { shortDigest, shownAge, shownDuration } from "../output/units.ts";
import { reportRecord } from "@memodag/operations/cache";
import { withOperations } from "../wiring/deployment.ts";
import { type FilterOptions, toRecordFilter, withFilterOptions } from "./cache-filter.ts";
import { withTeamOptions } from "./common-options.ts";
import { parseCount, parseIndex } from "./parse-arguments.ts";

interface LsOptions extends FilterOptions {
  readonly sort: RecordSort;
  readonly asc?: boolean;
  readonly desc?: boolean;
  readonly limit: number;
  readonly offset: number;
}

/** Adds `cache ls`. */
export function registerLs(cache: Command): void {
  withFilterOptions(withTeamOptions(cache.command("ls")))
    .description("the entries: the newest, largest, most hit, or those that saved most")
    .addOption(
      new Option("--sort <what>", "in the order of age, size, hits or time saved")
        .choices(RECORD_SORTS)
        .default("age"),
    )
    .addOption(new Option("--asc", "the least first; the default for age, so the newest").conflicts("desc"))
    .addOption(new Option("--desc", "the most first; the default for all but age").conflicts("asc"))
    .option("--limit <n>", "how many at most", parseCount, 100)
    .option("--offset <n>", "how many to pass over", parseIndex, 0)
    .action(listRecords);
}

async function listRecords(options: LsOptions): Promise<void> {
  const { limit, offset, sort } = options;
  const found = await withOperations(options, async (context, metadata) => {
    const filter = await toRecordFilter(metadata, options);
    // One more than is shown, to know whether there is more.
    return await metadata.records.list(filter, {
      limit: limit + 1,
      offset,
      sort,
      ascending: isAscending(options),
    });
  });
  const records = found.slice(0, limit);
  if (options.json) return printJson(records.map(reportRecord));
  printRecords(records);
  if (found.length > limit) printNote(`There are more: --offset ${offset + limit} shows the next.`);
}

/** By the store's order, which is that of the making where people see ages. */
function isAscending({ sort, asc, desc }: LsOptions): boolean {
  return sort === "age" ? desc === true : asc === true;
}

/** Prints entries as people read them; teams where there are several. */
export function printRecords(records: readonly CacheRecord[]): void {
  const hasTeams = records.some(({ team }) => team !== DEFAULT_TEAM);
  const columns = [
    "KEY",
    "DAG",
    "TASK",
    "AGE",
    "EXPIRES",
    "SIZE",
    "TOOK",
    "HITS",
    "SAVED",
    "LAST HIT",
    "RUN",
  ];
  printTable(
    hasTeams ? ["TEAM", ...columns] : columns,
    records.map((record) => (hasTeams ? [record.team, ...rowOf(record)] : rowOf(record))),
    "Nothing is remembered that matches.",
  );
}

function rowOf(record: CacheRecord): Row {
  const now = record.createdAt + record.ageMs;
  return [
    shortDigest(record.key),
    record.dagId,
    record.taskId,
    formatDuration(record.ageMs),
    shownExpiry(now, record.expiresAt),
    formatSize(reportRecord(record).sizeBytes),
    shownDuration(record.durationMs),
    record.hitCount,
    formatDuration(record.hitCount * record.durationMs),
    shownAge(record.lastHitAt, now),
    record.producer.runId,
  ];
}

/** Both times are the store's, so the host's clock has no say. */
function shownExpiry(now: number, expiresAt: number | null): string {
  if (expiresAt === null) return "never";
  return expiresAt <= now ? "expired" : `in ${formatDuration(expiresAt - now)}`;
}
