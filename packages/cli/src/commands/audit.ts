// `memodag audit ls`: who did what, when.

import { Option, type Command } from "commander";
import { AUDIT_ACTIONS, type AuditAction } from "@memodag/core";
import type { AuditReport } from "@memodag/operations/audit";
import { printJson, printTable } from "../output/print.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { noteNext, withPageOptions, type PageOptions } from "./page-options.ts";
import { parseSince } from "./parse-arguments.ts";

interface AuditOptions extends TeamOptions, PageOptions {
  readonly action?: AuditAction;
  /** ISO 8601. */
  readonly since?: string;
}

/** Adds `audit ls`. */
export function registerAudit(program: Command): void {
  const audit = program.command("audit").description("Who did what.");
  const ls = withTeamOptions(audit.command("ls"))
    .description("what people did, newest first; with --team, to that team alone")
    .addOption(new Option("--action <action>", "acts of this kind").choices(AUDIT_ACTIONS))
    .option("--since <time>", 'from this time on, or from so long ago, such as "7d"', parseSince);
  withPageOptions(ls, 100).action(listEntries);
}

async function listEntries(options: AuditOptions): Promise<void> {
  const { listAudit } = await import("@memodag/operations/audit");
  const page = await withOperations(options, (context) => listAudit(context, options));
  if (options.json) printJson(page.items);
  else printEntries(page.items);
  noteNext(page);
}

function printEntries(entries: readonly AuditReport[]): void {
  printTable(
    ["TIME", "WHO", "ACTION", "TEAM", "WHAT", "ROWS", "OUTCOME"],
    entries.map((entry) => [
      entry.at,
      `${entry.actor.name}@${entry.actor.host}`,
      entry.action,
      entry.team,
      shownFilter(entry),
      entry.outcome.kind === "done" ? entry.outcome.affected : null,
      entry.outcome.kind === "failed" ? `failed: ${entry.outcome.error}` : entry.outcome.kind,
    ]),
    "No matching entries.",
  );
}

function shownFilter({ filter }: AuditReport): string | null {
  const parts = Object.entries(filter).flatMap(([name, value]) =>
    value === null || value === false
      ? []
      : [`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`],
  );
  return parts.join(" ") || null;
}
