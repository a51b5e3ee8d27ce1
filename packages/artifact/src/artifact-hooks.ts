// The module hooks of Node that load artifacts. They apply to the whole process and are registered once.

import { registerHooks } from "node:module";
import { parseAnchoredSpecifier } from "./anchored-specifier.ts";
import { packageOfModule, type PackageFolder } from "./package-of-module.ts";

const SDK_PACKAGE = "@memodag/sdk";
/** `memodag` or a subpath of it: the specifiers by which Dag files import the SDK. */
const SDK_SPECIFIER = /^(?:memodag|@memodag\/sdk)(\/.*)?$/;

const sources = new Map<string, Uint8Array>();
/**
 * Modules reached from artifacts, with their imports. A module is linked only once, whichever module
 * imports it.
 */
const importsOf = new Map<string, Set<string>>();
/** Files of the project that loaded something without being reached from an artifact. */
const ownModules = new Set<string>();
const memodag = new URL("../../", import.meta.url).href;
let registered = false;
let sharedSdkUrl: string | null = null;

/**
 * Makes artifacts import the SDK from the module at `url`, for a process that was bundled with it.
 * Loading the SDK a second time, file by file, would take longer than the rest of the process's start.
 */
export function shareSdk(url: string): void {
  sharedSdkUrl = url;
}

/** Makes `import(url)` load `source`, although there is no such file. */
export function hookArtifact(url: string, source: Uint8Array): void {
  if (!registered) {
    registered = true;
    registerHooks({ resolve, load });
  }
  sources.set(url, source);
  if (!importsOf.has(url)) importsOf.set(url, new Set());
}

/** Returns every package reached so far from the hooked artifact at `url`, except the SDK. */
export function packagesReachedFrom(url: string): Set<PackageFolder> {
  const packages = new Set<PackageFolder>();
  const visited = new Set([url, ...ownModules]);
  for (const visiting of visited) {
    const loaded = sources.has(visiting) || ownModules.has(visiting) ? null : packageOfModule(visiting);
    if (loaded) packages.add(loaded);
    for (const imported of importsOf.get(visiting) ?? []) visited.add(imported);
  }
  return packages;
}

type Hooks = Required<Parameters<typeof registerHooks>[0]>;

const resolve: Hooks["resolve"] = (specifier, context, nextResolve) => {
  if (sources.has(specifier)) return { url: specifier, format: "module", shortCircuit: true };
  // One SDK per process: it takes precedence over the version that the project has installed.
  // `memodag/hitl`, as Airflow's SDK has it, is a part of the SDK's own module.
  const sdk = SDK_SPECIFIER.exec(specifier.replace(/^memodag\/hitl$/, "memodag"));
  if (sdk && !sdk[1] && sharedSdkUrl) return { url: sharedSdkUrl, format: "module", shortCircuit: true };
  if (sdk) return nextResolve(SDK_PACKAGE + (sdk[1] ?? ""), { ...context, parentURL: import.meta.url });
  const anchored = parseAnchoredSpecifier(specifier);
  const resolved = anchored
    ? nextResolve(anchored.specifier, {
        ...context,
        parentURL: folderUrl(anchored.folder, context.parentURL),
      })
    : nextResolve(specifier, context);
  if (context.parentURL !== undefined) noteImport(context.parentURL, resolved.url);
  return resolved;
};

const load: Hooks["load"] = (url, context, nextLoad) => {
  const source = sources.get(url);
  return source ? { format: "module", source, shortCircuit: true } : nextLoad(url, context);
};

/** True for a file that belongs neither to an installed package nor to memodag. */
function isOwnModule(url: string): boolean {
  return url.startsWith("file:") && !url.includes("/node_modules/") && !url.startsWith(memodag);
}

/** Returns a URL in the folder. Resolution depends only on its location. */
function folderUrl(folder: string, parent: string | undefined): string {
  return new URL(`${folder.split("/").map(encodeURIComponent).join("/")}/artifact.mjs`, parent).href;
}

function noteImport(parent: string, imported: string): void {
  let imports = importsOf.get(parent);
  if (!imports && isOwnModule(parent)) {
    // A source of the author that is loaded by its path or through its own `createRequire`.
    ownModules.add(parent);
    importsOf.set(parent, (imports = new Set()));
  }
  if (!imports) return;
  imports.add(imported);
  // The project's own package is not an installed one: its files are known individually.
  if (ownModules.has(parent) && isOwnModule(imported)) ownModules.add(imported);
  if (!importsOf.has(imported)) importsOf.set(imported, new Set());
  // Looked up now, to get the version that is being loaded and not one that is installed later.
  packageOfModule(imported);
}
