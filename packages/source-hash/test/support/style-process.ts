// The process that runs the mutation harness over projects of several styles: npm test tries a part of the mutants.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createPackageResolver, hashSources } from "@memodag/source-hash";
import type { ProjectFiles } from "./bundle-project.ts";
import { installedBy } from "./installed-by.ts";
import { runHarness, type Hasher } from "./mutation-harness.ts";

function readProject(root: string): ProjectFiles {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.\w+$/.test(path),
  );
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

const slice: Hasher = ({ code, map }, located) => {
  const { tasks } = hashSources({
    code,
    map,
    folder: "/project/dags",
    shownFolder: "dags",
    located,
    packages: createPackageResolver(installedBy(`{"packages":{}}`)),
    loaded: [],
    readAnchor: () => null,
    readPrivateName: () => null,
  });
  return new Map([...tasks].map(([key, { hash, mode }]) => [key, { hash, isWhole: mode === "whole_graph" }]));
};

const [root, every, ...styles] = process.argv.slice(2);
const reports: Record<string, unknown> = {};
for (const style of styles.length > 0 ? styles : readdirSync(root!)) {
  const files = readProject(join(root!, style));
  const entries = Object.keys(files).filter((path) => path.startsWith("dags/"));
  reports[style] = await runHarness(files, entries, { slice }, Number(every));
}
process.stdout.write(JSON.stringify(reports));
