// Bundles the package of the current folder as users install it: our own packages are in it, its dependencies are not.

import { readFile, rm } from "node:fs/promises";
import { build } from "esbuild";

const { dependencies } = JSON.parse(await readFile("package.json", "utf8"));
await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: ["src/index.ts"],
  outdir: "dist",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22.19",
  conditions: ["source"],
  external: Object.keys(dependencies),
  logLevel: "warning",
});
