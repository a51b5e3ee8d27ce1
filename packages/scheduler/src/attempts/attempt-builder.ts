// Makes an attempt: everything that a worker needs, read from the database and nothing left to ask.

import {
  type ArgTemplate,
  type Attempt,
  type AttemptContext,
  type AttemptResult,
  type AttemptRuntime,
  type CacheTrust,
  type DagRun,
  type DagVersion,
  type Digest,
  type NamedTemplate,
  type SerializedTask,
  type TaskInstance,
} from "@memodag/core";
import type { DagNode } from "../graph/dag-graph.ts";
import type { InstanceArgument, NamedArgument } from "../values/instance-argument.ts";
import type { RunResults } from "../values/run-results.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The context of an attempt; also what `includeInputs` paths select from. */
export function attemptContext(
  run: DagRun,
  instance: Pick<TaskInstance, "taskId" | "mapIndex" | "tryNumber" | "maxTries">,
  attemptId: string,
): AttemptContext {
  const { dataIntervalStart: start, dataIntervalEnd: end } = run;
  const logicalDate = isoDate(run.logicalDate);
  return {
    dag: { dagId: run.dagId },
    dagRun: { runId: run.runId, runType: run.runType, logicalDate, conf: run.conf },
    task: { taskId: instance.taskId },
    taskInstance: {
      mapIndex: instance.mapIndex,
      tryNumber: instance.tryNumber,
      maxTries: instance.maxTries,
      attemptId,
    },
    params: run.params,
    logicalDate,
    dataInterval:
      start === null || end === null
        ? null
        : { start: new Date(start).toISOString(), end: new Date(end).toISOString() },
  };
}

/** What {@link buildAttempt} works from. */
export interface AttemptParts {
  readonly run: DagRun;
  readonly version: DagVersion;
  readonly node: DagNode;
  readonly instance: TaskInstance;
  readonly attemptId: string;
  readonly args: readonly NamedArgument[];
  readonly declaredContext: readonly string[] | null;
  readonly declaredEnv: readonly string[] | null;
  readonly declaredFiles: readonly string[] | undefined;
  readonly trust: readonly CacheTrust[] | undefined;
  readonly runtime: AttemptRuntime | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** @throws MemodagError `xcom_not_found` when an upstream's bytes are gone. */
export async function buildAttempt(parts: AttemptParts, results: RunResults): Promise<Attempt> {
  const { run, version, node, instance } = parts;
  return {
    attemptId: parts.attemptId,
    team: run.team,
    dagId: run.dagId,
    runId: run.runId,
    taskId: instance.taskId,
    mapIndex: instance.mapIndex,
    tryNumber: instance.tryNumber,
    file: version.file,
    artifactDigest: version.dag.artifactDigest,
    ...(await readInputs(parts.args, results)),
    context: attemptContext(run, instance, parts.attemptId),
    declaredContext: parts.declaredContext,
    declaredEnv: parts.declaredEnv,
    ...(parts.declaredFiles && { declaredFiles: parts.declaredFiles }),
    ...(parts.trust && { trust: parts.trust }),
    ...(parts.declaredEnv && version.dag.inputs && { inputs: version.dag.inputs }),
    ...(parts.runtime && { runtime: parts.runtime }),
    executionTimeoutMs: node.task.executionTimeoutMs,
    ...(node.task.memoryBytes !== undefined && { memoryBytes: node.task.memoryBytes }),
    ...commandOf(node.task),
    ...sensorOf(parts),
  };
}

/**
 * The arguments of an instance and the values that they refer to.
 * @throws MemodagError `xcom_not_found` when an upstream's bytes are gone.
 */
export async function readInputs(
  given: readonly NamedArgument[],
  results: RunResults,
): Promise<Pick<Attempt, "args" | "results">> {
  const args = await inlineElements(given, results);
  return { args, results: await readResults(args, results) };
}

function sensorOf({ node, instance, now }: AttemptParts): Pick<Attempt, "sensor"> {
  const { sensor } = node.task;
  return sensor ? { sensor: { ...sensor, waitedMs: Math.max(0, now - (instance.waitingSince ?? now)) } } : {};
}

/** By what the task says and not by what this attempt is for: a command sees the same with `--no-cache`. */
function commandOf({ command, cache }: SerializedTask): Pick<Attempt, "command"> {
  return command ? { command: { ...command, visibleEnv: cache?.env ?? null } } : {};
}

/**
 * An element of a mapped task's results goes along as text, so that each of n instances is sent one
 * element and not all n.
 */
async function inlineElements(args: readonly NamedArgument[], results: RunResults): Promise<NamedTemplate[]> {
  const elements = args.map(([, template]) => elementDigest(template, results));
  const bytes = await results.readBytes(elements.filter((digest) => digest !== undefined && digest !== null));
  return args.map(([name, template], index) => {
    if (template.kind === "element") {
      return [name, { kind: "literal", json: template.elements.text(template.index) }];
    }
    const digest = elements[index];
    if (digest === undefined) return [name, template];
    const json = digest === null ? "null" : decoder.decode(bytes.get(digest));
    return [name, { kind: "literal", json }];
  });
}

/** The digest of the one element that a template takes whole; `null` where there is none; undefined: not such a template. */
function elementDigest(template: InstanceArgument, results: RunResults): Digest | null | undefined {
  if (template.kind !== "result" || template.path.length !== 1) return undefined;
  const upstream = results.nodeOf(template.taskId);
  return upstream.isMapped ? (results.returnedAt(upstream, Number(template.path[0])) ?? null) : undefined;
}

async function readResults(
  args: readonly NamedTemplate[],
  results: RunResults,
): Promise<Map<string, AttemptResult>> {
  const taskIds = new Set<string>();
  for (const [, template] of args) collectTaskIds(template, taskIds);
  const nodes = Array.from(taskIds, (taskId) => results.nodeOf(taskId));
  const digestsOf = (node: DagNode) =>
    node.isMapped ? results.returnedByAll(node) : [results.returnedBy(node)];
  const bytes = await results.readBytes(nodes.flatMap(digestsOf).filter((digest) => digest !== undefined));
  const read = new Map<string, AttemptResult>();
  for (const node of nodes) {
    const values = digestsOf(node).map((digest) =>
      digest === undefined ? null : (bytes.get(digest) ?? null),
    );
    if (node.isMapped) read.set(node.task.taskId, { kind: "mapped", items: values });
    else if (values[0]) read.set(node.task.taskId, { kind: "single", bytes: values[0] });
  }
  return read;
}

function collectTaskIds(template: ArgTemplate, into: Set<string>): void {
  switch (template.kind) {
    case "literal":
      return;
    case "result":
      into.add(template.taskId);
      return;
    case "list":
      for (const item of template.items) collectTaskIds(item, into);
      return;
    case "object":
      for (const [, item] of template.entries) collectTaskIds(item, into);
  }
}

function isoDate(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
