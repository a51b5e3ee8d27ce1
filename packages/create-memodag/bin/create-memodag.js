#!/usr/bin/env node
// What `npm create memodag` runs.
import floor from "../dist/node-floor.cjs";

// Another Node fails somewhere below, some with a crash: nothing else is loaded before this.
const refusal = floor.refusalOf(process.versions.node);
if (refusal !== null) {
  process.stderr.write(`create-memodag: ${refusal}\n`);
  process.exit(2);
}
const { create } = await import("../dist/main.js");
await create(process.argv.slice(2));
