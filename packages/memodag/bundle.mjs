// Bundles the whole program, which starts faster than the packages' hundreds of files.
//
// The `memodag` of this repository and the one that users install are these same files. Our packages are in
// them, and so are the small libraries that these use, whose licences go along. What is native, large or
// likely to need a fix of its own stays outside and is a dependency of what users install.

import { cp, glob, readFile, rm, writeFile } from "node:fs/promises";
import { builtinModules as builtinNames } from "node:module";
import { decode, encode } from "@jridgewell/sourcemap-codec";
import { build } from "esbuild";
import { licencesOf } from "./licences.mjs";

/** Installed beside memodag, not bundled. */
const { dependencies } = JSON.parse(await readFile("package.json", "utf8"));

/**
 * Takes Node's own modules from the process, and of each only what is used: an `import` of one reads all of its
 * exports, lazy ones too, which takes milliseconds.
 *
 * @type {import("esbuild").Plugin}
 */
const builtinModules = {
  name: "builtin-modules",
  setup({ onResolve, onLoad }) {
    const names = new Set(builtinNames);
    onResolve({ filter: /^(?:node:)?[a-z_/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, "");
      if (name === path && !names.has(name)) return undefined;
      const namespace = kind === "require-call" ? "builtin-commonjs" : "builtin";
      return { path: `node:${name}`, namespace, sideEffects: false };
    });
    onLoad({ filter: /.*/, namespace: "builtin-commonjs" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({ contents: exportsOfBuiltin(path) }));
  },
};

/** Slow to load, and not needed by most commands: they are loaded when one of their functions is called. */
const LOADED_LATE = new Set(["node:crypto", "node:child_process"]);

/** Every export as a value of its own, so that unused ones are dropped. */
function exportsOfBuiltin(path) {
  const builtin = process.getBuiltinModule(path);
  const exported = Object.keys(builtin).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
  const load = `process.getBuiltinModule(${JSON.stringify(path)})`;
  const valueOf = (name) =>
    LOADED_LATE.has(path) && typeof builtin[name] === "function" && /^[a-z]/.test(name)
      ? `(...args) => ${load}.${name}(...args)`
      : `/* @__PURE__ */ (() => ${load}.${name})()`;
  return [
    `const builtin = /* @__PURE__ */ ${load};`,
    "export default builtin;",
    ...exported.map((name) => `const own_${name} = ${valueOf(name)};`),
    `export { ${exported.map((name) => `own_${name} as ${name}`).join(", ")} };`,
  ].join("\n");
}

/**
 * Loads what is installed beside memodag when it is first used: of an ES module, every `import` is loaded at
 * its start.
 *
 * @type {import("esbuild").Plugin}
 */
const installedPackages = {
  name: "installed-packages",
  setup({ onResolve, onLoad }) {
    const names = new Set(Object.keys(dependencies));
    onResolve({ filter: /^[a-z]/ }, ({ path }) =>
      names.has(path) ? { path, namespace: "installed", sideEffects: false } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "installed" }, ({ path }) => ({
      contents: `module.exports = requireInstalled(${JSON.stringify(path)});`,
    }));
  },
};

/** @type {import("esbuild").BuildOptions} */
const common = {
  outdir: "dist",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22.19",
  conditions: ["source"],
  plugins: [builtinModules, installedPackages],
  banner: {
    js: 'const requireInstalled = process.getBuiltinModule("node:module").createRequire(import.meta.url);',
  },
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  // Sources are not shipped; what a stack trace needs are their names and lines.
  sourcesContent: false,
  metafile: true,
  logLevel: "warning",
};

/**
 * What runs before the program is loaded is shared with it: it keeps the secrets that it took.
 *
 * @type {import("esbuild").Plugin}
 */
const sharedStart = {
  name: "shared-start",
  setup({ onResolve }) {
    onResolve({ filter: /\/environment-secrets(?:\.ts)?$/ }, () => ({ path: "./start.js", external: true }));
  },
};

// Chunks are named by their content: those of earlier builds would stay for ever.
await rm("dist", { recursive: true, force: true });
const built = await Promise.all([
  // The program in one file, in which a module is evaluated when it is first imported: finding and linking
  // many small files takes longer than reading a large one.
  build({
    ...common,
    entryPoints: { main: "src/main.ts" },
    plugins: [...common.plugins, sharedStart],
  }),
  build({ ...common, entryPoints: { start: "src/start.ts" } }),
  // What users import, and threads that are started by the names of their files.
  build({
    ...common,
    splitting: true,
    entryPoints: {
      index: "src/index.ts",
      cache: "src/cache.ts",
      testing: "src/testing.ts",
      "value-thread": "../scheduler/src/values/value-thread.ts",
      "look-thread": "../executor/src/surroundings/look-thread.ts",
      "canonical-json-thread": "../executor/src/canonical-json-thread.ts",
    },
  }),
]);
await dropLibraryPlaces();
// The processes that memodag starts have bundles of their own, made where their sources are.
await cp("../executor/dist/worker-bundle", "dist/worker-bundle", { recursive: true });
await cp("../dag-processor/dist/loader", "dist/loader", { recursive: true });
await writeFile("dist/THIRD_PARTY_LICENSES.txt", await licencesOf(built));

/** Takes the libraries out of the source maps: places in our own code are what is asked about. */
async function dropLibraryPlaces() {
  for await (const path of glob("dist/*.map")) {
    const map = JSON.parse(await readFile(path, "utf8"));
    const own = map.sources.map((source) => !source.includes("node_modules/"));
    const lines = decode(map.mappings).map((segments) =>
      segments
        .map((segment) => (segment.length === 1 || own[segment[1]] ? segment : [segment[0]]))
        // Of a library, the place where it begins is enough: what follows has no source either.
        .filter((segment, index, all) => index === 0 || segment.length > 1 || all[index - 1].length > 1),
    );
    await writeFile(path, JSON.stringify({ ...map, mappings: encode(lines) }));
  }
}
