// `memodag audit ls`: who did what, when.

import { Option, type Command } from "commander";
import { AUDIT_ACTIONS, type AuditAction, type AuditActor, type AuditEntry } from "@memodag/core";
import { printJson, printTable } from "../output/print.ts";
import { isoTime } from "@memodag/operations";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseCount, parseSince } from "./parse-arguments.ts";

interface AuditOptions extends TeamOptions {
  readonly action?: AuditAction;
  /** Milliseconds since the Unix epoch. */
  readonly since?: number;
  readonly limit: number;
}

/** Adds `audit ls`. */
export function registerAudit(program: Command): void {
  const audit = program.command("audit").description("Who did what.");
  withTeamOptions(audit.command("ls"))
    .description("what people did, newest first; with --team, to that team alone")
    .addOption(new Option("--action <action>", "acts of this kind").choices(AUDIT_ACTIONS))
    .option("--since <time>", 'from this time on, or from so long ago, such as "7d"', parseSince)
    .option("--limit <n>", "how many at most", parseCount, 100)
    .action(listEntries);
}

async function listEntries({ team, action, since, limit, ...options }: AuditOptions): Promise<void> {
  const entries = await withOperations(options, (context, { audit }) =>
    audit.list({
      ...(team !== undefined && { team }),
      ...(action !== undefined && { action }),
      ...(since !== undefined && { since }),
      limit,
    }),
  );
  if (options.json) return printJson(entries.map((entry) => ({ ...entry, at: isoTime(entry.at) })));
  printTable(
    ["TIME", "WHO", "ACTION", "TEAM", "WHAT", "ROWS", "OUTCOME"],
    entries.map((entry) => [
      isoTime(entry.at),
      shownActor(entry.actor),
      entry.action,
      entry.team,
      shownFilter(entry),
      entry.outcome.kind === "done" ? entry.outcome.affected : null,
      entry.outcome.kind === "failed" ? `failed: ${entry.outcome.error}` : entry.outcome.kind,
    ]),
    "Nobody has done anything that matches.",
  );
}

function shownActor({ name, host }: AuditActor): string {
  return `${name}@${host}`;
}

function shownFilter({ filter }: AuditEntry): string | null {
  const parts = Object.entries(filter).flatMap(([name, value]) =>
    value === null || value === false
      ? []
      : [`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`],
  );
  return parts.join(" ") || null;
}
