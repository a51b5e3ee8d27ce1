// The command tree. What a command needs to do its work is loaded when it runs, not before.

import type { Command } from "commander";
import { bareProgram } from "./bare-program.ts";
import { registerApi } from "./commands/api.ts";
import { registerApprovals } from "./commands/approvals.ts";
import { registerAudit } from "./commands/audit.ts";
import { registerCache } from "./commands/cache.ts";
import { registerCaches } from "./commands/caches.ts";
import { registerCompletion } from "./commands/completion.ts";
import { registerConfig } from "./commands/config.ts";
import { registerDags } from "./commands/dags.ts";
import { registerDb } from "./commands/db.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { withOptionsBefore, withOptionsBetween } from "./commands/common-options.ts";
import { registerEntries } from "./commands/entries.ts";
import { registerInit } from "./commands/init.ts";
import { registerRuns } from "./commands/runs.ts";
import { registerServices } from "./commands/services.ts";
import { registerTasks } from "./commands/tasks.ts";
import { registerWorkers } from "./commands/workers.ts";

/** Adds the commands of each first word. */
const COMMANDS: Readonly<Record<string, (program: Command) => void>> = {
  init: registerInit,
  dev: registerServices,
  scheduler: registerServices,
  "dag-processor": registerServices,
  worker: registerWorkers,
  "worker-api": registerWorkers,
  workers: registerWorkers,
  queues: registerWorkers,
  "api-server": registerApi,
  ui: registerApi,
  tokens: registerApi,
  db: registerDb,
  dags: registerDags,
  runs: registerRuns,
  tasks: registerTasks,
  entries: registerEntries,
  cache: registerCache,
  caches: registerCaches,
  approvals: registerApprovals,
  audit: registerAudit,
  config: registerConfig,
  doctor: registerDoctor,
  completion: addCompletion,
  complete: addCompletion,
};

function addCompletion(program: Command): void {
  registerCompletion(program, () => createProgram());
}

/**
 * The `memodag` command with its subcommands: all of them, or those that `args` may mean, as making hundreds of
 * options takes time.
 */
export function createProgram(args: readonly string[] = []): Command {
  const program = bareProgram("memodag").description("A DAG orchestrator whose scheduler remembers results.");
  withOptionsBefore(program);
  const meant = args.flatMap((word) => (Object.hasOwn(COMMANDS, word) ? (COMMANDS[word] ?? []) : []));
  const registered = new Set(meant.length > 0 ? meant : Object.values(COMMANDS));
  for (const register of registered) register(program);
  withOptionsBetween(program);
  return program;
}

/** The command that arguments name, as far as they name one: `memodag dags run`. */
export function commandPath(program: Command, args: readonly string[]): string {
  const names = new Map(program.commands.map((command) => [command.name(), command]));
  // Options may stand before a command.
  const at = args.findIndex((word) => names.has(word));
  const next = names.get(args[at] ?? "");
  return next === undefined ? program.name() : `${program.name()} ${commandPath(next, args.slice(at + 1))}`;
}
