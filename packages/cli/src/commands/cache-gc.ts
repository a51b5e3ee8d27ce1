// `memodag cache gc`: removes expired, evicted and unreferenced data.

import { formatDuration, formatSize } from "@memodag/core";
import type { Collected, PlannedCollection } from "@memodag/operations/cache";
import type { Collection, DoomedItem } from "@memodag/result-cache";
import type { Command } from "commander";
import { printJson, printLine, printTable } from "../output/print.ts";
import { shortDigest } from "../output/units.ts";
import { withOperations, type CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";

interface GcOptions extends CommonOptions {
  readonly dryRun?: boolean;
}

const WHAT = {
  expired: "expired entries",
  evicted: "entries over max_size",
  bytes: "results that nothing names",
  superseded: "superseded Dag versions and artifacts",
  explanations: "explanations of more than 30 days ago",
  entries: "entries of job caches and their bytes",
} as const satisfies Record<keyof Collection, string>;

const KIND: Readonly<Record<DoomedItem["kind"], string>> = {
  expired: "expired entry",
  evicted: "entry over max_size",
  bytes: "result that nothing names",
};

/** Adds `cache gc`. */
export function registerGc(cache: Command): void {
  withCommonOptions(cache.command("gc"))
    .description("remove what has expired, is over [task_cache] max_size, or is named by nothing")
    .option("--dry-run", "say what would go, and remove nothing")
    .action(collect);
}

async function collect(options: GcOptions): Promise<void> {
  const { collectCache, planCollection } = await import("@memodag/operations/cache");
  const outcome = await withOperations<Collected | PlannedCollection>(options, (context) =>
    options.dryRun ? planCollection(context) : collectCache(context),
  );
  if (options.json) printJson(outcome);
  else if (outcome.dryRun) showPlan(outcome);
  else printAmounts(outcome, "Nothing had to go.");
}

function showPlan(plan: PlannedCollection): void {
  if (plan.items.length > 0) {
    printTable(
      ["WHAT", "KEY OR DIGEST", "TEAM", "DAG", "TASK", "SIZE", "AGE"],
      plan.items.map((item) => [
        KIND[item.kind],
        shortDigest(item.name),
        item.team,
        item.dagId,
        item.taskId,
        formatSize(item.sizeBytes),
        formatDuration(item.ageMs),
      ]),
      "",
    );
    printLine("");
  }
  printAmounts(plan, "Nothing would go.");
  if (plan.expired.count + plan.evicted.count > 0) {
    printLine("The bytes of these entries go, too, where nothing else names them.");
  }
}

function printAmounts(collection: Collection, empty: string): void {
  const kinds = Object.keys(WHAT) as (keyof Collection)[];
  printTable(
    ["WHAT", "COUNT", "SIZE"],
    kinds
      .filter((kind) => collection[kind].count > 0)
      .map((kind) => [WHAT[kind], collection[kind].count, formatSize(collection[kind].sizeBytes)]),
    empty,
  );
}
