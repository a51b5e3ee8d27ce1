// Finds which code reads something, by the stack.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { pathOfModule, type PackageFolders } from "./package-folders.ts";

/** Who reads. */
export interface Reader {
  /** Name of the package whose code reads; `null`: the author's own, or code of which no file is known. */
  readonly packageName: string | null;
  /** The module of Node that reads on its behalf, such as `node:child_process`; `null`: none. */
  readonly builtin: string | null;
}

const FRAMES = 24;
const FILE_FUNCTIONS = ["node:fs", "node:internal/fs/promises"];

/** Parts of Node that read for themselves: what they load is noticed as code, by hooks. */
const LOADERS = ["node:internal/modules/", "node:internal/source_map/"];

/** The bundle that this is a part of: its frames are the worker's, which reads nothing on its own behalf. */
const WORKER = new URL(".", import.meta.url).href;
const WORKER_FOLDER = fileURLToPath(WORKER);

/** The folder of the worker's bundle, or of its sources. */
export const workerFolder: string = dirname(WORKER_FOLDER + "x");

/** The reader that called `called`, a function on the stack. */
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

/** True when Node's own loader reads. */
export function isLoader({ builtin }: Reader): boolean {
  return builtin !== null && LOADERS.some((loader) => builtin.startsWith(loader));
}

function packageOf(packages: PackageFolders, file: string): string | null {
  const path = pathOfModule(file);
  return path === null ? null : (packages.find(path)?.name ?? null);
}

/** The files on the stack, nearest first; none when a program has made stacks unreadable. */
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
    // Frozen: then nothing was changed either.
  }
}
