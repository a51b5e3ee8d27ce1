#!/usr/bin/env node
// The memodag command. Compiled code is kept between starts, which halves the time that a start takes.
import nodeModule from "node:module";
import { refusalOf } from "./node-floor.js";

// Another Node fails somewhere below, some with a crash: nothing of memodag is loaded before this.
const refusal = refusalOf(process.versions.node);
if (refusal !== null) {
  process.stderr.write(`memodag: ${refusal}\n`);
  process.exit(2);
}
// Before anything is started that could read them.
const { takeSecrets } = await import("../dist/environment-secrets.js");
const warning = takeSecrets();
if (warning !== null) process.stderr.write(`memodag: ${warning}\n`);
const { findCompileCacheFolder } = await import("../dist/compile-cache.js");
const folder = findCompileCacheFolder({ env: process.env, uid: process.geteuid?.() ?? -1 });
if (folder !== undefined) nodeModule.enableCompileCache(folder);
const { main } = await import("../dist/main.js");
await main(process.argv.slice(2));
