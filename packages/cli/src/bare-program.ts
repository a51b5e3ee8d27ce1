// A program without commands: what all of memodag's have in common.

import { readFileSync } from "node:fs";
import { Command } from "commander";
import { helpOutput } from "./output/standard-streams.ts";

/** A program of that name and of this package's version. */
export function bareProgram(name: string): Command {
  return new Command(name)
    .version(readVersion(), "-V, --version")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput(helpOutput());
}

function readVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
