// Bundles, loads and hashes a project in this process.

import { registerHooks } from "node:module";
import { constants, runInThisContext } from "node:vm";
import {
  createPackageResolver,
  hashSources,
  locateHandlers,
  type SourceHashes,
  type SourceHashRequest,
  type TaskSource,
} from "@memodag/source-hash";
import { bundleProject, type ProjectFiles } from "./bundle-project.ts";
import { installedBy } from "./installed-by.ts";
import { STAND_IN_SDK, tasksOf } from "./stand-in-sdk.ts";

const sources = new Map<string, string>();
let loads = 0;

registerHooks({
  resolve: (specifier, context, next) => {
    // One for each project: code of one may change it.
    if (specifier === "memodag") return { url: `memodag:${loads}`, format: "module", shortCircuit: true };
    if (sources.has(specifier)) return { url: specifier, format: "module", shortCircuit: true };
    if (context.parentURL?.startsWith("file:///project/") && !specifier.startsWith("node:")) {
      const url = `package:${specifier}`;
      sources.set(url, `export const value = "${specifier}"; export default (x) => x;`);
      return { url, format: "module", shortCircuit: true };
    }
    return next(specifier, context);
  },
  load: (url, context, next) => {
    const source = url.startsWith("memodag:") ? STAND_IN_SDK : sources.get(url);
    return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true };
  },
});

/** Loads as Node does, where `import()` here would ask the test runner. */
const load = runInThisContext("(url) => import(url)", {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}) as (url: string) => Promise<Record<string, unknown>>;

/** A lockfile as JSON. */
export function lockOf(packages: Readonly<Record<string, object>>): string {
  return JSON.stringify({ lockfileVersion: 3, packages: { "": {}, ...packages } });
}

/** Options of {@link hashProject}. */
export interface HashProjectOptions {
  readonly entry?: string;
  readonly lock?: string;
  readonly loaded?: readonly { readonly name: string; readonly version: string; readonly digest: string }[];
}

/** Hashes by `dag.task`. */
export async function hashProject(
  files: ProjectFiles,
  options: HashProjectOptions = {},
): Promise<SourceHashes> {
  return hashSources(await loadProject(files, options));
}

/** Bundles and loads a project: what its hashes are taken of. */
export async function loadProject(
  files: ProjectFiles,
  options: HashProjectOptions = {},
): Promise<SourceHashRequest> {
  const { entry = "dag.ts", lock = lockOf({}), loaded = [] } = options;
  const { code, map } = await bundleProject(files, entry);
  const url = `file:///project/artifact-${++loads}.mjs`;
  sources.set(url, code);
  const exports = await load(url);
  const handlers = new Map([...tasksOf(exports)].map(([key, { handler }]) => [key, handler]));
  const located = locateHandlers(handlers, { isArtifact: (candidate) => candidate === url });
  return {
    code,
    map,
    folder: "/project",
    shownFolder: "",
    located: structuredClone(located),
    packages: createPackageResolver(installedBy(lock)),
    loaded,
    readAnchor: () => null,
    readPrivateName: () => null,
  };
}

/** The source of one task; fails when there is none. */
export function taskOf(hashes: SourceHashes, key: string): TaskSource {
  const task = hashes.tasks.get(key);
  if (!task) throw new Error(`no task ${key}: there are ${[...hashes.tasks.keys()].join(", ")}`);
  return task;
}
