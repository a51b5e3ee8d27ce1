#!/usr/bin/env node
// The memodag command. Compiled code is kept between starts, which halves the time that a start takes.
import nodeModule from "node:module";

// An older Node fails somewhere below, in words that make sense to no one.
if (Number.parseInt(process.versions.node, 10) < 22) {
  process.stderr.write(
    `memodag: Node ${process.versions.node} is too old: install Node 22.19, 24.5, 26 or newer\n`,
  );
  process.exit(2);
}
const { findCompileCacheFolder } = await import("../dist/compile-cache.js");
const folder = findCompileCacheFolder({ env: process.env, uid: process.geteuid?.() ?? -1 });
if (folder !== undefined) nodeModule.enableCompileCache(folder);
const { main } = await import("../dist/main.js");
await main(process.argv.slice(2));
