// Bundles `memodag init` alone: `npm create` fetches one small file before it makes a project, and not memodag.

import { copyFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { licencesOf } from "memodag/licences";

await rm("dist", { recursive: true, force: true });
const built = await build({
  entryPoints: { main: "src/main.ts" },
  outdir: "dist",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22.19",
  conditions: ["source"],
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  logLevel: "warning",
});
// CommonJS, which older versions read as well; a wrapper that makes a module of it is taken for either.
await copyFile(fileURLToPath(import.meta.resolve("memodag/node-floor")), "dist/node-floor.cjs");
await writeFile("dist/THIRD_PARTY_LICENSES.txt", await licencesOf(Object.keys(built.metafile.inputs)));
