#!/usr/bin/env node
// The memodag command. Compiled code is kept between starts, which halves the time that a start takes (`src/start.ts`).
import { refusalOf } from "./node-floor.js";

// Another Node fails somewhere below, some with a crash: nothing of memodag is loaded before this.
const refusal = refusalOf(process.versions.node);
if (refusal !== null) {
  process.stderr.write(`memodag: ${refusal}\n`);
  process.exit(2);
}
// Taken from the process: an `import` of a module of Node's reads all of its exports, and loads streams for that.
const { readFileSync, writeSync } = process.getBuiltinModule("node:fs");
// Scripts and editors ask for the version often: it is answered without loading the program.
if (process.argv.length === 3 && ["--version", "-V"].includes(process.argv[2]) && printVersion())
  process.exit();
const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);
await require("../dist/start.cjs").start(process.argv.slice(2));

/** False where standard output takes nothing: the program then says why. */
function printVersion() {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  try {
    writeSync(1, `${version}\n`);
    return true;
  } catch {
    return false;
  }
}
