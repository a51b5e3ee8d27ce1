// `memodag doctor`: is everything there that memodag needs?

import type { Command } from "commander";
import { EXIT_UNSOUND } from "../output/exit-codes.ts";
import { storeLogger } from "../output/note-logger.ts";
import { printJson, printLine } from "../output/print.ts";
import type { CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";

/** Adds `doctor`. */
export function registerDoctor(program: Command): void {
  withCommonOptions(program.command("doctor"))
    .description(
      "look whether everything is there: config, database, folders, Dag files, a worker, the cache",
    )
    .action(runDoctor);
}

async function runDoctor(options: CommonOptions): Promise<void> {
  const { examine, reportFindings } = await import("@memodag/deployment/doctor");
  const findings = [];
  for await (const finding of examine(options, storeLogger)) {
    findings.push(finding);
    const { status, check, message } = finding;
    if (!options.json) printLine(`${status.padEnd(4)}  ${check.padEnd(8)}  ${message}`);
  }
  const report = reportFindings(findings);
  if (options.json) printJson(report);
  if (!report.ok) process.exitCode = EXIT_UNSOUND;
}
