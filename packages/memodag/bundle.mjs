// Bundles the whole program into few files, which start faster than the packages' hundreds.
//
// The `memodag` of this repository and the one that users install are these same files. Our packages are in
// them, and so are the small libraries that these use, whose licences go along. What is native, large or
// likely to need a fix of its own stays outside and is a dependency of what users install.

import { cp, glob, readFile, rm, writeFile } from "node:fs/promises";
import { builtinModules as builtinNames } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

/** Installed beside memodag, not bundled. */
const { dependencies } = JSON.parse(await readFile("package.json", "utf8"));

/**
 * Takes Node's own modules from the process. An `import` of one reads each of its exports, lazy ones too,
 * which takes milliseconds; and bundled CommonJS cannot `require` them in an ES module.
 *
 * @type {import("esbuild").Plugin}
 */
const builtinModules = {
  name: "builtin-modules",
  setup({ onResolve, onLoad }) {
    const names = new Set(builtinNames);
    onResolve({ filter: /^(?:node:)?[a-z_/]+$/ }, ({ path }) => {
      const name = path.replace(/^node:/, "");
      if (name === path && !names.has(name)) return undefined;
      return { path: `node:${name}`, namespace: "builtin", sideEffects: false };
    });
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

// Chunks are named by their content: those of earlier builds would stay for ever.
await rm("dist", { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: {
    index: "src/index.ts",
    testing: "src/testing.ts",
    main: "src/main.ts",
    // Asked for before anything else is loaded.
    "compile-cache": "src/compile-cache.ts",
    "environment-secrets": "src/environment-secrets.ts",
    // Threads that are started by the names of their files.
    "value-thread": "../scheduler/src/values/value-thread.ts",
    "look-thread": "../executor/src/surroundings/look-thread.ts",
    "canonical-json-thread": "../executor/src/canonical-json-thread.ts",
  },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.19",
  conditions: ["source"],
  external: Object.keys(dependencies),
  plugins: [builtinModules],
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  metafile: true,
  logLevel: "warning",
});
await dropLibrarySources();
// The processes that memodag starts have bundles of their own, made where their sources are.
await cp("../executor/dist/worker-bundle", "dist/worker-bundle", { recursive: true });
await cp("../dag-processor/dist/loader", "dist/loader", { recursive: true });
await writeFile("dist/THIRD_PARTY_LICENSES.txt", await licencesOf(metafile));

/** The licence texts of the libraries that are in the bundle. */
async function licencesOf({ inputs }) {
  const folders = new Set(
    Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const texts = [...folders].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const files = [
      "LICENSE",
      "LICENSE.md",
      "LICENSE.txt",
      "license",
      "LICENCE",
      "LICENSE-MIT.txt",
      "COPYING",
    ];
    const read = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8").catch(() => "")));
    return `${name} ${version} (${license})\n\n${read.find((text) => text !== "") ?? ""}`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`);
}

/** Takes the text of the libraries out of the source maps: places in our own code are what is asked about. */
async function dropLibrarySources() {
  for await (const path of glob("dist/*.map")) {
    const map = JSON.parse(await readFile(path, "utf8"));
    map.sourcesContent = map.sourcesContent.map((text, index) =>
      map.sources[index].includes("node_modules/") ? null : text,
    );
    await writeFile(path, JSON.stringify(map));
  }
}
