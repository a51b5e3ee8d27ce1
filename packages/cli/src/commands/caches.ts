// `memodag caches`: the caches that the config names, of values and of entries.

import type { Command } from "commander";
import { isConfirmed } from "../output/confirm.ts";
import { EXIT_DECLINED } from "../output/exit-codes.ts";
import { printJson, printLine, printNote, printTable } from "../output/print.ts";
import { withOperations } from "../wiring/deployment.ts";
import { withTeamOptions, type TeamOptions } from "./common-options.ts";

interface ClearOptions extends TeamOptions {
  readonly under?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Adds the `caches` commands. */
export function registerCaches(program: Command): void {
  const caches = program
    .command("caches")
    .description("Caches that the config names: of values and of entries.");
  withTeamOptions(caches.command("ls"))
    .description("the caches of [[caches]], and how much is in each")
    .action(list);
  withName(caches.command("stats"))
    .description("what is in a cache, and how often values were used")
    .action(stats);
  withName(caches.command("clear"))
    .description("remove all values or entries of a cache, effective immediately")
    .option("--under <group>", "only those whose keys are in this group, at any depth")
    .option("--dry-run", "count what would be removed, and remove nothing")
    .option("--yes", "do not ask for confirmation")
    .action(clear);
}

function withName(command: Command): Command {
  return withTeamOptions(command).argument("<name>", "the name of the cache in the config");
}

async function list(options: TeamOptions): Promise<void> {
  const { listCaches } = await import("@memodag/operations/caches");
  const { team } = options;
  const found = await withOperations(options, (context) => listCaches(context, { team }));
  if (options.json) return printJson(found);
  const { formatSize } = await import("@memodag/core");
  printTable(
    ["NAME", "TEAM", "KIND", "SCOPE", "STORE", "NUMBER", "SIZE"],
    found.map(({ name, team: of, kind, scope, store, enabled, size, sizeBytes }) => [
      enabled ? name : `${name} (disabled)`,
      of,
      kind,
      scope ?? "team",
      store,
      size ?? "?",
      sizeBytes === null ? "" : formatSize(sizeBytes),
    ]),
    "The config names no caches.",
  );
  for (const { problem } of found) if (problem !== null) printNote(problem);
}

async function stats(name: string, options: TeamOptions): Promise<void> {
  const { namedCacheStats } = await import("@memodag/operations/caches");
  const found = await withOperations(options, (context) =>
    namedCacheStats(context, { name, team: options.team }),
  );
  if (options.json) return printJson(found);
  const rows = Object.entries(found).map(([key, value]) => [
    key,
    Array.isArray(value) ? value.join(", ") : String(value ?? "no limit"),
  ]);
  printTable(["WHAT", "VALUE"], rows, "");
}

async function clear(name: string, options: ClearOptions): Promise<void> {
  const { clearCache, planClear } = await import("@memodag/operations/caches");
  const { team, under, json, dryRun, yes } = options;
  const input = { name, team, under };
  if (dryRun) {
    const plan = await withOperations(options, (context) => planClear(context, input));
    return json ? printJson(plan) : printLine(`Would remove ${counted(plan.wouldClear, plan.kind)}.`);
  }
  let isDeclined = false;
  const ask = async (...found: Parameters<typeof counted>): Promise<boolean> =>
    !(isDeclined = !(await isConfirmed("Remove", `${counted(...found)} of ${name}`)));
  const cleared = await withOperations(options, (context) =>
    clearCache(context, input, yes ? undefined : ask),
  );
  if (isDeclined) process.exitCode = EXIT_DECLINED;
  if (json) printJson(cleared);
  else if (isDeclined) printNote("Nothing was removed.");
  else printLine(`Removed ${counted(cleared.cleared, cleared.kind)}.`);
}

function counted(count: number, kind: "entries" | "values"): string {
  if (count === 1) return kind === "entries" ? "1 entry" : "1 value";
  return `${count} ${kind}`;
}
