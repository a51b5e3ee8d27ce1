// `memodag api-server | ui | tokens`: the REST API, and who may use it.

import { API_ROLES, type ApiRole } from "@memodag/core";
import { Option, type Command } from "commander";
import { printJson, printLine, printNote, printTable } from "../output/print.ts";
import { withOperations, type CommonOptions } from "../wiring/deployment.ts";
import { withStopSignal } from "../wiring/stop-signal.ts";
import { withCommonOptions } from "./common-options.ts";
import { parseAge } from "./parse-arguments.ts";

interface MakeOptions extends CommonOptions {
  readonly name: string;
  readonly role: ApiRole;
  readonly team?: string;
  readonly values: boolean;
  /** Milliseconds. */
  readonly expires: number;
}

interface ServerOptions extends CommonOptions {
  readonly nextPort?: boolean;
  readonly link?: boolean;
}

const DEFAULT_EXPIRY = "90d";

/** Adds the commands. */
export function registerApi(program: Command): void {
  withCommonOptions(program.command("api-server"))
    .description("answer people and programs over HTTP; any number of them may run")
    .option("--next-port", "if the port of the config is taken, take the next free one")
    .option("--link", "log a link that signs you in; it is valid for 15 minutes, once")
    .action(async (options: ServerOptions) => {
      const { runApiServer } = await import("@memodag/deployment/services");
      const { webFolder } = await import("@memodag/web");
      const pages = { version: program.version() ?? "", webFolder: webFolder() };
      await withStopSignal((signal) => runApiServer({ ...options, ...pages, signal }));
    });
  withCommonOptions(program.command("ui"))
    .description("print a link that signs you in to the API server; it is valid for 15 minutes, once")
    .action(printLink);
  const tokens = program.command("tokens").description("Tokens with which programs use the REST API.");
  withCommonOptions(tokens.command("ls")).description("tokens, oldest first; without secrets").action(list);
  withCommonOptions(tokens.command("make"))
    .description("make a token, and print it: once, as only its digest is stored")
    .requiredOption("--name <name>", "name of the token, for people")
    .addOption(
      new Option("--role <role>", "what it may do")
        .choices([...API_ROLES])
        .default("viewer" satisfies ApiRole),
    )
    .option("--team <team>", "the team that it is for (default: all)")
    .option("--no-values", "withhold values of users: params, results, parts of keys, logs")
    .addOption(
      new Option("--expires <duration>", 'how long it is valid, at most "366d"')
        .argParser(parseAge)
        .default(parseAge(DEFAULT_EXPIRY), DEFAULT_EXPIRY),
    )
    .action(make);
  withCommonOptions(tokens.command("revoke"))
    .argument("<id>", "the token's id, from `memodag tokens ls`")
    .description("revoke a token: it is refused from now on")
    .action(revoke);
}

async function printLink(options: CommonOptions): Promise<void> {
  const { signInLink } = await import("@memodag/deployment/services");
  const link = await signInLink(options);
  if (options.json) return printJson(link);
  printLine(link.url);
  if (!link.isRunning)
    printNote("No API of this project runs on this machine: start `memodag dev` or `memodag api-server`");
}

async function list(options: CommonOptions): Promise<void> {
  const { listApiTokens } = await import("@memodag/operations/tokens");
  const found = await withOperations(options, (context) => listApiTokens(context));
  if (options.json) return printJson(found);
  printTable(
    ["ID", "NAME", "ROLE", "TEAM", "VALUES", "MADE BY", "EXPIRES", "LAST USED", "REVOKED"],
    found.map(({ id, name, role, team, hasValues, madeBy, expiresAt, usedAt, revokedAt }) => [
      id,
      name,
      role,
      team ?? "all",
      hasValues ? "yes" : "no",
      madeBy,
      expiresAt,
      usedAt ?? "never",
      revokedAt,
    ]),
    "There are no tokens.",
  );
}

async function make({ name, role, team, values, expires, ...options }: MakeOptions): Promise<void> {
  const { makeApiToken } = await import("@memodag/operations/tokens");
  const input = { name, role, team, hasValues: values, validForMs: expires };
  const made = await withOperations(options, (context) => makeApiToken(context, input));
  if (options.json) return printJson(made);
  printLine(made.token);
  printNote("Send it as `authorization: Bearer TOKEN`. It is not shown again.");
}

async function revoke(id: string, options: CommonOptions): Promise<void> {
  const { revokeApiToken } = await import("@memodag/operations/tokens");
  const done = await withOperations(options, (context) => revokeApiToken(context, { id }));
  if (options.json) printJson(done);
  else printLine(`Revoked ${id}.`);
}
