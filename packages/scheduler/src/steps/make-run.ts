// Creates the run that a task asks for, once: a repetition of the same try finds the run that it created.

import {
  askStore,
  canonicalJson,
  MemodagError,
  secretTest,
  sha256,
  type Clock,
  type DagRun,
  type DagStore,
  type DagVersion,
  type RunStore,
  type TaskInstance,
  type TriggerStep,
} from "@memodag/core";
import type { SecretRules } from "@memodag/result-cache";
import { triggerRun } from "../requests/trigger-run.ts";
import type { RunOrder } from "./step-arguments.ts";

/** The stores and settings with which runs are created. */
export interface RunMaking {
  readonly runs: RunStore;
  readonly dags: Pick<DagStore, "findDagVersions" | "getDagVersion" | "listDags">;
  readonly clock: Clock;
  readonly secrets: Pick<SecretRules, "patterns">;
}

/** The try of a task that creates a run. */
export interface RunMaker {
  readonly run: DagRun;
  readonly instance: Pick<TaskInstance, "taskId" | "mapIndex" | "tryNumber" | "state">;
}

/**
 * Creates a run, or finds the one that this try created earlier.
 * @throws MemodagError `dag_not_found`, `dag_paused`, `conf_invalid`; `dag_run_exists` for a run of that id
 * or date that this try did not create
 */
export async function makeRun(
  making: RunMaking,
  maker: RunMaker,
  step: TriggerStep,
  order: RunOrder,
): Promise<DagRun> {
  const { runs, dags, clock, secrets } = making;
  const { team, cacheMode } = maker.run;
  // Tasks are refreshed and rechecked by name, in their own Dag alone.
  const { refresh: _refresh, recheckTask: _recheck, ...limits } = maker.run.cacheLimits ?? {};
  const cacheLimits = Object.keys(limits).length === 0 ? undefined : limits;
  const runId = order.runId ?? runIdOf(maker);
  const madeBy = nameOf(maker);
  const there = await askStore(() => runs.findRun(team, step.dagId, runId));
  if (there?.madeBy === madeBy) return there;
  if (there && step.resetDagRun && (await tryReset(making, maker, there))) return there;
  const version = await findVersion(dags, team, step.dagId);
  if (step.failWhenDagIsPaused) await refusePaused(dags, team, step.dagId);
  const { conf, params, logicalDate } = order;
  const request = { version, conf, params, logicalDate, cacheMode, cacheLimits, runId, madeBy };
  const store: Pick<RunStore, "createRun"> = {
    createRun: (run, act) => askStore(() => runs.createRun(run, act), ["dag_run_exists"]),
  };
  return await triggerRun(store, clock, { ...request, isSecret: secretTest(secrets.patterns) });
}

/** Resets a run to before it started; not again once the try waits for it. False if it was deleted meanwhile. */
async function tryReset({ runs, dags }: RunMaking, { instance }: RunMaker, there: DagRun): Promise<boolean> {
  if (instance.state === "up_for_reschedule") return true;
  const { dag } = await askStore(() => dags.getDagVersion(there.dagVersionId));
  const tasks = dag.tasks.map(({ taskId, retries }) => ({ taskId, retries, refreshReason: null }));
  const cleared = await askStore(() => runs.clearTasks(there.team, there.id, tasks));
  if (cleared.length > 0) return true;
  return (await askStore(() => runs.findRun(there.team, there.dagId, there.runId)))?.id === there.id;
}

/** One id for each try; the digest distinguishes ids whose readable part is the same. */
function runIdOf({ run, instance: { taskId, mapIndex, tryNumber } }: RunMaker): string {
  const digest = sha256(canonicalJson([run.dagId, run.runId, taskId, mapIndex, tryNumber]));
  return `triggered__${run.dagId}.${taskId}_${digest.slice(0, 12)}`;
}

function nameOf({ run, instance: { taskId, mapIndex, tryNumber } }: RunMaker): string {
  return JSON.stringify([run.id, taskId, mapIndex, tryNumber]);
}

/**
 * Does not find Dags of other teams.
 * @throws MemodagError `dag_not_found`
 */
export async function findVersion(
  dags: Pick<DagStore, "findDagVersions">,
  team: string,
  dagId: string,
): Promise<DagVersion> {
  const [version] = await askStore(() => dags.findDagVersions(dagId, team));
  if (version) return version;
  throw new MemodagError(
    "dag_not_found",
    `There is no Dag "${dagId}": set the task's dagId to one that \`memodag dags list\` shows`,
    { fields: { dagId, team } },
  );
}

async function refusePaused(dags: Pick<DagStore, "listDags">, team: string, dagId: string): Promise<void> {
  const summaries = await askStore(() => dags.listDags(team));
  if (!summaries.some((dag) => dag.dagId === dagId && dag.isPaused)) return;
  throw new MemodagError(
    "dag_paused",
    `Dag "${dagId}" is paused: unpause it with \`memodag dags unpause ${dagId}\`, or remove failWhenDagIsPaused`,
    { fields: { dagId, team } },
  );
}
