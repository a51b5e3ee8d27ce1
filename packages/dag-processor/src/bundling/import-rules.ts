// Decides how each import by name is handled: packages stay outside the artifact, linked source is
// bundled.

import { isBuiltin } from "node:module";
import { posix, relative, sep } from "node:path";
import { formatAnchoredSpecifier } from "@memodag/artifact";
import { findPathsConfig } from "./tsconfig-paths.ts";
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";

const SDK_SPECIFIER = /^(?:memodag|@memodag\/sdk)(?:\/|$)/;
const RESOLVING = Symbol("resolving");

/** True for a specifier of the SDK. */
function isSdk(specifier: string): boolean {
  return SDK_SPECIFIER.test(specifier);
}

/**
 * An esbuild plugin. The SDK, Node's own modules and installed packages are left to be resolved when the
 * artifact is loaded. A package that is linked into node_modules from outside (a workspace) is bundled as
 * source, so that its code is part of the artifact. If a name resolves to another package than beside the
 * Dag file, the import includes the folder that it resolves from.
 */
export function importRules(dagFolder: string): Plugin {
  return {
    name: "memodag-import-rules",
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, (args) =>
        args.kind === "entry-point" || args.pluginData === RESOLVING
          ? undefined
          : resolveByName(build, dagFolder, args),
      );
    },
  };
}

async function resolveByName(
  build: PluginBuild,
  dagFolder: string,
  args: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  const { path, kind, importer, resolveDir } = args;
  // The content of a data URL is in the bundle as is.
  if (isSdk(path) || isBuiltin(path) || path.startsWith("data:")) return { path, external: true };
  const here = await build.resolve(path, { kind, importer, resolveDir, pluginData: RESOLVING });
  if (here.errors.length > 0) return unresolved(args);
  if (here.external || here.namespace !== "file") return { path: here.path, external: here.external };
  if (!here.path.split(sep).includes("node_modules")) return { path: here.path };
  if (resolveDir === dagFolder) return { path, external: true };

  const there = await build.resolve(path, { kind, resolveDir: dagFolder, pluginData: RESOLVING });
  if (there.errors.length === 0 && there.path === here.path) return { path, external: true };
  const folder = relative(dagFolder, resolveDir).split(sep).join(posix.sep);
  return { path: formatAnchoredSpecifier({ folder, specifier: path }), external: true };
}

function unresolved({ path, kind, resolveDir }: OnResolveArgs): OnResolveResult {
  // An import at run time may be expected to be missing. It fails when it is reached, as in Node.
  if (kind !== "import-statement") return { path, external: true };
  const tsconfig = findPathsConfig(path, resolveDir);
  const byName = `import it by a relative path, or by a "#" name in package.json's "imports"`;
  const fix = path.startsWith("#")
    ? `add "${path}" to "imports" in package.json`
    : tsconfig !== undefined
      ? `it is one of "paths" in ${tsconfig}, which neither memodag nor Node reads: ${byName}`
      : path.startsWith("@/") || path.startsWith("~")
        ? `${byName}: tsconfig paths are not read`
        : `install the package, or correct the name`;
  return { errors: [{ text: `Cannot find "${path}": ${fix}` }] };
}
