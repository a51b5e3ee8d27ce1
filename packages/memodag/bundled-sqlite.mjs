// Puts the JavaScript of better-sqlite3 into the bundle: Node takes as long to find and load its dozen files as SQLite
// takes to open a database. The library itself, which is native, stays outside.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";

const NAME = "better-sqlite3";
const folder = dirname(createRequire(import.meta.url).resolve(`${NAME}/package.json`));
const { version } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));

/** Another version that someone has installed, such as one with a fix, brings its own. */
const TEXT = `
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { dirname, join } = require("node:path");
const load = createRequire(__filename);
const folder = dirname(load.resolve("${NAME}/package.json"));
if (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version === "${version}") {
  module.exports = require("${folder}/lib/database.js")(load(join(folder, "lib/binding.js")).getBinding, true);
  module.exports.SqliteError = require("${folder}/lib/sqlite-error.js");
} else module.exports = load("${NAME}");
`;

/** @type {import("rolldown").Plugin} */
export const bundledSqlite = {
  name: "bundled-sqlite",
  resolveId: (id) => (id === NAME ? `\0${NAME}.cjs` : null),
  load: (id) => (id === `\0${NAME}.cjs` ? TEXT : null),
};
