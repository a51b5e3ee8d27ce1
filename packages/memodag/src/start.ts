// Starts the command: takes its secrets, and loads the program with the code that is kept for it.

import { createRequire, enableCompileCache } from "node:module";
import { join } from "node:path";
import { takeSecrets } from "@memodag/deployment/environment-secrets";
import { findCacheFolder } from "./compile-cache.ts";
import { Program } from "./kept-code.ts";

export * from "@memodag/deployment/environment-secrets";

const FOLDER = import.meta.dirname;
const MAIN = "./main.cjs";
/** The exit code of a program that has nothing to do and is not at its end. */
const UNSETTLED = 13;
/** V8 drops code that is not used for long: what a service has left at its end is not what it started with. */
const LONGEST_SECONDS = 60;

/** Runs a command line; sets `process.exitCode`. Never rejects. */
export async function start(args: readonly string[]): Promise<void> {
  // Before anything is started that could read them.
  const warning = takeSecrets();
  if (warning !== null) process.stderr.write(`memodag: ${warning}\n`);
  const folder = findCacheFolder({ env: process.env, uid: process.geteuid?.() ?? -1 });
  if (folder !== undefined) enableCompileCache(join(folder, "compiled"));
  const loaded = isCodeKept() ? loadKept(folder, args) : createRequire(import.meta.url)(MAIN);
  const { main } = loaded as { main(args: readonly string[]): Promise<void> };
  let isOver = false;
  // As Node ends an ES module that waits for what never comes. Not emitted by process.exit().
  process.once("beforeExit", () => {
    if (!isOver) process.exitCode ||= UNSETTLED;
  });
  await main(args);
  isOver = true;
}

/** Not where Node has to know the files: it maps places in those alone that it has loaded itself. */
function isCodeKept(): boolean {
  const { NODE_DISABLE_COMPILE_CACHE: disabled, NODE_V8_COVERAGE: coverage } = process.env;
  return !process.sourceMapsEnabled && disabled === undefined && coverage === undefined;
}

function loadKept(folder: string | undefined, args: readonly string[]): unknown {
  const program = new Program({
    folder: FOLDER,
    keptIn: folder === undefined ? undefined : join(folder, "commands", fileName(args)),
    now: Date.now(),
  });
  program.add("start.cjs");
  process.once("exit", () => {
    if (process.uptime() < LONGEST_SECONDS) program.keep();
  });
  return program.require(MAIN);
}

/** One for each command of each program in each Node with its flags. */
function fileName(args: readonly string[]): string {
  const { version, arch, execArgv, env } = process;
  const command = args.slice(0, 2).filter((word) => /^[a-z][a-z-]{1,20}$/.test(word));
  const place = JSON.stringify([version, arch, execArgv, env["NODE_OPTIONS"] ?? "", FOLDER]);
  return [...command, hash(place).toString(16)].join("-");
}

/** FNV-1a. Two places with the same one replace each other's code, and use none that is not theirs. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}
