// Bundles the worker, which is started for every attempt: what it loads is paid for each time.
//
// Entries that share one SDK: the worker itself, the process of key functions, and what `import "memodag"` gives in them.

import { rm } from "node:fs/promises";
import { build } from "esbuild";

/**
 * Takes Node's own modules from the process. An `import` of one reads each of its exports, lazy ones too:
 * for `node:util` and `node:fs` alone that is ten milliseconds of the thirty in which Node starts. Modules are loaded
 * when the worker starts, unlike by the plugin of the program: one that a task's code loaded first would read
 * variables such as `FORCE_COLOR` then, and these reads would be taken for the task's own.
 *
 * @type {import("esbuild").Plugin}
 */
const builtinModules = {
  name: "builtin-modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      // An `import()` of a CommonJS module would have no names but `default`.
      kind === "dynamic-import"
        ? { path, external: true }
        : { path, namespace: "builtin", sideEffects: false },
    );
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

const outdir = "dist/worker-bundle";
// Chunks are named by their content: those of earlier builds would stay for ever.
await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: ["src/worker/main.ts", "src/worker/key-main.ts", "src/worker/sdk.ts"],
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.19",
  minifySyntax: true,
  minifyWhitespace: true,
  plugins: [builtinModules],
  logLevel: "warning",
});
