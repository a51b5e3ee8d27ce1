// `memodag cache keygen`: makes a pair of keys for signatures of results.

import type { Command } from "commander";
import { printJson, printLine } from "../output/print.ts";
import type { CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";

interface KeygenOptions extends CommonOptions {
  readonly out: string;
}

/** Adds `cache keygen`. */
export function registerKeygen(cache: Command): void {
  withCommonOptions(cache.command("keygen"))
    .description("make a key with which a scheduler signs results")
    .requiredOption("--out <file>", "the file of the private key, which must not exist")
    .action(keygen);
}

async function keygen({ out, json }: KeygenOptions): Promise<void> {
  const { makeSigningKey } = await import("@memodag/deployment/config");
  const made = makeSigningKey(out);
  if (json) return printJson(made);
  printLine(
    `Wrote the private key to ${made.path}, for schedulers alone. Its id is ${made.keyId}. In the config:`,
  );
  printLine("");
  printLine("[signatures]");
  printLine(`mode = "on"`);
  printLine(`key_file = ${JSON.stringify(made.path)}`);
  printLine(`public_keys = "${made.publicKey}"`);
}
