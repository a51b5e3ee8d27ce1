// `memodag config show | check`.

import type { Command } from "commander";
import { printJson, printLine, printNote, printTable } from "../output/print.ts";
import type { CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";

/** Adds the `config` commands. */
export function registerConfig(program: Command): void {
  const config = program.command("config").description("The config that holds, and where it comes from.");
  withCommonOptions(config.command("show"))
    .description("every key with its value and origin; passwords are hidden")
    .action(showConfig);
  withCommonOptions(config.command("check"))
    .description("refuse a config with faults, listing all of them")
    .action(checkConfig);
}

async function showConfig(options: CommonOptions): Promise<void> {
  const { describeConfig } = await import("@memodag/config");
  const { loadSettings } = await import("@memodag/deployment/config");
  const loaded = await loadSettings(options);
  const keys = describeConfig(loaded);
  if (options.json) return printJson({ file: loaded.file, keys });
  printLine(`# ${loaded.file ?? "no config file: built-in defaults"}`);
  printTable(
    ["KEY", "VALUE", "FROM"],
    keys.map(({ path, value, origin }) => [path, value === null ? null : String(value), origin]),
    "",
  );
}

async function checkConfig(options: CommonOptions): Promise<void> {
  const { checkFolders, listWarnings } = await import("@memodag/config");
  const { loadSettings } = await import("@memodag/deployment/config");
  const loaded = await loadSettings(options);
  checkFolders(loaded);
  const { checkBackendModules } = await import("@memodag/deployment/stores");
  await checkBackendModules(loaded);
  const { file } = loaded;
  const warnings = listWarnings(loaded);
  if (options.json) return printJson({ file, ok: true, warnings });
  for (const { path, message } of warnings) printNote(`warning: ${path}: ${message}`);
  printLine(`${file ?? "no config file; built-in defaults"}: ok`);
}
