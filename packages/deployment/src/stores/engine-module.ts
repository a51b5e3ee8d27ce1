// Loads the module of the queue through which attempts come to workers on other machines.

import type { LoadedConfig } from "@memodag/config";
import { importModule, MemodagError, messageOf, systemClock, type Logger } from "@memodag/core";
import type { EngineModule, EngineOptions } from "@memodag/remote-executor";
import { resolveFrom } from "./resolve-from.ts";

/** Queues that have packages of their own: nothing of their SDKs is installed with memodag. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ["bullmq", "@memodag/bullmq"],
  ["kubernetes", "@memodag/kubernetes"],
]);

/** Returns the module that `[core] executor` names. @throws MemodagError `config_invalid` */
export async function loadEngineModule({ config, projectDir }: LoadedConfig): Promise<EngineModule> {
  const { executor } = config.core;
  if (executor === "local") {
    throw invalid(
      '[core] executor = "local" runs tasks in the scheduler: set it to the queue of this deployment, such as "bullmq"',
      executor,
    );
  }
  const specifier = PACKAGES.get(executor) ?? executor;
  const module = (await importFrom(specifier, executor, projectDir)) as Partial<EngineModule>;
  if (typeof module.openDispatchEngine === "function") return module as EngineModule;
  throw invalid(
    `[core] executor = "${executor}": the module ${specifier} does not export openDispatchEngine`,
    executor,
  );
}

/** Options for opening either side of the queue. */
export function engineOptions({ config, projectDir }: LoadedConfig, log: Logger): EngineOptions {
  const { url = "", prefix, options = "" } = config.executor;
  return { url, prefix, options, projectDir, clock: systemClock, log };
}

async function importFrom(specifier: string, executor: string, projectDir: string): Promise<unknown> {
  const isOurs = PACKAGES.has(executor);
  try {
    // A package of ours may be installed beside a memodag that is not the project's, such as a global one.
    const url = await resolveFrom(projectDir, specifier).catch((error: unknown) => {
      if (!isOurs) throw error;
      return resolveFrom(import.meta.dirname, specifier);
    });
    return await importModule(url);
  } catch (error) {
    const fix = isOurs
      ? `install it: \`npm install ${specifier}\``
      : "write the path of a module or the name of an installed package";
    throw invalid(
      `[core] executor = "${executor}": the module ${specifier} cannot be loaded from ${projectDir} (${messageOf(error)}): ${fix}`,
      executor,
      error,
    );
  }
}

function invalid(message: string, executor: string, cause?: unknown): MemodagError {
  return new MemodagError("config_invalid", message, { cause, fields: { executor } });
}
