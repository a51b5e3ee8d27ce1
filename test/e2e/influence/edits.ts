// Edits of the world around the generated Dags, one after another, each on top of those before.

import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Workspace } from "../workspace.ts";

/** The environment of the commands that follow. */
export type Variables = Readonly<Record<string, string>>;

/** A kind of edit, of every source at once. */
export interface Edit {
  readonly name: string;
  /** Makes it, and says which variables hold from then on. */
  readonly make: (workspace: Workspace) => Variables;
}

const EUROPE = { INFLUENCE_REGION: "eu", TZ: "UTC", LC_ALL: "en-US" };

/** What is there before the first run. */
export function prepare(workspace: Workspace): Variables {
  for (const release of ["v1", "v2"]) {
    workspace.write(`releases/${release}/rate.txt`, release);
    workspace.write(`releases/${release}/rate.ts`, `export const linkedRate = "${release}";`);
  }
  writeAll(workspace, "one");
  symlinkSync("../releases/v1", workspace.path("dags/current"));
  return EUROPE;
}

/** Other content of the same length, that of another length, none, a neighbour, a link, and what was before. */
export const EDITS: readonly Edit[] = [
  {
    name: "other content",
    make: (workspace) => (writeAll(workspace, "two"), { ...EUROPE, INFLUENCE_REGION: "us" }),
  },
  {
    name: "times alone",
    make: (workspace) => {
      utimesSync(workspace.path("dags/data/rows.txt"), 1, 1);
      return { ...EUROPE, INFLUENCE_REGION: "us", INFLUENCE_OTHER: "1" };
    },
  },
  {
    name: "gone",
    make: (workspace) => {
      unlinkSync(workspace.path("dags/data/rows.txt"));
      return { TZ: "UTC", LC_ALL: "en-US" };
    },
  },
  {
    name: "a neighbour",
    make: (workspace) => {
      workspace.write("dags/data/neighbour.txt", "n");
      return { TZ: "Asia/Tokyo", LC_ALL: "en-US" };
    },
  },
  {
    name: "a link elsewhere",
    make: (workspace) => {
      workspace.write("elsewhere.txt", "elsewhere");
      rmSync(workspace.path("dags/data/rows.txt"), { force: true });
      symlinkSync(workspace.path("elsewhere.txt"), workspace.path("dags/data/rows.txt"));
      unlinkSync(workspace.path("dags/current"));
      symlinkSync("../releases/v2", workspace.path("dags/current"));
      return { ...EUROPE, LC_ALL: "de-DE" };
    },
  },
  {
    name: "what was before",
    make: (workspace) => {
      rmSync(workspace.path("dags/data"), { recursive: true });
      writeAll(workspace, "one");
      const link = workspace.path("dags/current.new");
      symlinkSync("../releases/v1", link);
      renameSync(link, workspace.path("dags/current"));
      return EUROPE;
    },
  },
];

/** Every file that holds a rate, in all the languages that it is read in. */
function writeAll(workspace: Workspace, rate: string): void {
  const value = JSON.stringify(rate);
  mkdirSync(workspace.path("dags/data"), { recursive: true });
  const files = {
    "data/rows.txt": rate,
    "lib/rate.cjs": `module.exports = ${value};`,
    "lib/rate.json": `{ "rate": ${value} }`,
    "lib/rate.mjs": `export default ${value};`,
    "lib/print.mjs": `console.log(${value});`,
    "lib/post.mjs": `import { parentPort } from "node:worker_threads"; parentPort.postMessage(${value});`,
    "node_modules/influence-dep/package.json": `{ "name": "influence-dep", "version": "1.0.${rate.length + rate.charCodeAt(0)}", "main": "index.js" }`,
    "node_modules/influence-dep/data.json": `{ "rate": ${value} }`,
    "node_modules/influence-dep/index.js": `exports.rate = ${value};`,
    "node_modules/influence-reader/package.json":
      '{ "name": "influence-reader", "version": "1.0.0", "main": "index.js" }',
    "node_modules/influence-reader/index.js": `const fs = require("node:fs");
      exports.readByPackage = (path) => fs.readFileSync(path, "utf8");
      exports.variableByPackage = (name) => process.env[name];`,
  };
  for (const [path, text] of Object.entries(files)) workspace.write(join("dags", path), text);
}
