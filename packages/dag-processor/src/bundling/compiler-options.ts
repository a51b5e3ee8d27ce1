// How esbuild reads every source, whichever machine it is on and whatever lies around the bundle.

import type { TransformOptions } from "esbuild";

/** Options common to bundling and to single files. No tsconfig.json is read, as Node reads none. */
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
  // A renamed handler would give its task another name.
  keepNames: true,
};

/** What an import without an extension may mean, first match first. */
export const RESOLVE_EXTENSIONS: readonly string[] = [".ts", ".tsx", ".js", ".jsx", ".json"];
