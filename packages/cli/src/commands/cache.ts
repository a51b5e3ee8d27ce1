// `memodag cache show | stats`, and the way to the other commands about the cache.

import type { Command } from "commander";
import { DEFAULT_TEAM, formatDuration, formatSize } from "@memodag/core";
import type { CacheHealth, CacheStats, DifferingReport } from "@memodag/operations/cache";
import { printFacts, printJson, printLine, printNote, printTable } from "../output/print.ts";
import { noteMissed } from "../output/record-table.ts";
import { shownDuration, shownValue } from "../output/units.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type FilterOptions, toSelection, withFilterOptions } from "./cache-filter.ts";
import { registerDiff } from "./cache-diff.ts";
import { registerExplain } from "./cache-explain.ts";
import { registerGc } from "./cache-gc.ts";
import { registerKeygen } from "./cache-keygen.ts";
import { registerLocks } from "./cache-locks.ts";
import { registerLs } from "./cache-ls.ts";
import { registerPurge } from "./cache-purge.ts";
import { registerRecheck } from "./cache-recheck.ts";
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
    .option("--scope <name>", "the entry of this scope; default: that of the config")
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
  registerLocks(cache);
  registerRecheck(cache);
  registerKeygen(cache);
}

async function showRecord(key: string, options: TeamOptions & { readonly scope?: string }): Promise<void> {
  const { showRecord: show } = await import("@memodag/operations/cache");
  const record = await withOperations(options, (context) =>
    show(context, { key, team: options.team, scope: options.scope }),
  );
  if (options.json) return printJson(record);
  const { nondeterministicCount, lastDiffering, components, values, error, attestation, ...report } = record;
  const { producer, ageMs: _ageMs, savedMs: _savedMs, ...facts } = report;
  printFacts({
    ...facts,
    sizeBytes: `${formatSize(report.sizeBytes)} (${report.sizeBytes})`,
    durationMs: formatDuration(report.durationMs),
    producer: `run ${producer.runId}, mapIndex ${producer.mapIndex}, try ${producer.tryNumber}`,
    lastHitAt: report.lastHitAt ?? "never",
    expiresAt: report.expiresAt ?? "never",
    version: components.version,
    ...(attestation && { signedBy: attestation.signatures.map(({ keyid }) => keyid).join(" ") }),
    ...(error && { failure: `${error.code}: ${error.message}` }),
    ...(lastDiffering && { nondeterministic: shownDiffering(nondeterministicCount, lastDiffering) }),
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
  for (const [name, value] of Object.entries(values)) printLine(`${name} = ${shownValue(value)}`);
}

type Differing = NonNullable<DifferingReport["lastDiffering"]>;

function shownDiffering(count: number, { resultDigest, runId, at }: Differing): string {
  const results = count === 1 ? "1 result" : `${count} results`;
  return `${results} with other bytes, the last by run ${runId} at ${at}: ${resultDigest}`;
}

async function showStats(options: FilterOptions): Promise<void> {
  const { cacheHealth, cacheStats, recheckText } = await import("@memodag/operations/cache");
  const stats = await withOperations(options, async (context) => {
    try {
      return await cacheStats(context, toSelection(options));
    } catch (error) {
      // Of a backend that is away, this is what there is to show.
      const health = await cacheHealth(context);
      if (options.json) printJson(health);
      else printHealth(health);
      throw error;
    }
  });
  noteMissed(stats.missed);
  if (options.json) return printJson(stats);
  printStats(stats);
  printStores(stats);
  for (const fault of stats.recheckFaults ?? []) printNote(`Rechecks: ${recheckText(fault)}.`);
  printHealth(stats);
}

function printStats(stats: CacheStats): void {
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
}

function printStores({ stores }: CacheStats): void {
  if (!stores) return;
  printLine("");
  printTable(
    ["STORE", "ENTRIES", "SIZE"],
    stores.map(({ store, entries, sizeBytes }) => [
      store ?? "the deployment's",
      entries,
      formatSize(sizeBytes),
    ]),
    "",
  );
}

function printHealth({ offReason, breakers }: CacheHealth): void {
  if (offReason !== null) printNote(`Caching is off: ${offReason}.`);
  for (const { scheduler, state, since, error } of breakers) {
    const why = error === null ? "" : `: ${error}`;
    printNote(`Scheduler ${scheduler} leaves the cache alone (${state} since ${since})${why}`);
  }
}
