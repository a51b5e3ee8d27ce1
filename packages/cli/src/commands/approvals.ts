// `memodag approvals ls | show | answer`: requests of tasks to people.

import type { Command } from "commander";
import { instanceName, type JsonObject } from "@memodag/core";
import { printJson, printLine, printTable } from "../output/print.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withRunArguments, withTeamOptions } from "./common-options.ts";
import { collect, parseDigest, parseIndex, parseParam } from "./parse-arguments.ts";

interface RequestOptions extends TeamOptions {
  readonly mapIndex?: number;
}

interface AnswerOptions extends RequestOptions {
  readonly option?: readonly string[];
  readonly param?: JsonObject;
  readonly digest?: string;
}

/** Adds the `approvals` commands. */
export function registerApprovals(program: Command): void {
  const approvals = program.command("approvals").description("Requests of tasks to people.");
  withTeamOptions(approvals.command("ls"))
    .description("the requests that wait for an answer, oldest first")
    .option("--dag <dag>", "those of this Dag")
    .action(list);
  withRequest(approvals.command("show")).description("what a task asks, and the answer").action(show);
  withRequest(approvals.command("answer"))
    .description("answer a request; the first answer counts")
    .option("--option <option>", "an option to choose; again for another", collect)
    .option("--param <name=value>", "a field of the form; again for another", parseParam)
    .option("--digest <digest>", "refuse if something else is shown than what has this digest", parseDigest)
    .action(answer);
}

function withRequest(command: Command): Command {
  return withRunArguments(command)
    .argument("<task>", "the task's id")
    .option("--map-index <n>", "one instance of a mapped task", parseIndex);
}

async function list(options: TeamOptions & { readonly dag?: string }): Promise<void> {
  const { listApprovals } = await import("@memodag/operations/approvals");
  const { team, dag: dagId } = options;
  const open = await withOperations(options, (context) => listApprovals(context, { team, dagId }));
  if (options.json) return printJson(open);
  printTable(
    ["DAG", "RUN", "TASK", "SUBJECT", "OPTIONS", "SINCE"],
    open.map(({ dagId: dag, runId, taskId, mapIndex, request, askedAt }) => [
      dag,
      runId,
      instanceName(taskId, mapIndex),
      request.subject,
      request.options.join(", "),
      askedAt,
    ]),
    "No task waits for an answer.",
  );
}

async function show(dagId: string, runId: string, taskId: string, options: RequestOptions): Promise<void> {
  const { showApproval } = await import("@memodag/operations/approvals");
  const { team, mapIndex } = options;
  const input = { dagId, runId, team, taskId, mapIndex };
  const {
    request,
    digest,
    answer: given,
  } = await withOperations(options, async (context) => {
    const shown = await showApproval(context, input);
    if (options.json) printJson(shown);
    return shown;
  });
  if (options.json) return;
  printLine(request.subject);
  for (const line of (request.body ?? "").split("\n")) printLine(line);
  printLine(`options: ${request.options.join(", ")}${request.multiple ? " (one or more)" : ""}`);
  for (const [name, { value, description }] of Object.entries(request.params))
    printLine(`field ${name}: ${JSON.stringify(value)}${description === null ? "" : ` (${description})`}`);
  printLine(`digest: ${digest}`);
  if (given === null) return printLine("not answered");
  const who = given.respondedBy?.name ?? "the defaults, when time ran out";
  printLine(`answered ${given.respondedAt} by ${who}: ${given.chosenOptions.join(", ")}`);
}

async function answer(dagId: string, runId: string, taskId: string, options: AnswerOptions): Promise<void> {
  const { answerApproval } = await import("@memodag/operations/approvals");
  const { team, mapIndex, option = [], param: params, digest } = options;
  const input = { dagId, runId, team, taskId, mapIndex, options: option, params, digest };
  const given = await withOperations(options, (context) => answerApproval(context, input));
  if (options.json) return printJson(given);
  printLine(
    `Answered ${instanceName(taskId, given.mapIndex)} of ${given.runId}: ${given.chosenOptions.join(", ")}.`,
  );
}
