// Resolves a module specifier as a module in another directory would import it.

import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { importModule } from "@memodag/core";

/** A name that no package has. */
const PLACEHOLDER = "memodag:resolve-from";

/** Only an ES module has `import.meta.resolve`, and memodag is bundled as CommonJS. */
const RESOLVER = "data:text/javascript,export const resolve = (name) => import.meta.resolve(name);";

/**
 * The URL of the module that a path or package name refers to in a directory.
 * @throws Error with a code of Node, such as `ERR_MODULE_NOT_FOUND`.
 */
export async function resolveFrom(folder: string, specifier: string): Promise<string> {
  const { resolve } = (await importModule(RESOLVER)) as { resolve(name: string): string };
  const parentURL = pathToFileURL(join(folder, "memodag.toml")).href;
  // `import.meta.resolve` resolves from its own file; only a hook can specify another one.
  const hooks = registerHooks({
    resolve: (asked, context, next) =>
      asked === PLACEHOLDER ? next(specifier, { ...context, parentURL }) : next(asked, context),
  });
  try {
    return resolve(PLACEHOLDER);
  } finally {
    hooks.deregister();
  }
}
