// Resolves a module specifier as a module in another folder would import it.

import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** No package has such a name. */
const PLACEHOLDER = "memodag:resolve-from";

/**
 * The URL of the module that a path or package name means in a folder.
 * @throws Error with Node's code, `ERR_MODULE_NOT_FOUND` among them.
 */
export function resolveFrom(folder: string, specifier: string): string {
  const parentURL = pathToFileURL(join(folder, "memodag.toml")).href;
  // `import.meta.resolve` starts from this file; only a hook may say from where else.
  const hooks = registerHooks({
    resolve: (asked, context, next) =>
      asked === PLACEHOLDER ? next(specifier, { ...context, parentURL }) : next(asked, context),
  });
  try {
    return import.meta.resolve(PLACEHOLDER);
  } finally {
    hooks.deregister();
  }
}
