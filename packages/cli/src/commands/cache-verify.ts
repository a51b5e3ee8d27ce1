// `memodag cache verify`: compares what is stored with its digests.

import { formatDuration, formatSize } from "@memodag/core";
import type { VerifyReport } from "@memodag/operations/cache";
import type { BadRecord } from "@memodag/result-cache";
import type { Command } from "commander";
import { EXIT_UNSOUND } from "../output/exit-codes.ts";
import { printJson, printLine, printTable } from "../output/print.ts";
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
  if (options.json) printJson(found);
  else show(found);
  if (!found.ok) process.exitCode = EXIT_UNSOUND;
}

function show(found: VerifyReport): void {
  const { checked, seals, badRecords, damaged, orphans, repaired: isRepaired, ok: isSound } = found;
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
  ];
  if (rows.length > 0) {
    const headers = ["WHAT", "KEY OR DIGEST", "TEAM", "TASK", "SIZE", "AGE", "DONE"];
    printTable(headers, rows.slice(0, MOST_SHOWN), "");
    if (rows.length > MOST_SHOWN)
      printLine(`… and ${rows.length - MOST_SHOWN} more: --json prints all of them`);
    printLine("");
  }
  printLine(
    `Checked ${counted(checked.records, "entry", "entries")} and ${counted(checked.results, "result", "results")} of ${formatSize(checked.sizeBytes)}: ` +
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
