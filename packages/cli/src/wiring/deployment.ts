// Opens the deployment that a command's options name, and closes it when the command is done.

import { relative } from "node:path";
import type { LoadedConfig } from "@memodag/config";
import { systemClock, type Logger } from "@memodag/core";
import type { Deployment } from "@memodag/deployment/stores";
import type { OperationContext, RunPlanner } from "@memodag/operations";
import { printNote } from "../output/print.ts";
import { noteLogger, storeLogger } from "../output/note-logger.ts";

/** Options of every command. */
export interface CommonOptions {
  /** Path of the config file. */
  readonly config?: string;
  /** Print JSON in place of tables. */
  readonly json?: boolean;
}

/** The work of a command on a deployment. */
export type Work<T> = (context: OperationContext, deployment: Deployment) => Promise<T>;

/** Does what a command is for, in the name of the user of this process. */
export async function withOperations<T>(options: CommonOptions, work: Work<T>): Promise<T> {
  const { loadSettings } = await import("@memodag/deployment/config");
  const { operationContext, withDeployment } = await import("@memodag/deployment/stores");
  const loaded = await loadSettings(options);
  if (options.config === undefined) noteConfigAbove(loaded.file);
  return await withDeployment({ loaded, log: storeLogger }, async (deployment) => {
    const parts = { clock: systemClock, log: noteLogger, openPlanner };
    return await work(operationContext(deployment, parts), deployment);
  });
}

/** A config found above the current folder is named: it may be another project's. */
function noteConfigAbove(file: string | null): void {
  const path = file === null ? "" : relative(process.cwd(), file);
  if (path.startsWith("..") && process.env["MEMODAG_CONFIG"] === undefined) printNote(`Config: ${path}`);
}

/** {@link withOperations} with the Dags up to date, where this machine alone looks after them. */
export async function withDags<T>(options: CommonOptions, work: Work<T>): Promise<T> {
  return await withOperations(options, async (context, deployment) => {
    const { refreshOwnDags } = await import("@memodag/deployment/dags");
    await refreshOwnDags(deployment, context);
    return await work(context, deployment);
  });
}

/** Loaded when a plan is made: it brings the scheduler. */
async function openPlanner(deployment: Deployment, log: Logger, loaded: LoadedConfig): Promise<RunPlanner> {
  const { openPlanner: open } = await import("@memodag/deployment/scheduler");
  return await open(deployment, log, loaded);
}
