// `memodag doctor`: is everything there that memodag needs?

import type { Command } from "commander";
import { EXIT_UNSOUND } from "../output/exit-codes.ts";
import { storeLogger } from "../output/note-logger.ts";
import { printJson, printLine } from "../output/print.ts";
import type { CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";

interface DoctorOptions extends CommonOptions {
  readonly probe?: boolean;
}

/** Adds `doctor`. */
export function registerDoctor(program: Command): void {
  withCommonOptions(program.command("doctor"))
    .description(
      "look whether everything is there: config, database, folders, Dag files, a worker, the cache",
    )
    .option("--probe", "send an attempt that runs nothing through each queue of workers on other machines")
    .action(async (options: DoctorOptions) => await runDoctor(options, program.version() ?? ""));
}

async function runDoctor({ probe, ...options }: DoctorOptions, version: string): Promise<void> {
  const { examine, reportFindings } = await import("@memodag/deployment/doctor");
  const findings = [];
  for await (const finding of examine({ ...options, version, probes: probe }, storeLogger)) {
    findings.push(finding);
    const { status, check, message } = finding;
    if (!options.json) printLine(`${status.padEnd(4)}  ${check.padEnd(8)}  ${message}`);
  }
  const report = reportFindings(findings);
  if (options.json) printJson(report);
  if (!report.ok) process.exitCode = EXIT_UNSOUND;
}
