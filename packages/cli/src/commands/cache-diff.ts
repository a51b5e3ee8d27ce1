// `memodag cache diff`: what is different between the keys of two entries, by name.

import type { Command } from "commander";
import { compareComponents, type CacheRecord } from "@memodag/result-cache";
import { printJson, printTable } from "../output/print.ts";
import { getRecord } from "@memodag/operations/cache";
import { withOperations } from "../wiring/deployment.ts";
import type { Deployment } from "@memodag/deployment/stores";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseDigest } from "./parse-arguments.ts";

/** Adds `cache diff`. */
export function registerDiff(cache: Command): void {
  withTeamOptions(cache.command("diff"))
    .description("what is different between the keys of two entries")
    .argument("<before>", "a key or its first digits", parseDigest)
    .argument("<after>", "another key or its first digits", parseDigest)
    .action(diffRecords);
}

async function diffRecords(before: string, after: string, options: TeamOptions): Promise<void> {
  const changes = await withOperations(options, async (context, metadata) => {
    const [a, b] = await Promise.all(
      [before, after].map((key) => getRecord(metadata.records, key, options.team)),
    );
    if (!a || !b) throw new Error("an entry was not found, and nothing was thrown");
    const [from, to] = await Promise.all([a, b].map((record) => comparedKeyOf(metadata, record)));
    if (!from || !to) throw new Error("an entry has no key");
    return compareComponents(from, to);
  });
  if (options.json) return printJson(changes);
  printTable(
    ["CHANGED", "NAME", "BEFORE", "AFTER"],
    changes.map(({ kind, path, before: from, after: to }) => [kind, path, from ?? "–", to ?? "–"]),
    "Both keys are made of the same.",
  );
}

async function comparedKeyOf({ dags }: Deployment, { team, sourceHash, components }: CacheRecord) {
  const sources = await dags.findTaskSources(team, [sourceHash]);
  return { components, source: sources.get(sourceHash) };
}
