// Finds where two runs of a Dag part: on each path the first instances that differ, and the change that made them differ.

import { MemodagError, resultsIn, type SerializedDag, type SerializedTask } from "@memodag/core";
import type { ComponentChange } from "@memodag/result-cache";
import type { OperationContext } from "../context.ts";
import { findRun, getRun } from "../runs/find-run.ts";
import { compareWholeRuns, type ComparedInstance } from "./compare-runs.ts";

/** Two runs; names are as for other operations on runs. */
export interface DiffRunsInput {
  readonly before: string;
  readonly after: string;
  /** Absent: the one Dag that has the runs. */
  readonly dagId?: string | undefined;
  readonly team?: string | undefined;
}

/** An instance that differs, though nothing that it depends on does. */
export interface RunDifference {
  readonly taskId: string;
  /** -1 for a task that is not mapped. */
  readonly mapIndex: number;
  /** The first thing that differs: the returned values, the cache key with the same values, the state, or presence. */
  readonly change: "result" | "key" | "state" | "added" | "removed";
  /**
   * The change behind it: `code`, `package:NAME`, `input:NAME`, `param:NAME`, `context:PATH`, `env:NAME`, `runtime:PART`,
   * `file:PATH`, `entry:NAME`, `version`, `key`, `share`, `edition`; `nondeterministic` for another result of the same key, which leaves out something that the task reads, `list` for an
   * instance that only one of the runs has, `unknown`.
   */
  readonly cause: string;
}

/**
 * Lists the first differences of two runs, in the order of the Dag; one for each change behind an instance.
 * @throws MemodagError `usage` if several Dags have the runs; as for the comparison of runs
 */
export async function diffRuns(
  context: OperationContext,
  input: DiffRunsInput,
): Promise<readonly RunDifference[]> {
  const { stores } = context;
  const { before, after, team } = input;
  const dagId = input.dagId ?? (await findDagOf(context, input));
  const [a, b] = [
    await getRun(stores, { dagId, team, runId: before }),
    await getRun(stores, { dagId, team, runId: after }),
  ];
  const names = { dagId, team: b.team, before: a.runId, after: b.runId };
  const { tasks } = await compareWholeRuns(context, names);
  const { dag: old } = await stores.dags.getDagVersion(a.dagVersionId);
  const { dag } = await stores.dags.getDagVersion(b.dagVersionId);
  const versions = { before: byId(old), after: byId(dag) };
  const differing = new Set(
    tasks.filter(({ instances }) => instances.some(isOtherBelow)).map(({ taskId }) => taskId),
  );
  return tasks.flatMap(({ taskId, instances }) => {
    const task = { before: versions.before.get(taskId), after: versions.after.get(taskId) };
    return instances.flatMap((instance) => {
      const change = changeOf(instance);
      if (change === undefined) return [];
      const causes = causesOf(instance, change, task, differing);
      return causes.map((cause) => ({ taskId, mapIndex: instance.mapIndex, change, cause }));
    });
  });
}

/** True if tasks that read the instance see a difference. */
function isOtherBelow({ before, after, result }: ComparedInstance): boolean {
  return result === "other" || before === null || after === null;
}

interface Versions {
  readonly before: SerializedTask | undefined;
  readonly after: SerializedTask | undefined;
}

function byId({ tasks }: SerializedDag): ReadonlyMap<string, SerializedTask> {
  return new Map(tasks.map((task) => [task.taskId, task]));
}

function changeOf({ before, after, key, result }: ComparedInstance): RunDifference["change"] | undefined {
  if (before === null) return "added";
  if (after === null) return "removed";
  if (result === "other") return "result";
  if (key === "other") return "key";
  return before.state === after.state ? undefined : "state";
}

/** The causes that are not another instance's difference; none: the instance only follows. */
function causesOf(
  { key, changes }: ComparedInstance,
  change: RunDifference["change"],
  { before, after }: Versions,
  differing: ReadonlySet<string>,
): readonly string[] {
  const templates = new Map([...(after?.args ?? []), ...(after?.expand ?? [])]);
  const above = (name: string): readonly string[] => {
    const template = templates.get(name);
    return template ? resultsIn(template) : [];
  };
  const follows = [...templates.keys()].some((name) => above(name).some((taskId) => differing.has(taskId)));
  if (change === "added" || change === "removed") {
    if (!before || !after) return ["code"];
    return follows ? [] : ["list"];
  }
  if (key === "same") return [change === "result" ? "nondeterministic" : "unknown"];
  if (changes.length > 0) {
    const own = changes.filter(
      ({ kind, path }) => kind !== "input" || !above(path).some((taskId) => differing.has(taskId)),
    );
    return [...new Set(own.map(nameOf))];
  }
  if (before && after && before.sourceHash !== after.sourceHash) return ["code"];
  return follows ? [] : ["unknown"];
}

function nameOf({ kind, path }: ComponentChange): string {
  switch (kind) {
    case "source":
      return "code";
    case "context":
      return path.startsWith("params.") ? `param:${path.slice("params.".length)}` : `context:${path}`;
    case "package":
    case "input":
    case "env":
    case "runtime":
    case "file":
    case "entry":
      return `${kind}:${path}`;
    default:
      return kind;
  }
}

async function findDagOf(
  { stores }: OperationContext,
  { before, after, team }: DiffRunsInput,
): Promise<string> {
  const runs = await stores.runs.listRuns({
    idPrefix: after,
    limit: MOST_RUNS,
    ...(team !== undefined && { team }),
  });
  const dagIds = [...new Set(runs.map(({ dagId }) => dagId))];
  const both: string[] = [];
  for (const dagId of dagIds) {
    const own = runs.find((run) => run.dagId === dagId);
    if (own && (await findRun(stores.runs, { team: own.team, dagId, runId: before }))) both.push(dagId);
  }
  const [dagId] = both;
  if (dagId !== undefined && both.length === 1) return dagId;
  throw new MemodagError(
    "usage",
    dagId === undefined
      ? `No Dag has runs "${before}" and "${after}": \`memodag runs list\` lists runs. For "latest", name the Dag with --dag`
      : `Several Dags have runs "${before}" and "${after}" (${both.join(", ")}): name one with --dag`,
    { fields: { before, after } },
  );
}

/** Runs among which a Dag is looked for. */
const MOST_RUNS = 100;
