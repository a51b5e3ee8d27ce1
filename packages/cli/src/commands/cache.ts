// `memodag cache show | stats`, and the way to the other commands about the cache.

import type { Command } from "commander";
import { DEFAULT_TEAM, formatDuration, formatSize } from "@memodag/core";
import { printFacts, printJson, printLine, printNote, printTable } from "../output/print.ts";
import { shownDuration } from "../output/units.ts";
import type { CacheHealth } from "@memodag/operations/cache";
import { reportDiffering, reportRecord, shownDiffering } from "@memodag/operations/cache";
import { withOperations } from "../wiring/deployment.ts";
import { type FilterOptions, toRecordFilter, withFilterOptions } from "./cache-filter.ts";
import { registerDiff } from "./cache-diff.ts";
import { registerExplain } from "./cache-explain.ts";
import { registerGc } from "./cache-gc.ts";
import { registerLs } from "./cache-ls.ts";
import { registerPurge } from "./cache-purge.ts";
import { registerSwitch } from "./cache-switch.ts";
import { registerVerify } from "./cache-verify.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseDigest } from "./parse-arguments.ts";

/** Adds the `cache` commands. */
export function registerCache(program: Command): void {
  const cache = program.command("cache").description("What is remembered.");
  registerLs(cache);
  withTeamOptions(cache.command("show"))
    .description("an entry: where it came from, what its key is made of, its value")
    .argument("<key>", "the key or its first digits", parseDigest)
    .action(showRecord);
  withFilterOptions(withTeamOptions(cache.command("stats")))
    .description("how much is remembered, and what was counted for the tasks in question")
    .action(showStats);
  registerExplain(cache);
  registerDiff(cache);
  registerPurge(cache);
  registerGc(cache);
  registerVerify(cache);
  registerSwitch(cache);
}

const LONGEST_VALUE = 2_000;

async function showRecord(keyOrPrefix: string, options: TeamOptions): Promise<void> {
  const { getRecord, readRecordValues } = await import("@memodag/operations/cache");
  const { record, values } = await withOperations(options, async (context, metadata) => {
    const found = await getRecord(metadata.records, keyOrPrefix, options.team);
    return { record: found, values: await readRecordValues(metadata.results, found) };
  });
  const report = reportRecord(record);
  const differing = reportDiffering(record);
  if (options.json) return printJson({ ...report, ...differing, components: record.components, values });
  const { producer, components, ...facts } = { ...report, components: record.components };
  printFacts({
    ...facts,
    sizeBytes: `${formatSize(report.sizeBytes)} (${report.sizeBytes})`,
    durationMs: formatDuration(report.durationMs),
    producer: `run ${producer.runId}, mapIndex ${producer.mapIndex}, try ${producer.tryNumber}`,
    lastHitAt: report.lastHitAt ?? "never",
    expiresAt: report.expiresAt ?? "never",
    version: components.version,
    ...(record.error && { failure: `${record.error.code}: ${record.error.message}` }),
    ...(record.differing && { nondeterministic: shownDiffering(record.differing) }),
  });
  const parts = (["inputs", "context", "env"] as const).flatMap((part) =>
    Object.entries(components[part]).map(([name, digest]) => [
      part,
      name,
      components.shown?.[`${part}.${name}`] ?? null,
      digest,
    ]),
  );
  if (parts.length > 0) {
    printLine("");
    printTable(["KEY PART", "NAME", "VALUE", "DIGEST"], parts, "");
    printLine("");
  }
  for (const [key, value] of Object.entries(values))
    printLine(`${key} = ${shortened(JSON.stringify(value))}`);
}

function shortened(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}… (--json prints all of it)`;
}

async function showStats(options: FilterOptions): Promise<void> {
  const { readCacheStats } = await import("@memodag/operations/cache");
  const { readCacheHealth } = await import("@memodag/operations/cache");
  const { stats, health } = await withOperations(options, async (context, metadata) => {
    const healthNow = await readCacheHealth({
      ...metadata,
      configOffReason: context.settings.cachingOffReason(),
    });
    try {
      const filter = await toRecordFilter(metadata, options);
      return { stats: await readCacheStats(metadata, filter), health: healthNow };
    } catch (error) {
      // Of a backend that is away, this is what there is to show.
      if (options.json) printJson(healthNow);
      else printHealth(healthNow);
      throw error;
    }
  });
  if (options.json) return printJson({ ...stats, ...health });
  const columns = ["ENTRIES", "SIZE", "HITS", "MISSES", "HIT RATE", "SAVED", "LOOKUP", "FAILED", "DIFFERED"];
  const hasTeams = stats.tasks.some(({ team }) => team !== DEFAULT_TEAM);
  printTable(
    [...(hasTeams ? ["TEAM"] : []), "DAG", "TASK", ...columns],
    [...stats.tasks, { ...stats, team: "", dagId: "all", taskId: "" }].map((line) => [
      ...(hasTeams ? [line.team] : []),
      line.dagId,
      line.taskId,
      line.entries,
      formatSize(line.sizeBytes),
      line.hits,
      line.misses,
      line.hitRate === null ? null : `${Math.round(line.hitRate * 100)}%`,
      formatDuration(line.savedMs),
      shownDuration(line.lookupAvgMs),
      line.lookupTimeouts + line.lookupFailures + line.putFailures,
      line.nondeterministic,
    ]),
    "",
  );
  printHealth(health);
}

function printHealth({ offReason, breakers }: CacheHealth): void {
  if (offReason !== null) printNote(`Caching is off: ${offReason}.`);
  for (const { scheduler, state, since, error } of breakers) {
    const why = error === null ? "" : `: ${error}`;
    printNote(`Scheduler ${scheduler} leaves the cache alone (${state} since ${since})${why}`);
  }
}
