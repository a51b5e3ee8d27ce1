// Bundles the whole program, which starts faster than the packages' hundreds of files.
//
// The `memodag` of this repository and the one that users install are these same files. Our packages are in
// them, and so are the small libraries that these use, whose licences go along. What is native, large or
// likely to need a fix of its own stays outside and is a dependency of what users install.
//
// There is one copy of everything, in files that are loaded when they are needed: few, as finding and reading many takes
// longer than reading large ones. They are CommonJS, which is loaded without waiting, and whose compiled code can be kept
// (`src/kept-code.ts`). What users import are ES modules that name the exports of these files.

import { existsSync } from "node:fs";
import { cp, glob, readFile, rm, writeFile } from "node:fs/promises";
import { matchesGlob, relative } from "node:path";
import { decode, encode } from "@jridgewell/sourcemap-codec";
import { rolldown } from "rolldown";
import { parseSync } from "rolldown/utils";
import { escapeNonAscii, moveMappings } from "./ascii-code.mjs";
import { bundledSqlite } from "./bundled-sqlite.mjs";
import { isLate, lateModules } from "./late-modules.mjs";
import { licencesOf } from "./licences.mjs";

/** Installed beside memodag, not bundled. */
const { dependencies } = JSON.parse(await readFile("package.json", "utf8"));

/** What users import. */
const PUBLIC = ["index", "cache", "testing"];

/** Files that are run by their names. */
const THREADS = {
  "value-thread": "../scheduler/src/values/value-thread.ts",
  "look-thread": "../executor/src/surroundings/look-thread.ts",
  "canonical-json-thread": "../executor/src/canonical-json-thread.ts",
};

/**
 * What is loaded together: of each group the modules below, and all that these import, without those of the groups
 * before it. Everything else is in files of its own, by what imports it.
 */
const LATE = Symbol("modules of Node's");
const GROUPS = {
  start: ["packages/core/src/import-module.ts", "packages/memodag/src/start.ts"],
  base: ["packages/core/src/index.ts", LATE],
  // Of threads, whose own files do their work as soon as they are loaded.
  threads: [
    "packages/executor/src/canonical-json-check.ts",
    "packages/executor/src/surroundings/look-at-*.ts",
    "packages/executor/src/surroundings/digest-memory.ts",
    "packages/scheduler/src/values/value-work.ts",
  ],
  main: ["packages/memodag/src/main.ts"],
  stores: [
    "packages/deployment/src/{stores,config}/index.ts",
    "packages/config/src/index.ts",
    // Of both databases.
    "packages/metastore/src/open-metastore.ts",
    "packages/metastore/src/{cache,dags,entries,runs,schedules}/*.ts",
    "node_modules/kysely/dist/{kysely,query-compiler/default-query-compiler}.js",
  ],
  cache: ["packages/operations/src/cache/index.ts"],
  dags: [
    "packages/deployment/src/dags/index.ts",
    "packages/operations/src/dags/index.ts",
    "packages/dag-processor/src/index.ts",
  ],
  runs: ["packages/deployment/src/scheduler/index.ts", "packages/operations/src/runs/index.ts"],
};

const repository = new URL("../../", import.meta.url).pathname;
const publicInput = Object.fromEntries(PUBLIC.map((name) => [name, `src/${name}.ts`]));
const settings = {
  platform: "node",
  external: Object.keys(dependencies).filter((name) => name !== "better-sqlite3"),
  resolve: { conditionNames: ["source", "node", "import", "default"] },
  transform: { target: "node22.19" },
  plugins: [bundledSqlite, lateModules],
  // What a file takes from an `index.ts` brings nothing else of it along.
  treeshake: { moduleSideEffects: [{ test: /\/packages\/[^/]+\/src\//, sideEffects: false }] },
};
const bundle = await rolldown({
  ...settings,
  input: { start: "src/start.ts", main: "src/main.ts", ...publicInput, ...THREADS },
  // Files of a group export what the others need of it.
  preserveEntrySignatures: "allow-extension",
});
// A folder restored from a build cache has the files of earlier builds.
await rm("dist", { recursive: true, force: true });
const { output } = await bundle.write({
  dir: "dist",
  format: "cjs",
  entryFileNames: "[name].cjs",
  chunkFileNames: "[name].cjs",
  codeSplitting: {
    groups: Object.entries(GROUPS).map(([name, roots], index, { length }) => ({
      name,
      priority: length - index,
      test: (id) =>
        roots.some((root) => (root === LATE ? isLate(id) : matchesGlob(relative(repository, id), root))),
    })),
  },
  // Names stay, for stack traces.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  comments: false,
  sourcemap: true,
  // Sources are not shipped; what a stack trace needs are their names and lines.
  sourcemapExcludeSources: true,
});
const chunks = output.filter(({ type }) => type === "chunk");
refuseImports(chunks);
const publicNames = await listPublicNames();
await Promise.all(
  PUBLIC.map((name) =>
    writeModule(
      chunks.find((chunk) => chunk.isEntry && chunk.name === name),
      publicNames.get(name),
    ),
  ),
);
await finishFiles();
// The processes that memodag starts have bundles of their own, made where their sources are.
await cp("../executor/dist/worker-bundle", "dist/worker-bundle", { recursive: true });
await cp("../dag-processor/dist/loader", "dist/loader", { recursive: true });
// The pages that the API server serves, with the licences of the libraries in them.
await cp("../web/dist/pages", "dist/pages", { recursive: true });
await writeFile(
  "dist/THIRD_PARTY_LICENSES.txt",
  await licencesOf(chunks.flatMap(({ moduleIds }) => moduleIds)),
);

/** Kept code cannot import: `core/src/import-module.ts` does it, in the file that Node loads. */
function refuseImports(files) {
  for (const { fileName, code } of files) {
    const [found] = parseSync(fileName, code).module.dynamicImports;
    if (found === undefined || fileName === "start.cjs") continue;
    const place = code.slice(Math.max(0, found.start - 60), found.end);
    throw new Error(`${fileName} has an import() of a variable: use importModule() of core: …${place}`);
  }
}

/**
 * What each module exports to users, by its name. A file of the bundle also exports what the other files need of it,
 * under short names of the bundler's, which may be words that no module can export, such as `in`.
 */
async function listPublicNames() {
  const alone = await rolldown({ ...settings, input: publicInput, preserveEntrySignatures: "strict" });
  const { output: entries } = await alone.generate({ format: "esm" });
  await alone.close();
  return new Map(entries.filter(({ isEntry }) => isEntry).map(({ name, exports }) => [name, exports]));
}

/** The ES module that users import. */
async function writeModule({ name, fileName }, exports) {
  const lines = [`import own from "./${fileName}";`, `export const { ${exports.join(", ")} } = own;`];
  await writeFile(`dist/${name}.js`, `${lines.join("\n")}\n`);
}

/**
 * Makes all files ASCII, and takes the libraries out of their source maps: places in our own code are what is asked
 * about.
 */
async function finishFiles() {
  for await (const path of glob("dist/*.cjs")) {
    const code = await readFile(path, "utf8");
    await writeFile(path, escapeNonAscii(code));
    // A file that only names the exports of another one has no map.
    if (!existsSync(`${path}.map`)) continue;
    const map = JSON.parse(await readFile(`${path}.map`, "utf8"));
    const mappings = withoutLibraries(moveMappings(decode(map.mappings), code), map.sources);
    await writeFile(`${path}.map`, JSON.stringify({ ...map, mappings: encode(mappings) }));
  }
}

function withoutLibraries(mappings, sources) {
  const own = sources.map((source) => !source.includes("node_modules/"));
  return mappings.map((segments) =>
    segments
      .map((segment) => (segment.length === 1 || own[segment[1]] ? segment : [segment[0]]))
      // Of a library, the place where it begins is enough: what follows has no source either.
      .filter((segment, index, all) => index === 0 || segment.length > 1 || all[index - 1].length > 1),
  );
}
