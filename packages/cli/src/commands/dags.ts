// `memodag dags list | show | errors | pause | unpause`, and the way to `run` and `trigger`.

import type { Command } from "commander";
import {
  formatDuration,
  hideSecretParams,
  hideSecretsOfSchema,
  secretTest,
  type JsonSchema,
  type SecretTest,
  type SerializedDag,
  type SerializedTask,
} from "@memodag/core";
import { branchText } from "../output/branch-text.ts";
import { EXIT_UNREADABLE } from "../output/exit-codes.ts";
import { printFacts, printJson, printLine, printNote, printTable } from "../output/print.ts";
import { shortened } from "@memodag/deployment/logging";
import { shortDigest } from "../output/units.ts";
import { placeOf } from "@memodag/operations/dags";
import { isoTime } from "@memodag/operations";
import { listScheduledDags } from "@memodag/operations/dags";
import { newAct } from "@memodag/operations";
import { getDag } from "@memodag/operations/dags";
import { withDags } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { registerDagsBackfill } from "./dags-backfill.ts";
import { registerDagRuns } from "./dag-runs.ts";

/** Adds the `dags` commands. */
export function registerDags(program: Command): void {
  const dags = program.command("dags").description("Dags: what there is, and running it.");
  withTeamOptions(dags.command("list")).description("all Dags").action(listDags);
  withTeamOptions(dags.command("show"))
    .description("a Dag with its tasks")
    .argument("<dag>", "the Dag's id")
    .action(showDag);
  withTeamOptions(dags.command("errors"))
    .description("Dag files that could not be read; exits with 1 when there are any")
    .action(listErrors);
  registerDagRuns(dags);
  registerDagsBackfill(dags);
  for (const [name, isPaused] of [
    ["pause", true],
    ["unpause", false],
  ] as const) {
    withTeamOptions(dags.command(name))
      .description(isPaused ? "make no more scheduled runs of a Dag" : "make scheduled runs of a Dag again")
      .argument("<dag>", "the Dag's id")
      .action((dagId: string, options: TeamOptions) => setPaused(dagId, isPaused, options));
  }
}

async function listDags(options: TeamOptions): Promise<void> {
  const { dags, brokenFiles } = await withDags(options, async (context, metadata) => ({
    dags: await listScheduledDags(metadata, { team: options.team }),
    brokenFiles: (await metadata.dags.listDagFiles()).filter(
      ({ team, error }) => error !== null && (options.team === undefined || team === options.team),
    ).length,
  }));
  if (options.json) {
    printJson(
      dags.map(({ dagId, team, file, isPaused, schedule, nextRun, tags, taskCount }) => ({
        dagId,
        team,
        bundle: file.bundle,
        path: file.path,
        isPaused,
        schedule,
        nextRunAt: isoTime(nextRun),
        tags,
        taskCount,
      })),
    );
  } else {
    printTable(
      ["DAG", "TEAM", "FILE", "SCHEDULE", "NEXT RUN", "PAUSED", "TASKS", "TAGS"],
      dags.map((dag) => [
        dag.dagId,
        dag.team,
        `${dag.file.bundle}/${dag.file.path}`,
        dag.schedule,
        isoTime(dag.nextRun),
        dag.isPaused ? "yes" : "no",
        dag.taskCount,
        dag.tags.join(", "),
      ]),
      "No Dags: a file that exports one belongs into a folder that [[bundles]] in the config names.",
    );
  }
  if (brokenFiles > 0)
    printNote(`${brokenFiles} Dag file(s) could not be read: \`memodag dags errors\` says why.`);
}

async function showDag(dagId: string, options: TeamOptions): Promise<void> {
  const { version, warnings, scheduled, isSecret } = await withDags(options, async (context, metadata) => {
    const { dags, config } = metadata;
    const found = await getDag(dags, { dagId, team: options.team });
    const [summary] = await listScheduledDags(metadata, found);
    const files = await dags.listDagFiles(found.file.bundle);
    const read = files.find(({ path }) => path === found.file.path);
    const isSecretName = secretTest(config.core.secretPatterns);
    return { version: found, warnings: read?.warnings ?? [], scheduled: summary, isSecret: isSecretName };
  });
  const { team, file } = version;
  const dag = withoutSecrets(version.dag, isSecret);
  const facts = {
    dagId: dag.dagId,
    team,
    bundle: file.bundle,
    path: file.path,
    version: version.digest,
    description: dag.description,
    schedule: dag.schedule,
    timezone: dag.timezone,
    ...(dag.startDate !== undefined && { startDate: dag.startDate }),
    ...(dag.endDate !== undefined && { endDate: dag.endDate }),
    isPaused: scheduled?.isPaused === true,
    nextRunAt: isoTime(scheduled?.nextRun ?? null),
    catchup: dag.catchup,
    maxActiveRuns: dag.maxActiveRuns,
  };
  if (options.json) {
    return printJson({
      ...facts,
      params: dag.params,
      ...(dag.paramSchemas && { paramSchemas: dag.paramSchemas }),
      ...(dag.confSchema !== undefined && { confSchema: dag.confSchema }),
      tags: dag.tags,
      tasks: dag.tasks.map(taskFacts),
      warnings,
    });
  }
  printFacts({
    ...facts,
    isPaused: String(facts.isPaused),
    catchup: String(dag.catchup),
    params: JSON.stringify(dag.params),
    tags: dag.tags.join(", ") || null,
  });
  printLine("");
  printTable(
    ["TASK", "UPSTREAM", "MAPPED OVER", "CHOOSES", "RULE", "RETRIES", "CACHE", "SOURCE"],
    dag.tasks.map((task) => [
      task.taskId,
      task.upstream.join(", ") || null,
      task.expand.map(([name]) => name).join(", ") || null,
      task.branch ? branchText(task.branch) : null,
      task.triggerRule,
      task.retries,
      shownCache(dag, task),
      task.runStep ? null : shortDigest(task.sourceHash),
    ]),
    "No tasks.",
  );
  for (const line of [...dag.tasks.flatMap(declarationNotes), ...warnings])
    printLine(`note: ${shortened(line)}`);
}

/** What runs are given by default is kept in the database as it is, and is not for everyone who may look. */
function withoutSecrets(dag: SerializedDag, isSecret: SecretTest): SerializedDag {
  const schemas = Object.entries(dag.paramSchemas ?? {}).map(([name, schema]): [string, JsonSchema] => [
    name,
    hideSecretsOfSchema(name, schema, isSecret),
  ]);
  return {
    ...dag,
    params: hideSecretParams(dag.params, dag.paramSchemas ?? {}, isSecret),
    ...(dag.paramSchemas && { paramSchemas: Object.fromEntries(schemas) }),
    ...(dag.confSchema !== undefined && {
      confSchema: hideSecretsOfSchema("conf", dag.confSchema, isSecret),
    }),
  };
}

function taskFacts(task: SerializedTask) {
  const { taskId, upstream, expand, branch, triggerRule, retries, cache, sourceHash } = task;
  const mappedOver = expand.map(([name]) => name);
  const facts = { taskId, upstream, expand: mappedOver, branch: branch ?? null };
  return { ...facts, triggerRule, retries, cache, sourceHash };
}

function shownCache(dag: SerializedDag, { cache }: SerializedTask): string {
  if (cache === null || !dag.cache) return "no";
  if (cache.ttlMs === "default") return "yes";
  return cache.ttlMs === null ? "for ever" : `for ${formatDuration(cache.ttlMs)}`;
}

/** What the author of a cached task declared beside its arguments, and what is vouched for. */
function declarationNotes({ taskId, cache }: SerializedTask): string[] {
  const { files = [], trust = [] } = cache ?? {};
  return [
    ...(files.length > 0 ? [`the files of ${taskId}, ${files.join(", ")}, are in its cache key`] : []),
    ...(trust.length > 0 ? [`${trust.join(", ")} of ${taskId} are vouched for by its author`] : []),
  ];
}

async function listErrors(options: TeamOptions): Promise<void> {
  const files = await withDags(options, (context, { dags }) => dags.listDagFiles());
  const broken = files.flatMap(({ bundle, path, team, error }) =>
    error === null || (options.team !== undefined && team !== options.team)
      ? []
      : [
          {
            bundle,
            path,
            team,
            file: error.file,
            line: error.line,
            column: error.column,
            message: error.message,
          },
        ],
  );
  if (broken.length > 0) process.exitCode = EXIT_UNREADABLE;
  if (options.json) return printJson(broken);
  if (broken.length === 0) return printLine("All Dag files could be read.");
  for (const { bundle, path, file, line, column, message } of broken) {
    const place = placeOf(path, { file, line, column, message });
    printLine(`${bundle}/${path}: ${place}: ${shortened(message)}`);
  }
}

async function setPaused(dagId: string, isPaused: boolean, options: TeamOptions): Promise<void> {
  const team = await withDags(options, async (context, { dags }) => {
    const version = await getDag(dags, { dagId, team: options.team });
    const act = newAct(context.actor, isPaused ? "dags.pause" : "dags.unpause", version.team, { dagId });
    await dags.setPaused(version.team, dagId, isPaused, act);
    return version.team;
  });
  if (options.json) printJson({ dagId, team, isPaused });
  else printLine(`${dagId} is ${isPaused ? "paused" : "no longer paused"}.`);
}
