// Takes note of code that is loaded at run time: of packages, and of files that are in no artifact.

import { isBuiltin, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { BuiltinFunctions } from "./builtin-functions.ts";
import type { FileRules } from "./file-rules.ts";
import { pathOfModule, type PackageFolders } from "./package-folders.ts";

/** What Dag files import the SDK by. */
const SDK_SPECIFIER = /^(?:memodag|@memodag\/sdk)(?:\/|$)/;
/** Not a path, a URL or one of a package's own private names. */
const PACKAGE_SPECIFIER = /^[^./#][^:]*$/;

/** Watches all that is imported or required from now on. An artifact is no file and is not noticed. */
export function watchModules(files: FileRules, packages: PackageFolders, builtins: BuiltinFunctions): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      if (isBuiltin(resolved.url)) builtins.watch(resolved.url);
      else if (resolved.url.startsWith("file:") && PACKAGE_SPECIFIER.test(specifier)) {
        const parent = context.parentURL === undefined ? null : pathOfModule(context.parentURL);
        packages.addResolved(fileURLToPath(resolved.url), parent, SDK_SPECIFIER.test(specifier));
      }
      return resolved;
    },
    load(url, context, nextLoad) {
      // Addons are noted when they are opened.
      if (url.startsWith("file:") && !url.endsWith(".node")) files.load(fileURLToPath(url));
      return nextLoad(url, context);
    },
  });
}
