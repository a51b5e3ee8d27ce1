// `memodag cache locks`: which keys are locked, by whom, and who waits.

import type { Command } from "commander";
import { DEFAULT_TEAM } from "@memodag/core";
import type { LockReport } from "@memodag/operations/cache";
import { EXIT_INCOMPLETE } from "../output/exit-codes.ts";
import { printJson, printLine, printTable } from "../output/print.ts";
import { noteMissed } from "../output/record-table.ts";
import { shortDigest } from "../output/units.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseDigest } from "./parse-arguments.ts";

interface LockOptions extends TeamOptions {
  readonly release?: string;
}

/** Adds `cache locks`. */
export function registerLocks(cache: Command): void {
  withTeamOptions(cache.command("locks"))
    .description("keys that are locked by tasks with isolation: serializable, who holds them, how many wait")
    .option("--release <key>", "free the lock of this key, or of its first digits", parseDigest)
    .action(showLocks);
}

async function showLocks({ release, ...options }: LockOptions): Promise<void> {
  const { team } = options;
  const { listLocks, releaseLock } = await import("@memodag/operations/cache");
  if (release === undefined) {
    const { items, missed } = await withOperations(options, (context) => listLocks(context, { team }));
    noteMissed(missed);
    return options.json ? printJson(items) : printLocks(items);
  }
  const freed = await withOperations(options, (context) => releaseLock(context, { key: release, team }));
  noteMissed(freed.missed);
  if (freed.missed) process.exitCode = EXIT_INCOMPLETE;
  if (options.json) return printJson(freed);
  for (const { key, store, holder } of freed.released)
    printLine(`Released the lock of ${key} in ${store}, which ${holder} held.`);
  if (freed.released.length === 0) printLine(`No lock is held of a key that begins with ${release}.`);
}

function printLocks(locks: readonly LockReport[]): void {
  const hasTeams = locks.some(({ team }) => team !== DEFAULT_TEAM);
  printTable(
    [...(hasTeams ? ["TEAM"] : []), "KEY", "STORE", "HOLDER", "EXPIRES", "WAITING"],
    locks.map(({ team, key, store, holder, expiresAt, waiting }) => [
      ...(hasTeams ? [team] : []),
      shortDigest(key),
      store,
      holder,
      expiresAt,
      waiting,
    ]),
    "No key is locked.",
  );
}
