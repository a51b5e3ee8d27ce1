// `memodag worker | worker-api | workers | queues`: workers on other machines.

import { Option, type Command } from "commander";
import type { CheckedWorker } from "@memodag/deployment/services";
import { EXIT_UNSOUND } from "../output/exit-codes.ts";
import { printJson, printLine, printNote, printTable } from "../output/print.ts";
import { formatWait, shownDags, shownNames } from "../output/worker-names.ts";
import { withOperations, type CommonOptions } from "../wiring/deployment.ts";
import { withStopSignal } from "../wiring/stop-signal.ts";
import { withCommonOptions } from "./common-options.ts";
import { collect, parseAge, parseCount } from "./parse-arguments.ts";

interface WorkerCommandOptions extends CommonOptions {
  readonly queue?: readonly string[];
  readonly concurrency?: number;
  readonly name?: string;
  readonly attempt?: string;
  readonly check?: boolean;
}

interface TokenOptions extends CommonOptions {
  readonly name: string;
  readonly queue?: readonly string[];
  readonly team?: string;
  /** Milliseconds. */
  readonly expires: number | null;
}

const DEFAULT_EXPIRY = "90d";

/** Adds the commands. */
export function registerWorkers(program: Command): void {
  withCommonOptions(program.command("worker"))
    .description("run tasks of a scheduler on another machine; needs no database")
    .option(
      "--queue <queue>",
      "a queue to take tasks from; again for another (default: [worker] queues)",
      collect,
    )
    .option("--concurrency <n>", "tasks to run at a time (default: [worker] concurrency)", parseCount)
    .option("--name <name>", "name for people (default: the machine's)")
    .option("--attempt <id>", "run this attempt alone, and end")
    .option("--check", "try the API, the token and the queue, compare packages, runtime and files, and end")
    .action(async ({ queue: queues, check, ...options }: WorkerCommandOptions) => {
      const { checkWorker, runWorker } = await import("@memodag/deployment/services");
      const version = program.version() ?? "";
      await withStopSignal(async (signal) => {
        const request = { ...options, queues, version, signal };
        if (!check) return await runWorker(request);
        const checked = await checkWorker(request);
        if (options.json) printJson(checked);
        else printChecked(checked);
        if (checked.differences.length > 0) process.exitCode = EXIT_UNSOUND;
      });
    });
  withCommonOptions(program.command("worker-api"))
    .description("answer workers on other machines, apart from schedulers; any number of them may run")
    .action(async (options: CommonOptions) => {
      const { runWorkerApi } = await import("@memodag/deployment/services");
      await withStopSignal((signal) =>
        runWorkerApi({ ...options, version: program.version() ?? "", signal }),
      );
    });
  withCommonOptions(program.command("queues"))
    .description("queues of workers on other machines: what waits, what runs, and who takes it")
    .action(listQueueTable);
  registerManagement(program.command("workers").description("Workers on other machines, and their tokens."));
}

function printChecked({ name, queues, differences, warnings }: CheckedWorker): void {
  printLine(
    `The worker ${name} can run tasks of ${queues.join(", ")}: the API, its token and the queue answer.`,
  );
  for (const warning of warnings) printNote(warning);
  if (differences.length === 0)
    return printLine("Bundles, packages, runtime and declared files are the same here.");
  printTable(
    ["DIFFERENCE", "HERE", "DAGS"],
    differences.map(({ kind, what, dags }) => [kind, what, shownDags(dags)]),
    "",
  );
  printNote("Results of these Dags' cached tasks would be used, and not stored.");
}

function registerManagement(workers: Command): void {
  withCommonOptions(workers.command("ls")).description("workers, longest registered first").action(list);
  withCommonOptions(workers.command("drain"))
    .argument("<worker>", "name or id")
    .description("have a worker take nothing more, and end when what it runs has ended")
    .action(drain);
  withCommonOptions(workers.command("token"))
    .description("make a token for workers, and print it: once, as only its digest is stored")
    .requiredOption("--name <name>", "name of the token, for people")
    .option(
      "--queue <queue>",
      "a queue that its workers may take tasks from; again for another (default: all)",
      collect,
    )
    .option("--team <team>", "the team whose tasks they may run (default: all)")
    .addOption(
      new Option("--expires <duration>", 'how long it is valid, such as "90d", or "never"')
        .argParser(parseExpiry)
        .default(parseExpiry(DEFAULT_EXPIRY), DEFAULT_EXPIRY),
    )
    .action(token);
  withCommonOptions(workers.command("tokens"))
    .description("tokens, oldest first; without secrets")
    .action(tokens);
  withCommonOptions(workers.command("revoke"))
    .argument("<id>", "the token's id, from `memodag workers tokens`")
    .description("revoke a token: its workers end within seconds, and what they run is run again")
    .action(revoke);
}

function parseExpiry(text: string): number | null {
  return text === "never" ? null : parseAge(text);
}

async function list(options: CommonOptions): Promise<void> {
  const { listWorkers } = await import("@memodag/operations/workers");
  const found = await withOperations(options, (context) => listWorkers(context));
  if (options.json) return printJson(found);
  printTable(
    ["NAME", "STATE", "QUEUES", "RUNNING", "MACHINE", "VERSION", "LAST BEAT", "ID"],
    found.map(({ name, state, queues: of, running, concurrency, host, pid, version, beatAt, id }) => [
      name,
      state,
      of.join(", "),
      `${running}/${concurrency}`,
      `${host}/${pid}`,
      version,
      beatAt,
      id,
    ]),
    "No worker is registered.",
  );
}

async function listQueueTable(options: CommonOptions): Promise<void> {
  const { listQueues } = await import("@memodag/operations/workers");
  const found = await withOperations(options, (context) => listQueues(context));
  if (options.json) return printJson(found);
  printTable(
    ["QUEUE", "WAITING", "RUNNING", "LONGEST WAIT", "WORKERS", "PLACES"],
    found.map(({ queue, waiting, started, oldestWaitMs, workers, places }) => [
      queue,
      waiting,
      started,
      formatWait(oldestWaitMs),
      workers,
      places,
    ]),
    "No queue has tasks or workers.",
  );
  for (const { queue, waiting, workers } of found)
    if (waiting > 0 && workers === 0) printNote(`No worker takes queue ${queue}.`);
}

async function drain(worker: string, options: CommonOptions): Promise<void> {
  const { drainWorker } = await import("@memodag/operations/workers");
  const done = await withOperations(options, (context) => drainWorker(context, { worker }));
  if (options.json) printJson(done);
  else printLine(`${worker} takes nothing more, and ends when what it runs has ended.`);
}

async function token({ name, queue, team, expires, ...options }: TokenOptions): Promise<void> {
  const { makeToken } = await import("@memodag/operations/workers");
  const teams = team === undefined ? undefined : [team];
  const input = { name, queues: queue, teams, validForMs: expires };
  const made = await withOperations(options, (context) => makeToken(context, input));
  if (options.json) return printJson(made);
  printLine(made.token);
  printNote("Put it into the file that [worker] token_file of the workers names. It is not shown again.");
}

async function tokens(options: CommonOptions): Promise<void> {
  const { listTokens } = await import("@memodag/operations/workers");
  const found = await withOperations(options, (context) => listTokens(context));
  if (options.json) return printJson(found);
  printTable(
    ["ID", "NAME", "QUEUES", "TEAMS", "CREATED", "EXPIRES", "REVOKED"],
    found.map(({ id, name, queues: of, teams, createdAt, expiresAt, revokedAt }) => [
      id,
      name,
      shownNames(of),
      shownNames(teams),
      createdAt,
      expiresAt ?? "never",
      revokedAt,
    ]),
    "There are no tokens.",
  );
}

async function revoke(id: string, options: CommonOptions): Promise<void> {
  const { revokeToken } = await import("@memodag/operations/workers");
  const done = await withOperations(options, (context) => revokeToken(context, { id }));
  if (options.json) printJson(done);
  else printLine(`Revoked ${id}.`);
}
