// Notices code that is loaded at run time: packages, and files that are not part of an artifact.

import { isBuiltin, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { BuiltinFunctions } from "./builtin-functions.ts";
import type { FileRules } from "./file-rules.ts";
import { pathOfModule, type PackageFolders } from "./package-folders.ts";

/** The specifiers by which Dag files import the SDK. */
const SDK_SPECIFIER = /^(?:memodag|@memodag\/sdk)(?:\/|$)/;
/** Neither a path, nor a URL, nor a package's private name. */
const PACKAGE_SPECIFIER = /^[^./#][^:]*$/;

/** Tracks all imports and requires from now on. An artifact is not a file, so it is not noticed. */
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
      // Addons are noticed when they are opened.
      if (url.startsWith("file:") && !url.endsWith(".node")) files.load(fileURLToPath(url));
      return nextLoad(url, context);
    },
  });
}
