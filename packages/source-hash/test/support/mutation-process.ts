// The process that runs the mutation harness: it needs a flag of Node's, and a realm for every run.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  createPackageResolver,
  hashSources,
  type LocatedHandlers,
  type SourceHashes,
} from "@memodag/source-hash";
import { sha256 } from "@memodag/core";
import type { BundledProject, ProjectFiles } from "./bundle-project.ts";
import { packageOf, runHarness, type Hasher } from "./mutation-harness.ts";
import { installedBy } from "./installed-by.ts";

const ENTRIES = ["dags/etl.ts", "dags/train.ts", "dags/odd.ts", "dags/branching.ts"];

function readProject(root: string): ProjectFiles {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.\w+$/.test(path),
  );
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** A package's version stands for its content, as a registry has it. */
function hashSlices(
  { code, map }: BundledProject,
  located: LocatedHandlers,
  files: ProjectFiles,
): SourceHashes {
  const packages = Object.entries(files)
    .filter(([path]) => path.startsWith("packages/"))
    .map(([path, text]) => [
      `node_modules/${packageOf(path)}`,
      { version: "1.0.0", integrity: sha256(text) },
    ]);
  return hashSources({
    code,
    map,
    folder: "/project/dags",
    shownFolder: "dags",
    located,
    packages: createPackageResolver(installedBy(JSON.stringify({ packages: Object.fromEntries(packages) }))),
    loaded: [],
    readAnchor: () => null,
    readPrivateName: () => null,
  });
}

/** The hasher as it is. */
const slice: Hasher = (bundled, located, files) => {
  const { tasks } = hashSlices(bundled, located, files);
  return new Map([...tasks].map(([key, { hash, mode }]) => [key, { hash, isWhole: mode === "whole_graph" }]));
};

/**
 * The hasher without what only runs while a file is loaded, statements and variables that nobody names:
 * blind to each of the attacks.
 */
const withoutStatements: Hasher = (bundled, located, files) => {
  const { tasks } = hashSlices(bundled, located, files);
  return new Map(
    [...tasks].map(([key, { components }]) => {
      const reached = components
        .filter(({ kind, name }) => kind !== "statement" && !/^_+$/.test(name))
        .map(({ digest }) => digest);
      return [key, { hash: sha256(JSON.stringify(reached)), isWhole: false }];
    }),
  );
};

/** The text of the handler's function and nothing else: what the harness has to find wanting. */
const handlerText: Hasher = (_, { handlers, heap }) =>
  new Map(
    handlers.map(([key, index]) => {
      const handler = heap[index];
      return [key, { hash: handler?.kind === "function" ? handler.place.digest : "", isWhole: false }];
    }),
  );

/** Everything that was bundled: never wrong, and never still. */
const wholeBundle: Hasher = ({ code }, { handlers }, files) => {
  const packages = Object.entries(files).filter(([path]) => path.startsWith("packages/"));
  const hash = sha256(JSON.stringify([code, packages]));
  return new Map(handlers.map(([key]) => [key, { hash, isWhole: true }]));
};

const [root] = process.argv.slice(2);
const report = await runHarness(readProject(root!), ENTRIES, {
  slice,
  withoutStatements,
  handlerText,
  wholeBundle,
});
process.stdout.write(JSON.stringify(report));
