// `memodag cache verify`: compares what is stored with its digests.

import { entryName, formatDuration, formatSize } from "@memodag/core";
import type { VerifyReport } from "@memodag/operations/cache";
import type { BadRecord } from "@memodag/result-cache";
import type { Command } from "commander";
import { EXIT_UNSOUND } from "../output/exit-codes.ts";
import { printJson, printLine, printTable } from "../output/print.ts";
import { noteMissed } from "../output/record-table.ts";
import { shortDigest } from "../output/units.ts";
import { withOperations, type CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";

interface VerifyOptions extends CommonOptions {
  readonly repair?: boolean;
}

/** Lines of a table at most; `--json` has them all. */
const MOST_SHOWN = 100;

const PROBLEMS: Readonly<Record<BadRecord["problem"], string>> = {
  result_missing: "entry without its bytes",
  integrity_failed: "entry with damaged bytes",
  seal_wrong: "entry with another result than it was stored with",
};

const ENTRY_PROBLEMS: Readonly<Record<VerifyReport["entries"]["bad"][number]["problem"], string>> = {
  missing: "job cache entry without its bytes",
  damaged: "job cache entry with damaged bytes",
  unreadable: "job cache entry that could not be read",
};

/** Adds `cache verify`. */
export function registerVerify(cache: Command): void {
  withCommonOptions(cache.command("verify"))
    .description(
      "hash all bytes anew, and find entries without bytes or with another result, and bytes without entries",
    )
    .option("--repair", "remove bad entries, and bytes that nothing names; what a run's XCom names is kept")
    .action(verify);
}

async function verify(options: VerifyOptions): Promise<void> {
  const { verifyCache } = await import("@memodag/operations/cache");
  const { repair } = options;
  const found = await withOperations(options, (context) => verifyCache(context, { repair }));
  noteMissed(found.missed);
  if (options.json) printJson(found);
  else show(found);
  if (!found.ok) process.exitCode = EXIT_UNSOUND;
}

function show(found: VerifyReport): void {
  const { checked, seals, badRecords, damaged, orphans, entries, repaired: isRepaired, ok: isSound } = found;
  const rows = [
    ...badRecords.map(({ key, team, dagId, taskId, problem }) => {
      return [
        PROBLEMS[problem],
        shortDigest(key),
        team,
        `${dagId}.${taskId}`,
        null,
        null,
        isRepaired ? "removed" : null,
      ];
    }),
    ...damaged.map(({ digest, team, sizeBytes, isShown }) => {
      const done = isShown ? "kept: an XCom names them" : isRepaired ? "removed" : null;
      return ["damaged bytes", shortDigest(digest), team, null, formatSize(sizeBytes), null, done];
    }),
    ...orphans.map(({ digest, team, sizeBytes, ageMs }) => {
      const age = formatDuration(ageMs);
      const done = isRepaired ? "removed" : null;
      return ["bytes that nothing names", shortDigest(digest), team, null, formatSize(sizeBytes), age, done];
    }),
    ...entries.bad.map(({ digest, team, sizeBytes, problem, error, entries: named }) => {
      const done = problem === "unreadable" ? error : isRepaired ? "removed" : null;
      const first = named[0] ? entryName({ cache: named[0].cache, pattern: named[0].key }) : null;
      return [ENTRY_PROBLEMS[problem], shortDigest(digest), team, first, formatSize(sizeBytes), null, done];
    }),
  ];
  if (rows.length > 0) {
    const headers = ["WHAT", "KEY OR DIGEST", "TEAM", "TASK OR ENTRY", "SIZE", "AGE", "DONE"];
    printTable(headers, rows.slice(0, MOST_SHOWN), "");
    if (rows.length > MOST_SHOWN)
      printLine(`… and ${rows.length - MOST_SHOWN} more: --json prints all of them`);
    printLine("");
  }
  printLine(
    `Checked ${counted(checked.records, "entry", "entries")} and ${counted(checked.results, "result", "results")} of ${formatSize(checked.sizeBytes)}, and ${counted(entries.checked, "entry", "entries")} of job caches of ${formatSize(entries.sizeBytes)}: ` +
      (rows.length === 0 ? "all is sound." : `${rows.length} found.`),
  );
  const unchecked = [
    ...(seals.none > 0 ? [`${counted(seals.none, "entry has", "entries have")} no seal`] : []),
    ...(seals.foreign > 0
      ? [`${counted(seals.foreign, "seal was", "seals were")} made with another secret.key`]
      : []),
  ];
  if (unchecked.length > 0)
    printLine(`Not checked whether the result is the one that was stored: ${unchecked.join(", ")}.`);
  if (isSound) return;
  printLine(
    isRepaired
      ? "What is damaged and kept is a run's own: clear its task to make it anew."
      : "`memodag cache verify --repair` removes what may go.",
  );
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
