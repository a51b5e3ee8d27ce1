// `memodag db migrate | status`.

import type { Command } from "commander";
import { printFacts, printJson, printLine } from "../output/print.ts";
import type { CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";

/** Adds the `db` commands. */
export function registerDb(program: Command): void {
  const db = program.command("db").description("The metadata database.");
  withCommonOptions(db.command("migrate"))
    .description("make the database, or bring it up to this program's version")
    .action(migrate);
  withCommonOptions(db.command("status"))
    .description("which database it is and how far it is migrated")
    .action(showStatus);
}

async function migrate(options: CommonOptions): Promise<void> {
  const { migrateDatabases } = await import("@memodag/deployment/stores");
  const applied = await migrateDatabases(options);
  if (options.json) printJson({ applied });
  else printLine(applied.length === 0 ? "The database is up to date." : `Applied ${applied.join(", ")}.`);
}

async function showStatus(options: CommonOptions): Promise<void> {
  const { readDatabaseStatus } = await import("@memodag/deployment/stores");
  const { url, applied, pending, unknown } = await readDatabaseStatus(options);
  if (options.json) return printJson({ url, applied, pending, unknown });
  printFacts({
    database: url,
    applied: applied.join(", ") || "nothing",
    pending: pending.length === 0 ? "nothing" : `${pending.join(", ")}: run \`memodag db migrate\``,
    ...(unknown.length > 0 && { newer: `${unknown.join(", ")}: update memodag` }),
  });
}
