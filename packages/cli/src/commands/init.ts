// `memodag init`.

import { relative } from "node:path";
import type { Command } from "commander";
import { printJson, printLine, printNote } from "../output/print.ts";

/** Adds `init`. */
export function registerInit(program: Command): void {
  defineInit(program.command("init"), program.version() ?? "");
}

/** Makes a command what `init` is. The new project asks for `version` of memodag. */
export function defineInit(command: Command, version: string): void {
  command
    .description("make a project: a config, a Dag and its test; overwrites nothing")
    .argument("[folder]", "where, by default the current folder", ".")
    .option("--json", "print JSON")
    .action((folder: string, options: { json?: boolean }) => init(folder, options, version));
}

async function init(folder: string, { json }: { json?: boolean }, version: string): Promise<void> {
  const { initProject } = await import("@memodag/operations/project");
  const report = initProject({ folder, version });
  if (json) return printJson(report);
  for (const path of report.created) printLine(`created   ${path}`);
  for (const path of report.extended) printLine(`extended  ${path}`);
  for (const path of report.kept) printLine(`kept      ${path}`);
  for (const note of report.notes) printNote(note);
  const place = relative(process.cwd(), report.folder);
  printLine("");
  printLine("Next:");
  if (place !== "") printLine(`  cd ${place}`);
  if (!report.isInstalled) printLine("  npm install");
  printLine("  npx memodag dags run hello   # twice: the second run consists of hits alone");
  printLine("  npm test");
}
