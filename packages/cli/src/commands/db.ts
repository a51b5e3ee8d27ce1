// `memodag db migrate | status | copy`, and the way to `clean`.

import type { Command } from "commander";
import { printFacts, printJson, printLine, printTable } from "../output/print.ts";
import type { CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";
import { registerClean } from "./db-clean.ts";

/** Adds the `db` commands. */
export function registerDb(program: Command): void {
  const db = program.command("db").description("The metadata database.");
  withCommonOptions(db.command("migrate"))
    .description("make the database, or bring it up to this program's version")
    .action(migrate);
  withCommonOptions(db.command("status"))
    .description("which database it is and how far it is migrated")
    .action(showStatus);
  withCommonOptions(db.command("copy"))
    .description("copy the metadata database to another, empty one, such as from SQLite to PostgreSQL")
    .option("--to <url>", "the database to fill: postgres://… or sqlite:PATH")
    .option("--to-file <file>", "a file with that URL, for one with a password")
    .addHelpText(
      "after",
      "\nStop all schedulers first. The database of the config is only read.\n\nExample:\n" +
        "  memodag db copy --to postgres://memodag@db.example/memodag",
    )
    .action(copy);
  registerClean(db);
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

async function copy(options: CommonOptions & { to?: string; toFile?: string }): Promise<void> {
  const { copyMetadataDatabase } = await import("@memodag/deployment/stores");
  const { report, nextSteps } = await copyMetadataDatabase(options, options);
  if (options.json) return printJson(report);
  const rows = report.tables.map((table) => [table.name, table.rows]);
  printTable(["TABLE", "ROWS"], rows, "");
  printLine("");
  printLine(`Copied ${report.from} to ${report.to}.`);
  for (const step of nextSteps) printLine(step);
}
