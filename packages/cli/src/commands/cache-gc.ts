// `memodag cache gc`: removes what is of no use any more.

import { formatDuration, formatSize } from "@memodag/core";
import type { Collection, CollectionPlan, Collector, DoomedItem } from "@memodag/result-cache";
import type { Command } from "commander";
import { printJson, printLine, printTable } from "../output/print.ts";
import { shortDigest } from "../output/units.ts";
import { audited, newAct } from "@memodag/operations";
import { withOperations } from "../wiring/deployment.ts";
import type { OperationContext } from "@memodag/operations";
import type { CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";

interface GcOptions extends CommonOptions {
  readonly dryRun?: boolean;
}

/** Things that a dry run names at most; it counts them all. */
const MOST_NAMED = 1_000;

const WHAT = {
  expired: "expired entries",
  evicted: "entries over max_size",
  bytes: "results that nothing names",
  superseded: "superseded Dag versions and artifacts",
  explanations: "explanations of more than 30 days ago",
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
  const { openCollector } = await import("@memodag/operations/cache");
  await withOperations(options, async (context, metadata) => {
    const collector = await openCollector(metadata, context.settings);
    if (options.dryRun) showPlan(await collector.plan(MOST_NAMED), options);
    else showCollection(await collectAudited(context, collector), options);
  });
}

async function collectAudited(context: OperationContext, collector: Collector): Promise<Collection> {
  return await audited(
    context.stores.audit,
    newAct(context.actor, "cache.gc", null, {}),
    () => collector.collect(),
    (collection) => Object.values(amountsOf(collection)).reduce((sum, { count }) => sum + count, 0),
  );
}

function showCollection(collection: Collection, { json }: GcOptions): void {
  if (json) printJson({ dryRun: false, ...amountsOf(collection) });
  else printAmounts(collection, "Nothing had to go.");
}

function showPlan(plan: CollectionPlan, { json }: GcOptions): void {
  if (json) return printJson({ dryRun: true, ...amountsOf(plan), items: plan.items });
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

function amountsOf({ expired, evicted, bytes, superseded, explanations }: Collection): Collection {
  return { expired, evicted, bytes, superseded, explanations };
}

function printAmounts(collection: Collection, empty: string): void {
  const rows = Object.entries(amountsOf(collection)) as [keyof Collection, Collection["bytes"]][];
  printTable(
    ["WHAT", "COUNT", "SIZE"],
    rows
      .filter(([, { count }]) => count > 0)
      .map(([kind, { count, sizeBytes }]) => [WHAT[kind], count, formatSize(sizeBytes)]),
    empty,
  );
}
