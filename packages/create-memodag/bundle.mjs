// Bundles `memodag init` alone: `npm create` fetches one small file before it makes a project, and not memodag.

import { rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { licencesOf } from "memodag/licences";

await rm("dist", { recursive: true, force: true });
const built = await build({
  entryPoints: { main: "src/main.ts", "node-floor": "memodag/node-floor" },
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
await writeFile("dist/THIRD_PARTY_LICENSES.txt", await licencesOf(Object.keys(built.metafile.inputs)));
