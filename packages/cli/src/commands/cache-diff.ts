// `memodag cache diff`: what is different between the keys of two entries, by name.

import type { Command } from "commander";
import { printJson, printTable } from "../output/print.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseDigest } from "./parse-arguments.ts";

/** Adds `cache diff`. */
export function registerDiff(cache: Command): void {
  withTeamOptions(cache.command("diff"))
    .description("what is different between the keys of two entries")
    .argument("<before>", "a key or its first digits", parseDigest)
    .argument("<after>", "another key or its first digits", parseDigest)
    .action(diff);
}

async function diff(before: string, after: string, options: TeamOptions): Promise<void> {
  const { diffRecords } = await import("@memodag/operations/cache");
  const { team } = options;
  const changes = await withOperations(options, (context) => diffRecords(context, { before, after, team }));
  if (options.json) return printJson(changes);
  printTable(
    ["CHANGED", "NAME", "BEFORE", "AFTER"],
    changes.map(({ kind, path, before: from, after: to }) => [kind, path, from ?? "–", to ?? "–"]),
    "Both keys are made of the same.",
  );
}
