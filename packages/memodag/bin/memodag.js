#!/usr/bin/env node
// The memodag command. CommonJS, which Node loads sooner than an ES module; any Node can read it.
const { readFileSync, writeSync } = require("node:fs");
const { join } = require("node:path");
const { refusalOf } = require("./node-floor.js");

// Another Node fails somewhere below, some with a crash: nothing of memodag is loaded before this.
const refusal = refusalOf(process.versions.node);
if (refusal !== null) {
  process.stderr.write(`memodag: ${refusal}\n`);
  process.exit(2);
}
// Scripts and editors ask for the version often: it is answered without loading the program.
if (process.argv.length === 3 && ["--version", "-V"].includes(process.argv[2]) && printVersion())
  process.exit();
require("../dist/start.cjs").start(process.argv.slice(2));

/** False where standard output takes nothing: the program then says why. */
function printVersion() {
  const { version } = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8"));
  try {
    writeSync(1, `${version}\n`);
    return true;
  } catch {
    return false;
  }
}
