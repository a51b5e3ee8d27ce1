// How esbuild reads every source, independent of the machine and of files around the bundle.

import type { TransformOptions } from "esbuild";

/** Options for both bundling and single files. No tsconfig.json is read, as in Node. */
export const COMPILER_OPTIONS: Pick<
  TransformOptions,
  "target" | "platform" | "charset" | "legalComments" | "logLevel" | "tsconfigRaw" | "keepNames"
> = {
  target: "node22",
  platform: "node",
  charset: "utf8",
  legalComments: "none",
  logLevel: "silent",
  tsconfigRaw: "{}",
  // Renaming a handler would change the id of its task.
  keepNames: true,
};

/** Extensions that an import may leave out, in order of preference. */
export const RESOLVE_EXTENSIONS: readonly string[] = [".ts", ".tsx", ".js", ".jsx", ".json"];
