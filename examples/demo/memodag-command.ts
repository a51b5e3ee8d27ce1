// Calls the memodag command as a person would, with --json, and reads what it prints.

import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const MEMODAG = fileURLToPath(new URL("../../packages/memodag/bin/memodag.js", import.meta.url));

/** The demo's config file, as one would write it at the repository's root. */
export const DEMO_CONFIG = "examples/demo.toml";

/** A command that did not end with 0. What it had to say is on stderr already. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
}

/**
 * Runs `memodag … --json` with the demo's config and resolves to the JSON that it printed.
 * @throws CommandFailure when it ends with another exit code than 0.
 */
export async function memodag(args: readonly string[]): Promise<unknown> {
  return JSON.parse(await memodagText([...args, "--json"]));
}

/**
 * Runs `memodag …` with the demo's config and resolves to what it printed.
 * @throws CommandFailure when it ends with another exit code than 0.
 */
export async function memodagText(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [MEMODAG, ...args, "--config", DEMO_CONFIG], {
    cwd: REPOSITORY,
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [printed, code] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) throw new CommandFailure(`memodag ${args.join(" ")} ended with ${code ?? "a signal"}`);
  return printed;
}

// Overrides that the shell has for another deployment are not meant for the demo.
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MEMODAG_")));
}
