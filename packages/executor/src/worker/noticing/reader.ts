// Finds the code that reads something, from the stack.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { pathOfModule, type PackageFolders } from "./package-folders.ts";

/** The code that reads. */
export interface Reader {
  /** Name of the package that reads; `null`: the author's own code, or code without a known file. */
  readonly packageName: string | null;
  /** The Node module that reads on its behalf, such as `node:child_process`, or `null`. */
  readonly builtin: string | null;
}

const FRAMES = 24;
const FILE_FUNCTIONS = ["node:fs", "node:internal/fs/promises"];

/** Parts of Node that read for themselves: the code that they load is noticed by hooks. */
const LOADERS = ["node:internal/modules/", "node:internal/source_map/"];

/** The bundle that this module is part of: the worker reads nothing on its own behalf. */
const WORKER = new URL(".", import.meta.url).href;
const WORKER_FOLDER = fileURLToPath(WORKER);

/** The folder of the worker's bundle, or of its sources. */
export const workerFolder: string = dirname(WORKER_FOLDER + "x");

/** Returns the reader that called `called`, a function on the stack. */
export function findReader(packages: PackageFolders, called: (...args: never[]) => unknown): Reader {
  let builtin: string | null = null;
  for (const file of filesAbove(called)) {
    // A function of `node:fs` that calls another one reads for its own caller.
    if (FILE_FUNCTIONS.includes(file)) continue;
    if (file.startsWith("node:")) builtin ??= file;
    else if (!file.startsWith(WORKER) && !file.startsWith(WORKER_FOLDER)) {
      return { packageName: packageOf(packages, file), builtin };
    }
  }
  return { packageName: null, builtin };
}

/** True if Node's own loader reads. */
export function isLoader({ builtin }: Reader): boolean {
  return builtin !== null && LOADERS.some((loader) => builtin.startsWith(loader));
}

function packageOf(packages: PackageFolders, file: string): string | null {
  const path = pathOfModule(file);
  return path === null ? null : (packages.find(path)?.name ?? null);
}

/** Returns the files on the stack, nearest first; none if a program has made stacks unreadable. */
function filesAbove(called: (...args: never[]) => unknown): string[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = FRAMES;
    Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFileName());
    const trace: { stack?: unknown } = {};
    Error.captureStackTrace(trace, called);
    const files = trace.stack;
    return Array.isArray(files) ? files.filter((file): file is string => typeof file === "string") : [];
  } catch {
    return [];
  } finally {
    restore(prepareStackTrace, stackTraceLimit);
  }
}

function restore(prepareStackTrace: typeof Error.prepareStackTrace, stackTraceLimit: number): void {
  try {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  } catch {
    // If it is frozen, nothing was changed either.
  }
}
